"""Timers: how late what was to happen at a time is seen to have happened, and whether anything is early."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from client import ACCOUNT, Client, Connection, percentile_ms
from executions import machine
from measuring import Bench, measurement
from messages import queue
from nodes import nodes

_RECEIVERS = 2
_AHEAD_SECONDS = 2.0
_TIMERS_A_SECOND = 100
_SCHEDULES_FEWER = 5
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"


@measurement(most_seconds=400)
async def timers(bench: Bench) -> None:
    """Wait states, delayed messages, schedules; seen by who waits for the message that each of them sends."""
    if bench.host is None:
        return
    with nodes(1, store="embedded") as embedded, nodes(1) as one:
        for world, suffix in ((embedded, ""), (one, "_postgresql")):
            for what in (_waits, _delays, _schedules):
                late = await what(world, bench.times(500))
                figure = f"timers{what.__name__}{suffix}"
                bench.record(figure, percentile_ms(late, 99), p50_ms=percentile_ms(late, 50), timers=len(late))
                # times are whole milliseconds, and a node's clock agrees with its database's to one
                assert min(late) > -0.001, f"{figure}: {min(late) * 1000:.3f} ms early"


async def _waits(bench: Bench, count: int) -> list[float]:
    url, _ = await queue(bench)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "States.JsonToString($.due)"},
        "End": True,
    }
    states = {"W": {"Type": "Wait", "TimestampPath": "$.at", "Next": "S"}, "S": send}
    arn = await machine(bench, {"StartAt": "W", "States": states})

    async def start(connection: Connection, due: float) -> None:
        at = datetime.fromtimestamp(due, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        given = json.dumps({"at": at, "due": str(round(due * 1000))})
        await connection.result(bench.client.json("states", "StartExecution", stateMachineArn=arn, input=given))

    return await _lateness(bench, url, start, count)


async def _delays(bench: Bench, count: int) -> list[float]:
    """Due so many seconds after the queue says that it got them."""
    url, _ = await queue(bench)
    seconds = math.ceil(_AHEAD_SECONDS)

    async def send(connection: Connection, due: float) -> None:
        request = {"QueueUrl": url, "MessageBody": "sent", "DelaySeconds": seconds}
        await connection.result(bench.client.json("sqs", "SendMessage", **request))

    return await _lateness(bench, url, send, count, seconds)


async def _schedules(bench: Bench, count: int) -> list[float]:
    """One-time schedules. These know whole seconds: all of a second are due at once, so there are fewer."""
    url, arn = await queue(bench)

    async def schedule(connection: Connection, due: float) -> None:
        at = math.ceil(due)
        body = {
            "ScheduleExpression": f"at({datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": arn, "RoleArn": _ROLE, "Input": json.dumps(str(at * 1000))},
        }
        path, kind = f"/schedules/{bench.name('schedule')}-{id(connection)}", {"Content-Type": "application/json"}
        await connection.result(bench.client.http("POST", path, "scheduler", kind, json.dumps(body).encode()))

    return await _lateness(
        bench, url, schedule, count // _SCHEDULES_FEWER, a_second=_TIMERS_A_SECOND // _SCHEDULES_FEWER
    )


async def _lateness(
    bench: Bench,
    url: str,
    make: Callable[[Connection, float], Awaitable[None]],
    count: int,
    delay_seconds: float | None = None,
    a_second: int = _TIMERS_A_SECOND,
) -> list[float]:
    """Have many timers fire, some a second; how late each was seen, in seconds."""
    late: list[float] = []
    receivers = [asyncio.create_task(_receive(bench.client, url, late, delay_seconds)) for _ in range(_RECEIVERS)]
    maker, began = bench.client.connection(), time.time()
    try:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / a_second - time.time()))
            await make(maker, time.time() + _AHEAD_SECONDS)
        async with asyncio.timeout(60):
            while len(late) < count:  # noqa: ASYNC110  (another process is waited for)
                await asyncio.sleep(0.05)
    finally:
        for receiver in receivers:
            receiver.cancel()
        await asyncio.gather(*receivers, return_exceptions=True)
        maker.close()
    return late


async def _receive(client: Client, url: str, late: list[float], delay_seconds: float | None) -> None:
    connection = client.connection()
    receive = client.json(
        "sqs",
        "ReceiveMessage",
        QueueUrl=url,
        WaitTimeSeconds=20,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    try:
        while True:
            messages = (await connection.result(receive)).get("Messages", ())
            now = time.time()
            late += [now - _due(message, delay_seconds) for message in messages]
            entries = [{"Id": str(index), "ReceiptHandle": one["ReceiptHandle"]} for index, one in enumerate(messages)]
            if entries:
                await client.call(client.json("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=entries))
    finally:
        connection.close()


def _due(message: dict[str, Any], delay_seconds: float | None) -> float:
    if delay_seconds is None:
        return int(message["Body"].strip('"')) / 1000
    return int(message["Attributes"]["SentTimestamp"]) / 1000 + delay_seconds
