"""PostgreSQL: the hot paths with one node and with two, against one node with the embedded store, all in the same run;
wakes from node to node; what becomes of a killed node's work.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial

from client import ACCOUNT, Client, median_ms, percentile_ms
from database import Database, Server
from executions import finished, machine, token_machine
from functions import make
from host import Host
from measuring import MEASUREMENTS, Bench, measurement, until
from messages import queue, to_received

_HOT_PATHS = (
    "chain",
    "sync_express",
    "task_token",
    "send_message",
    "queue_cycle",
    "long_poll",
    "topic",
    "bus",
    "table",
    "durable_steps",
)
_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")
_KNOWN_SECONDS = 2.5  # until nodes know of each other


@contextmanager
def nodes(
    count: int, *, store: str = "postgresql", quick: bool = True, server: Server | None = None
) -> Iterator[Bench]:
    """Fresh nodes, on a database of their own (of a given server, or of one of their own) or on the embedded store."""
    with ExitStack() as stack:
        database: Database | None = None
        if store == "postgresql":
            if server is None:
                server = Server()
                stack.callback(server.close)
            database = server.database()
            stack.callback(database.close)
        hosts = [Host(database) for _ in range(count)]
        for host in hosts:
            host.start(_FIRST_CALL)
            stack.callback(host.stop)
        yield Bench(Client(*(host.endpoint_url for host in hosts)), hosts, quick)


@asynccontextmanager
async def two_nodes() -> AsyncIterator[tuple[Bench, Bench]]:
    """Two nodes that know of each other, each with a client of its own."""
    with nodes(2) as both:
        await asyncio.sleep(_KNOWN_SECONDS)
        here, there = (Bench(Client(host.endpoint_url), [host], True) for host in both.hosts)
        yield here, there


@measurement(most_seconds=900)
async def postgresql(bench: Bench) -> None:
    """The hot paths, one measurement after the other in each world."""
    if bench.host is None:
        return
    with nodes(1, store="embedded") as embedded, nodes(1) as one, nodes(2) as two:
        worlds = {"SQLite": embedded, "PostgreSQL": one, "two nodes": two}
        await asyncio.sleep(_KNOWN_SECONDS)
        for name in _HOT_PATHS:
            for world in worlds.values():
                await MEASUREMENTS[name](world)
        bench.worlds.update({name: world.results for name, world in worlds.items()})


@measurement(most_seconds=120)
async def wakes(bench: Bench) -> None:
    """Somebody waits at one node for what happens at the other."""
    if bench.host is None:
        return
    async with two_nodes() as (here, there):
        url, _ = await queue(here)
        send = there.client.json("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
        taken = await to_received(here, send, [url], bench.times(200), there.client)
        bench.record("wake_message", median_ms(taken), p99_ms=percentile_ms(taken, 99))
        arn, tokens = await token_machine(here)
        taken = [await _answered_elsewhere(here, there, arn, tokens) for _ in range(bench.times(100))]
        bench.record("wake_token", median_ms(taken), p99_ms=percentile_ms(taken, 99))
        taken = await _handed_to_an_activity(here, there, bench.times(100))
        bench.record("wake_activity", median_ms(taken), p99_ms=percentile_ms(taken, 99))


async def _answered_elsewhere(here: Bench, there: Bench, arn: str, tokens: str) -> float:
    """A token's answer at one node until the other says that the execution has ended."""
    start = here.client.json("states", "StartExecution", stateMachineArn=arn, input="{}")
    receive = here.client.json("sqs", "ReceiveMessage", QueueUrl=tokens, WaitTimeSeconds=5, MaxNumberOfMessages=1)
    execution = (await here.client.call(start))["executionArn"]
    (message,) = (await here.client.call(receive))["Messages"]
    success = there.client.json("states", "SendTaskSuccess", taskToken=message["Body"], output="{}")
    began = time.perf_counter()
    answer = asyncio.create_task(there.client.call(success))
    await finished(here, execution)
    took = time.perf_counter() - began
    await answer
    delete = here.client.json("sqs", "DeleteMessage", QueueUrl=tokens, ReceiptHandle=message["ReceiptHandle"])
    await here.client.call(delete)
    return took


async def _handed_to_an_activity(here: Bench, there: Bench, times: int) -> list[float]:
    """An execution's start at one node until the worker that waits at the other has its task."""
    made = await here.client.call(here.client.json("states", "CreateActivity", name=here.name("activity")))
    arn = await machine(
        here, {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": made["activityArn"], "End": True}}}
    )
    poll = here.client.json("states", "GetActivityTask", activityArn=made["activityArn"])
    start = there.client.json("states", "StartExecution", stateMachineArn=arn, input="{}")
    taken = []
    for _ in range(times):
        waiting = asyncio.create_task(here.client.call(poll))
        await asyncio.sleep(0.01)
        began = time.perf_counter()
        started = asyncio.create_task(there.client.call(start))
        assert (await waiting)["taskToken"]
        taken.append(time.perf_counter() - began)
        await started
    return taken


_TAKEN_OVER = """\
import os, time
def handler(event, context):
    try:
        with open(event["file"], "x") as first:
            first.write(str(os.getpid()))
    except FileExistsError:
        return "again"
    time.sleep(60)
"""


@measurement(most_seconds=120)
async def takeover(bench: Bench) -> None:
    """A node is killed while it runs functions; until the executions that wait for these have ended at the other."""
    if bench.host is None:
        return
    async with two_nodes() as (here, there):
        name = await make(here, "python3.11", _TAKEN_OVER, timeout_seconds=60)
        resource = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
        arn = await machine(
            here, {"StartAt": "Call", "States": {"Call": {"Type": "Task", "Resource": resource, "End": True}}}
        )
        files = [here.hosts[0].directory / f"ran{number}" for number in range(10)]
        executions = []
        for number, file in enumerate(files):
            at = (here, there)[number % 2].client
            start = at.json("states", "StartExecution", stateMachineArn=arn, input=json.dumps({"file": str(file)}))
            executions.append((await at.call(start))["executionArn"])

        async def all_run() -> bool:
            return all(file.exists() and file.read_text() for file in files)

        await until(all_run, 30, 0.05)
        theirs = [
            execution
            for execution, file in zip(executions, files, strict=True)
            if there.hosts[0].runs(int(file.read_text()))
        ]
        assert theirs, "the node that is killed runs no function"
        there.hosts[0].kill()
        began = time.perf_counter()
        await asyncio.gather(*map(partial(finished, here, pause_seconds=0.05, most_seconds=40), theirs))
        bench.record("takeover", time.perf_counter() - began, functions=len(theirs))
