"""Crowds: ten thousand long polls at one queue, a hundred thousand timers that are due within one minute.

python bench/overload.py [polls] [timers] [--count N] [--store sqlite|postgresql]

Each measurement has a server of its own. (Workflows that wait: ``run.py --only parked recovery``.)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from client import ACCOUNT, Client, Connection, median_ms, percentile_ms
from database import Server
from host import Host
from mixture import arn
from segue.cli.open_files import raise_limit

_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")
_AT_ONCE = 100
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"


async def each(count: int, one: Callable[[int], Awaitable[object]]) -> None:
    """Do ``one`` so many times, some at a time."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def call(client: Client, request: bytes) -> dict[str, Any]:
    """Call as an SDK does: who is throttled tries again."""
    while True:
        connection = client._spare.pop() if client._spare else client.connection()
        status, body = await connection.call(request)
        client._spare.append(connection)
        if status < 300:
            found: dict[str, Any] = json.loads(body) if body[:1] == b"{" else {}
            return found
        if b"Thrott" not in body:
            raise SystemExit(f"{status} {body!r}")
        await asyncio.sleep(0.2)


async def make_queue(client: Client, name: str) -> str:
    await call(client, client.json("sqs", "CreateQueue", QueueName=name))
    return f"{client.endpoint_url}/{ACCOUNT}/{name}"


async def make_machine(client: Client, name: str, definition: dict[str, Any]) -> str:
    more = {"definition": json.dumps(definition), "roleArn": _ROLE}
    await call(client, client.json("states", "CreateStateMachine", name=name, **more))
    return arn("states", f"stateMachine:{name}")


async def polls(host: Host, count: int) -> None:
    """All of them at one queue: what each costs, and how soon a message finds the one who has waited longest."""
    client = Client(host.endpoint_url)
    url = await make_queue(client, "polled")
    before = host.memory_mb()["server"]
    poll = client.json("sqs", "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    answered: list[tuple[int, float]] = []
    seconds: list[float] = []
    stopped = False

    async def wait(number: int) -> None:
        connection = Connection(client.host, client.port)
        while not stopped:
            status, body = await connection.call(poll)
            if status < 300 and b"Messages" in body:
                answered.append((number, time.perf_counter()))
            elif status >= 300:
                await asyncio.sleep(1)

    waiting = [asyncio.create_task(wait(number)) for number in range(count)]
    await asyncio.sleep(max(5.0, count / 500))
    each_kb = (host.memory_mb()["server"] - before) * 1024 / count
    cpu, began = host.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(10)
    idle = (host.cpu_seconds() - cpu) / (time.perf_counter() - began)
    cpu = host.cpu_seconds()
    for number in range(200):
        sent = time.perf_counter()
        await call(client, client.json("sqs", "SendMessage", QueueUrl=url, MessageBody="m"))
        while len(answered) <= number:  # noqa: ASYNC110
            await asyncio.sleep(0)
        seconds.append(answered[number][1] - sent)
    cost = (host.cpu_seconds() - cpu) / 200
    stopped = True
    for task in waiting:
        task.cancel()
    print(f"{count} polls of one queue: {each_kb:.1f} KB each, {idle:.2f} of a processor while they wait (20 s each)")
    print(f"  send → received p50 {median_ms(seconds):.1f} ms, p99 {percentile_ms(seconds, 99):.1f} ms;", end=" ")
    print(f"{cost * 1000:.1f} ms of processor time a message; {len({one for one, _ in answered})} pollers got one")


async def timers(host: Host, count: int) -> None:
    """So many workflows whose Wait ends within one minute: how late, and what it is to others meanwhile."""
    client = Client(host.endpoint_url)
    wait = {"Type": "Wait", "TimestampPath": "$.at", "End": True}
    machine = await make_machine(client, "timers", {"StartAt": "W", "States": {"W": wait}})
    table = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    await call(
        client, client.json("dynamodb", "CreateTable", TableName="items", BillingMode="PAY_PER_REQUEST", **table)
    )
    began = time.perf_counter()
    probe = min(500, count)

    def start(number: int, first: float) -> bytes:
        at_ms = round((first + 60 * number / count) * 1000)
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_ms / 1000)) + f".{at_ms % 1000:03d}Z"
        given = json.dumps({"at": at})
        return client.json("states", "StartExecution", stateMachineArn=machine, name=f"t{at_ms}-{number}", input=given)

    far = time.time() + 10 * 86_400
    await each(probe, lambda number: call(client, start(number, far)))
    first = time.time() + (time.perf_counter() - began) / probe * count * 1.5 + 5
    await each(count, lambda number: call(client, start(number, first)))
    print(f"{count} timers are set; the first is due in {first - time.time():.0f} s", flush=True)
    seconds: list[float] = []
    put = client.json("dynamodb", "PutItem", TableName="items", Item={"id": {"S": "one"}})
    await asyncio.sleep(max(0.0, first - time.time()))
    cpu = host.cpu_seconds()
    while time.time() < first + 60:
        sent = time.perf_counter()
        await call(client, put)
        seconds.append(time.perf_counter() - sent)
        await asyncio.sleep(0.05)
    used = (host.cpu_seconds() - cpu) / 60
    late = await lateness(client, machine)
    print(f"{count} timers in a minute: {len(late)} have gone off, p50 {percentile_ms(late, 50):.0f} ms late,", end=" ")
    print(f"p99 {percentile_ms(late, 99):.0f} ms, the earliest {min(late) * 1000:.0f} ms; {used:.2f} of a processor")
    print(f"  writes of others meanwhile: p50 {median_ms(seconds):.1f} ms, p99 {percentile_ms(seconds, 99):.1f} ms")


async def lateness(client: Client, machine: str) -> list[float]:
    """How late those were that have ended; seconds."""
    late: list[float] = []
    page: dict[str, Any] = {}
    while True:
        more = {"nextToken": page["nextToken"]} if page.get("nextToken") else {}
        given = {"stateMachineArn": machine, "statusFilter": "SUCCEEDED", "maxResults": 1000, **more}
        page = await call(client, client.json("states", "ListExecutions", **given))
        ended: list[dict[str, Any]] = page["executions"]
        late += [one["stopDate"] - int(one["name"][1:].split("-")[0]) / 1000 for one in ended]
        if not page.get("nextToken"):
            return late


_MEASUREMENTS = {"polls": (polls, 10_000), "timers": (timers, 100_000)}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[*_MEASUREMENTS, []], help="which (default: all)")
    parser.add_argument("--count", type=int, help="how many")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    raise_limit()
    server = Server() if arguments.store == "postgresql" else None
    try:
        for name in arguments.what or _MEASUREMENTS:
            database = server.database() if server else None
            host = Host(database)
            try:
                host.start(_FIRST_CALL)
                measure, count = _MEASUREMENTS[name]
                asyncio.run(measure(host, arguments.count or count))
            finally:
                host.stop()
                if database is not None:
                    database.close()
    finally:
        if server is not None:
            server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
