"""Distributed Map: many children, functions called, memory."""

from __future__ import annotations

import json
import time
from typing import Any

from client import ACCOUNT, REGION
from executions import finished, machine
from functions import function, invoked
from measuring import Bench, measurement

_CROWD = 100_000


def _each(state: dict[str, Any], kind: str, **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": "Do", "States": {"Do": {**state, "End": True}}}
    return {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}}


async def _seconds(bench: Bench, arn: str, items: str) -> float:
    began = time.perf_counter()
    start = bench.client.json("states", "StartExecution", stateMachineArn=arn, input=items)
    await finished(bench, (await bench.client.call(start))["executionArn"], 0.02, 120)
    return time.perf_counter() - began


@measurement()
async def distributed_map(bench: Bench) -> None:
    """Express children that call one warm function."""
    invoke = await function(bench, "python3.11")
    for _ in range(20):
        await invoked(bench, invoke)
    name = invoke.split(b"/functions/")[1].split(b"/")[0].decode()
    resource = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    task = {"Type": "Task", "Resource": resource, "OutputPath": "$.got"}
    items = json.dumps([{"n": index} for index in range(2_000 if bench.quick else 10_000)])
    arn = await machine(bench, _each(task, "EXPRESS"))
    seconds = await _seconds(bench, arn, items)
    count = items.count("n")
    bench.record("distributed_map", count / seconds, items=count, seconds=seconds)


@measurement()
async def distributed_crowd(bench: Bench) -> None:
    """100,000 items of a file in S3: how much memory that takes."""
    if bench.host is None:
        return
    bucket = bench.name("items").replace("_", "-")
    rows = "".join(f"{index},item {index}\n" for index in range(_CROWD))
    put = bench.client.http("PUT", f"/{bucket}/items.csv", "s3", {}, f"id,name\n{rows}".encode())
    await bench.client.call(bench.client.http("PUT", f"/{bucket}", "s3", {}))
    await bench.client.call(put)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": bucket, "Key": "items.csv"},
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "results"}}
    arn = await machine(bench, _each({"Type": "Pass"}, "EXPRESS", ItemReader=reader, ResultWriter=writer))
    before = bench.host.memory_mb()["server"]
    seconds = await _seconds(bench, arn, "{}")
    after = bench.host.memory_mb()["server"]
    bench.record("distributed_crowd", _CROWD / seconds, seconds=seconds)
    bench.record("distributed_memory", after, grown_mb=round(after - before, 1))
