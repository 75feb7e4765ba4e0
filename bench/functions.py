"""Functions, warm and cold."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import time
import zipfile

from client import ACCOUNT, median_ms, percentile_ms
from measuring import Bench, measurement, until
from messages import queue

_PYTHON = "def handler(event, context):\n    return {'got': event['n']}\n"
_TELLS = """\
import socket
def handler(event, context):
    for record in event["Records"]:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"!", ("127.0.0.1", int(record["body"])))
"""
_NODE = "exports.handler = async (event) => ({ got: event.n });\n"
_PAYLOAD = b'{"n":1,"name":"Ada"}'


async def function(bench: Bench, runtime: str) -> bytes:
    """Make a function and wait until it is active; the encoded request that invokes it."""
    name = await make(bench, runtime, _source(runtime))
    path, kind = f"/2015-03-31/functions/{name}/invocations", {"Content-Type": "application/json"}
    return bench.client.http("POST", path, "lambda", kind, _PAYLOAD)


async def make(bench: Bench, runtime: str, source: str, timeout_seconds: int = 10) -> str:
    """Make a function and wait until it is active; its name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py" if runtime.startswith("python") else "app.js", source)
    name = bench.name("function")
    create = {
        "FunctionName": name,
        "Runtime": runtime,
        "Handler": "app.handler",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/bench",
        "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()},
        "MemorySize": 256,
        "Timeout": timeout_seconds,
    }
    client, kind = bench.client, {"Content-Type": "application/json"}
    body = json.dumps(create).encode()
    await client.call(client.http("POST", "/2015-03-31/functions", "lambda", kind, body))
    describe = client.http("GET", f"/2015-03-31/functions/{name}/configuration", "lambda", {})

    async def active() -> bool:
        return (await client.call(describe)).get("State", "Active") == "Active"

    await until(active, 20, 0.01)
    return name


def _source(runtime: str) -> str:
    return _PYTHON if runtime.startswith("python") else _NODE


async def invoked(bench: Bench, invoke: bytes) -> float:
    """Seconds of one invocation, whose answer is checked."""
    began = time.perf_counter()
    answer = await bench.client.call(invoke)
    assert answer == {"got": 1}, answer
    return time.perf_counter() - began


@measurement()
async def python(bench: Bench) -> None:
    invoke = await function(bench, "python3.11")
    bench.record("python_first", await invoked(bench, invoke) * 1000)
    for _ in range(bench.times(50)):
        await invoked(bench, invoke)
    durations = [await invoked(bench, invoke) for _ in range(bench.times(500))]
    bench.record("python_warm", median_ms(durations))
    bench.record("python_warm_p99", percentile_ms(durations, 99))
    await bench.client.load(8, 1.0, lambda connection, _: connection.result(invoke))
    await bench.load("python_clients", 8, lambda connection, _: connection.result(invoke))


@measurement()
async def python_cold(bench: Bench) -> None:
    """After ``python``: the helper has had time to import what it preloads."""
    invokes = [await function(bench, "python3.11") for _ in range(bench.times(20))]
    await asyncio.sleep(1 if bench.quick else 4)
    bench.record("python_cold", median_ms([await invoked(bench, invoke) for invoke in invokes]))


@measurement()
async def node(bench: Bench) -> None:
    invokes = [await function(bench, "nodejs20.x") for _ in range(5)]
    cold = [await invoked(bench, invoke) for invoke in invokes]
    bench.record("node_cold", median_ms(cold), seconds=cold)
    for _ in range(bench.times(50)):
        await invoked(bench, invokes[0])
    durations = [await invoked(bench, invokes[0]) for _ in range(bench.times(300))]
    bench.record("node_warm", median_ms(durations), p99_ms=round(percentile_ms(durations, 99), 2))


@measurement()
async def queue_to_function(bench: Bench) -> None:
    """A message is sent; the function that an event source mapping feeds says that it runs."""
    name = await make(bench, "python3.11", _TELLS)
    url, arn = await queue(bench)
    body = json.dumps({"FunctionName": name, "EventSourceArn": arn, "BatchSize": 1}).encode()
    kind = {"Content-Type": "application/json"}
    await bench.client.call(bench.client.http("POST", "/2015-03-31/event-source-mappings/", "lambda", kind, body))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.setblocking(False)
        send = bench.client.json("sqs", "SendMessage", QueueUrl=url, MessageBody=str(heard.getsockname()[1]))
        connection, durations = bench.client.connection(), []
        for _ in range(bench.times(200) + 10):
            began = time.perf_counter()
            await connection.result(send)
            await asyncio.wait_for(loop.sock_recv(heard, 1), 20)
            durations.append(time.perf_counter() - began)
            await asyncio.sleep(0.005)
        connection.close()
    bench.record("queue_to_function", median_ms(durations[10:]))
