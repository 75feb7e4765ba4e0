"""The peer: a ten-step workflow that does nothing, as DBOS's documentation writes one. Run by ``bench/peers.py`` in an
environment of its own:

    python dbos_peer.py DATABASE_URL THREADS SECONDS

It prints how many workflows were finished, in how many seconds, and the processor time of this process.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from dbos import DBOS

STEPS = 10


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.workflow()
def workflow() -> int:
    return sum(step(number) for number in range(STEPS))


def main() -> None:
    url, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    config = {"name": "bench", "system_database_url": url, "sys_db_pool_size": max(20, threads), "log_level": "WARNING"}
    DBOS(config={**config, "run_admin_server": False})
    DBOS.launch()

    def client(until: float) -> int:
        finished = 0
        while time.perf_counter() < until:
            assert workflow() == sum(range(STEPS))
            finished += 1
        return finished

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(client, [time.perf_counter() + seconds / 4] * threads))
        began, cpu = time.perf_counter(), time.process_time()
        finished = sum(pool.map(client, [began + seconds] * threads))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    told = {"finished": finished, "seconds": took, "cpu_seconds": cpu, "version": version("dbos")}
    print(json.dumps(told), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
