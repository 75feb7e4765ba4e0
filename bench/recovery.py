"""``kill -9`` with thousands of open executions, and how soon the server is there again."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from client import ACCOUNT, Client
from executions import machine, token_machine
from functions import make
from host import Host
from measuring import Bench, measurement, until

_CROWD = 10_000
_FUNCTIONS = 8  # run when the server is killed
_DUE = 200  # of the timers, in the seconds around the kill
_SLOW = "import time\ndef handler(event, context):\n    time.sleep(2)\n"
_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")


@measurement(most_seconds=180)
async def recovery(bench: Bench) -> None:
    """Open executions wait for timers and for tokens, some are in the midst of a function."""
    if bench.host is None:
        return
    host = Host()
    host.start(_FIRST_CALL)
    try:
        await _recovery(bench, host, _CROWD // 5 if bench.quick else _CROWD)
    finally:
        host.stop()


async def _recovery(bench: Bench, host: Host, crowd: int) -> None:
    world = Bench(Client(host.endpoint_url), [host], bench.quick)
    timed = await machine(world, _waiting())
    parked, _ = await token_machine(world)
    name = await make(world, "python3.11", _SLOW)
    resource = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    calls = await machine(world, {"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": resource, "End": True}}})
    late = _start(world.client, timed, _at(time.time() + 3_600))
    token = _start(world.client, parked, {})
    half = (crowd - _DUE - _FUNCTIONS) // 2
    for request in (late, token):
        await world.client.load(32, 100, lambda connection, _, one=request: connection.result(one), most=half)
    soon = time.time() + 4
    due = [(await world.client.call(_start(world.client, timed, _at(soon)))) for _ in range(_DUE)]
    tasks = [await world.client.call(_start(world.client, calls, {})) for _ in range(_FUNCTIONS)]
    await asyncio.sleep(0.2)
    host.kill()
    assert time.time() < soon, "the timers that are to be late were not"
    await asyncio.sleep(soon - time.time())
    began = time.perf_counter()
    first_answer = host.start(_FIRST_CALL)
    world.client = Client(host.endpoint_url)
    fired = await _ended(world, due[0]["executionArn"]) - began
    all_fired = max([await _ended(world, one["executionArn"]) for one in due]) - began
    bench.record("recovery", first_answer, executions=crowd)
    bench.record("recovery_timer", fired, all_seconds=all_fired, timers=_DUE)
    for one in tasks:
        await _ended(world, one["executionArn"])
    assert (left := await _running(world, timed, parked, calls)) == 2 * half, f"{left} of {2 * half} are still open"


def _waiting() -> dict[str, Any]:
    return {"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.at", "End": True}}}


def _at(seconds: float) -> dict[str, str]:
    return {"at": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _start(client: Client, arn: str, given: dict[str, Any]) -> bytes:
    return client.json("states", "StartExecution", stateMachineArn=arn, input=json.dumps(given))


async def _ended(bench: Bench, execution: str) -> float:
    """When an execution was seen to have succeeded."""
    request = bench.client.json("states", "DescribeExecution", executionArn=execution)

    async def succeeded() -> bool:
        return bool((await bench.client.call(request))["status"] == "SUCCEEDED")

    await until(succeeded, 60, 0.002)
    return time.perf_counter()


async def _running(bench: Bench, *arns: str) -> int:
    count = 0
    for arn in arns:
        page: dict[str, Any] = {"nextToken": None}
        while "nextToken" in page:
            more = {"nextToken": page["nextToken"]} if page["nextToken"] else {}
            request = {"stateMachineArn": arn, "statusFilter": "RUNNING", "maxResults": 1_000, **more}
            page = await bench.client.call(bench.client.json("states", "ListExecutions", **request))
            count += len(page["executions"])
    return count
