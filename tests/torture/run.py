"""Kill a server under load, again and again, and check what it had promised.

``make torture KILLS=1000`` or ``python -m tests.torture.run --kills 1000 --seed 7``. The data of a run that
failed stays.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from segue.api import Api
from segue.config import Settings
from segue.server import services
from segue.store import snapshot
from segue.worker.invariants import violations
from tests.served import Served, free_port
from tests.torture.application import Clients
from tests.torture.promises import KINDS, Promise

_THREADS = 6
_CALM_SECONDS = 60


class Torture:
    """One server on one data directory, its clients, and its killer.

    Args:
        data: the data directory, new.
        seed: what the clients do, and when they are cut off.
        more: further arguments of ``segue serve``.
    """

    def __init__(self, data: Path, seed: int, *more: str) -> None:
        self._chance = random.Random(seed)
        self._data = data
        self._served = Served(data, *more, port=free_port())
        self.promises: list[Promise] = [kind() for kind in KINDS]
        self._stopped = threading.Event()
        self.kills = 0
        self.slowest_start_seconds = 0.0

    def run(self, kills: int, progress: Callable[[str], None] = lambda _: None) -> list[str]:
        """Kill so many times; what is wrong at the end, in words."""
        try:
            self._start()
            self._clients = Clients(self._served.client)
            self._clients.deploy()
            threads = [threading.Thread(target=self._load, args=(number,)) for number in range(_THREADS)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(kills):
                    time.sleep(self._chance.uniform(0.05, 1.0))
                    self._kill()
                    if self.kills % 50 == 0:
                        progress(f"{self.kills} kills, {self.promised()} promises so far")
            finally:
                self._stopped.set()
                for thread in threads:
                    thread.join(60)
            progress("calm: are the promises kept?")
            self._let_it_rest()
            problems = [problem for promise in self.promises for problem in promise.problems(self._clients)]
            return problems + snapshot.read(self._data, lambda tx: list(violations(Api(services(), Settings()), tx)))
        finally:
            self._served.end(signal.SIGKILL)

    def promised(self) -> int:
        """How many requests were acknowledged."""
        return sum(len(promise.ledger.promised) for promise in self.promises)

    def _start(self) -> None:
        self._served.start()
        self.slowest_start_seconds = max(self.slowest_start_seconds, self._served.seconds_to_ready)

    def _kill(self) -> None:
        self._served.end(signal.SIGKILL)
        self.kills += 1
        self._start()

    def _load(self, number: int) -> None:
        """One client after the other, as fast as they are answered; what fails, fails."""
        chance = random.Random(self._chance.random() + number)
        while not self._stopped.is_set():
            try:
                chance.choice(self.promises).step(self._clients, chance)
            except BotoCoreError:
                time.sleep(0.02)  # nobody there, or cut off in the middle
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise

    def _let_it_rest(self) -> None:
        """Until what was started has ended, and functions and timers have come."""
        self._clients.executions("works")
        end = time.monotonic() + _CALM_SECONDS
        invocations = next(promise for promise in self.promises if promise.kind == "invocation")
        while list(invocations.problems(self._clients)) and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(4)  # the last timers


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the clients and of the killer (default: %(default)s)")
    arguments, more = parser.parse_known_args()
    data = Path(tempfile.mkdtemp(prefix="segue-torture-")) / "data"
    began = time.monotonic()
    torture = Torture(data, arguments.seed, *more)
    problems = torture.run(
        arguments.kills, lambda line: print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)
    )
    for promise in torture.promises:
        print(f"  {promise.kind:12} {len(promise.ledger.tried):7} tried {len(promise.ledger.promised):7} promised")
    print(f"{torture.kills} kills, slowest start {torture.slowest_start_seconds:.2f} s, {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    if problems:
        print(f"the data is in {data}", file=sys.stderr)
        return 1
    shutil.rmtree(data.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
