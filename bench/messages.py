"""Queues, topics, buses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from client import ACCOUNT, REGION, Client, Connection, median_ms
from measuring import Bench, measurement

_SNS_VERSION = "2010-03-31"
_BODY = "x" * 200


async def queue(bench: Bench, what: str = "queue") -> tuple[str, str]:
    """Make a queue that every service may send to; its URL and ARN."""
    name = bench.name(what)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    create = bench.client.json("sqs", "CreateQueue", QueueName=name, Attributes={"Policy": policy})
    return (await bench.client.call(create))["QueueUrl"], arn


async def to_received(
    bench: Bench, send: bytes, urls: Sequence[str], times: int, sends: Client | None = None
) -> list[float]:
    """Seconds from a sending (by another client, if given) until every queue's waiting receiver has its message."""
    sender = (sends or bench.client).connection()
    receivers = [bench.client.connection() for _ in urls]
    receives = [
        bench.client.json("sqs", "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=1)
        for url in urls
    ]
    durations = []
    for _ in range(times):
        waiting = [
            asyncio.create_task(_received(connection, receive))
            for connection, receive in zip(receivers, receives, strict=True)
        ]
        await asyncio.sleep(0.01)
        began = time.perf_counter()
        await sender.result(send)
        received = await asyncio.wait_for(asyncio.gather(*waiting), 20)
        durations.append(max(at for at, _ in received) - began)
        for url, (_, message) in zip(urls, received, strict=True):
            handle = message["ReceiptHandle"]
            await bench.client.call(bench.client.json("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle))
    for connection in (sender, *receivers):
        connection.close()
    return durations


async def _received(connection: Connection, receive: bytes) -> tuple[float, dict[str, Any]]:
    while not (messages := (await connection.result(receive)).get("Messages")):
        pass
    return time.perf_counter(), messages[0]


@measurement()
async def send_message(bench: Bench) -> None:
    url, _ = await queue(bench)
    send = bench.client.json("sqs", "SendMessage", QueueUrl=url, MessageBody=_BODY)
    await bench.load("send_message", 32, lambda connection, _: connection.result(send))


@measurement()
async def receive_delete(bench: Bench) -> None:
    url, _ = await queue(bench)
    entries = [{"Id": str(index), "MessageBody": _BODY} for index in range(10)]
    fill = bench.client.json("sqs", "SendMessageBatch", QueueUrl=url, Entries=entries)
    most = int(bench.seconds * (700 if bench.host else 50))
    await bench.client.load(8, 60, lambda connection, _: connection.result(fill), most=most)
    receive = bench.client.json("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1)

    async def cycle(connection: Connection, _: int) -> None:
        messages = (await connection.result(receive)).get("Messages")
        if messages:
            handle = messages[0]["ReceiptHandle"]
            await connection.result(bench.client.json("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle))

    await bench.load("receive_delete", 32, cycle)


@measurement()
async def queue_cycle(bench: Bench) -> None:
    """Each client sends a message, receives one and deletes it."""
    url, _ = await queue(bench)
    send = bench.client.json("sqs", "SendMessage", QueueUrl=url, MessageBody=_BODY)
    receive = bench.client.json("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1)

    async def cycle(connection: Connection, _: int) -> None:
        await connection.result(send)
        for message in (await connection.result(receive)).get("Messages", ()):
            handle = message["ReceiptHandle"]
            await connection.result(bench.client.json("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle))

    await bench.load("queue_cycle", 32, cycle)


@measurement()
async def queue_batches(bench: Bench) -> None:
    """The same in batches of ten."""
    url, _ = await queue(bench)
    entries = [{"Id": str(index), "MessageBody": _BODY} for index in range(10)]
    send = bench.client.json("sqs", "SendMessageBatch", QueueUrl=url, Entries=entries)
    receive = bench.client.json("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)

    async def cycle(connection: Connection, _: int) -> None:
        await connection.result(send)
        messages = (await connection.result(receive)).get("Messages", ())
        handles = [{"Id": str(index), "ReceiptHandle": each["ReceiptHandle"]} for index, each in enumerate(messages)]
        if handles:
            await connection.result(bench.client.json("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=handles))

    await bench.load("queue_batches", 32, cycle, weight=10)


@measurement()
async def long_poll(bench: Bench) -> None:
    url, _ = await queue(bench)
    send = bench.client.json("sqs", "SendMessage", QueueUrl=url, MessageBody=_BODY)
    bench.record("long_poll", median_ms(await to_received(bench, send, [url], bench.times(100))))


@measurement()
async def topic(bench: Bench) -> None:
    client = bench.client
    create = client.query("sns", "CreateTopic", _SNS_VERSION, Name=bench.name("topic"))
    answer = (await client.call(create)).decode()
    arn = answer.partition("<TopicArn>")[2].partition("</TopicArn>")[0]
    queues = [await queue(bench, "subscriber") for _ in range(3)]
    for _, endpoint in queues:
        subscribe = client.query(
            "sns",
            "Subscribe",
            _SNS_VERSION,
            TopicArn=arn,
            Protocol="sqs",
            Endpoint=endpoint,
            ReturnSubscriptionArn="true",
        )
        await client.call(subscribe)
    publish = client.query("sns", "Publish", _SNS_VERSION, TopicArn=arn, Message=_BODY)
    urls = [url for url, _ in queues]
    bench.record("fan_out", median_ms(await to_received(bench, publish, urls, bench.times(100))))
    await bench.load("publish", 32, lambda connection, _: connection.result(publish))


@measurement()
async def bus(bench: Bench) -> None:
    client = bench.client
    name = bench.name("bus")
    await client.call(client.json("events", "CreateEventBus", Name=name))
    url, arn = await queue(bench, "target")
    pattern = json.dumps({"source": ["bench"], "detail": {"amount": [{"numeric": [">", 10]}]}})
    await client.call(client.json("events", "PutRule", Name="rule", EventBusName=name, EventPattern=pattern))
    targets = [{"Id": "queue", "Arn": arn}]
    await client.call(client.json("events", "PutTargets", Rule="rule", EventBusName=name, Targets=targets))
    detail = json.dumps({"amount": 25, "text": "x" * 100})
    entry = {"Source": "bench", "DetailType": "measured", "Detail": detail, "EventBusName": name}
    put = client.json("events", "PutEvents", Entries=[entry])
    bench.record("event_delivery", median_ms(await to_received(bench, put, [url], bench.times(100))))
    put_ten = client.json("events", "PutEvents", Entries=[entry] * 10)
    await bench.load("put_events", 8, lambda connection, _: connection.result(put_ten), weight=10)
