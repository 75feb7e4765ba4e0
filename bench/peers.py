"""Durable workflows of ten steps, ours and those of DBOS, on the same PostgreSQL server, one after the other.

Ours by three machines: ten Pass and Choice states (one commit an execution), ten tasks that each write an item (as
well), and ten calls of a Python function (two commits a call, a process of its own). DBOS (MIT) is installed for this,
into an environment of its own; its steps run in the process that starts the workflows, and each is a commit.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from client import ACCOUNT, REGION, median_ms
from database import Server
from executions import CHAIN_STATES, all_finished, alone, chain_definition, machine, steps_definition
from functions import make
from measuring import Bench, measurement
from nodes import nodes
from tables import table_request

_ENVIRONMENT = Path.home() / ".cache" / "segue" / "bench" / "dbos"
_PROGRAM = Path(__file__).parent / "dbos_peer.py"
_THREADS = (1, 8, 32)
_CODE = "def handler(event, context):\n    return event\n"


@measurement(most_seconds=900)
async def dbos(bench: Bench) -> None:
    """Ahead of DBOS on the same PostgreSQL in the same run."""
    if bench.host is None:
        return
    python = await asyncio.to_thread(_installed)
    server = Server()
    try:
        theirs = {threads: await asyncio.to_thread(_theirs, python, server, threads, bench) for threads in _THREADS}
        best = max(theirs.values(), key=lambda one: float(one["rate"]))
        bench.record("dbos", best["rate"], **best)
        bench.record("dbos_alone", 1_000 / theirs[1]["rate"], **theirs[1])
        with nodes(1, quick=bench.quick, server=server) as ours:
            await _ours(ours)
        for figure, found in ours.results.items():
            name = "dbos_alone" if figure.endswith("_alone") else "dbos"
            bench.results[figure] = {**found, "others": bench.results[name]["value"]}
    finally:
        server.close()


async def _ours(bench: Bench) -> None:
    arn = await machine(bench, chain_definition())
    bench.record("ten_passes_alone", median_ms(await alone(bench, arn, bench.times(100))))
    await all_finished(bench, "ten_passes", arn)
    table = bench.name("steps")
    await bench.client.call(table_request(bench, table))
    arn = await machine(bench, steps_definition(table))
    bench.record("ten_items_alone", median_ms(await alone(bench, arn, bench.times(50))))
    await all_finished(bench, "ten_items", arn)
    arn = await machine(bench, _calls(await make(bench, "python3.11", _CODE)))
    bench.record("ten_functions_alone", median_ms(await alone(bench, arn, bench.times(20))))
    await all_finished(bench, "ten_functions", arn, clients=8)


def _calls(function: str) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"}
    last = CHAIN_STATES - 1
    states = {f"S{n}": {**task, **({"Next": f"S{n + 1}"} if n < last else {"End": True})} for n in range(CHAIN_STATES)}
    return {"StartAt": "S0", "States": states}


def _installed() -> Path:
    """The interpreter of the environment; made at the first time."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT], check=True)
    if subprocess.run([python, "-c", "import dbos"], stderr=subprocess.DEVNULL, check=False).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "dbos"], check=True)
    return python


def _theirs(python: Path, server: Server, threads: int, bench: Bench) -> dict[str, Any]:
    database = server.database()
    try:
        command = [python, _PROGRAM, database.address, str(threads), str(bench.seconds)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if ran.returncode:
            raise RuntimeError(ran.stderr[-400:])
        found = json.loads(ran.stdout.splitlines()[-1])
    finally:
        database.close()
    return {**found, "rate": found["finished"] / found["seconds"], "threads": threads}
