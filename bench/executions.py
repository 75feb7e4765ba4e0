"""Executions of state machines: chains, long walks, maps, tokens."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import replace
from typing import Any

import asl_engine
from client import ACCOUNT, Refused, median_ms
from measuring import Bench, measurement, until
from tables import table_request

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"
_INPUT = '{"n":1,"name":"Ada","list":[1,2,3]}'
CHAIN_STATES = 10


def chain_definition() -> dict[str, Any]:
    """Ten states, Pass and Choice by turns."""
    states: dict[str, Any] = {}
    for index in range(0, CHAIN_STATES, 2):
        after = f"S{index + 2}" if index + 2 < CHAIN_STATES else "S9"
        states[f"S{index}"] = {
            "Type": "Pass",
            "Parameters": {"n.$": "$.n", "text": "constant", "step": index},
            "ResultPath": "$.result",
            "Next": f"S{index + 1}",
        }
        if after != "S9":
            rule = {"Variable": "$.result.n", "NumericGreaterThan": 0, "Next": after}
            states[f"S{index + 1}"] = {"Type": "Choice", "Choices": [rule], "Default": after}
    states["S9"] = {"Type": "Pass", "End": True}
    return {"StartAt": "S0", "States": states}


def loop_definition(turns: int) -> dict[str, Any]:
    """A loop of one Pass and one Choice: four events a turn."""
    add = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"}
    rule = {"Variable": "$.n", "NumericLessThan": turns, "Next": "Add"}
    more = {"Type": "Choice", "Choices": [rule], "Default": "Done"}
    return {"StartAt": "Add", "States": {"Add": add, "More": more, "Done": {"Type": "Succeed"}}}


async def machine(bench: Bench, definition: dict[str, Any], kind: str = "STANDARD") -> str:
    """Make a state machine; its ARN."""
    request = bench.client.json(
        "states",
        "CreateStateMachine",
        name=bench.name("machine"),
        definition=json.dumps(definition),
        roleArn=_ROLE,
        type=kind,
    )
    return str((await bench.client.call(request))["stateMachineArn"])


async def finished(
    bench: Bench, execution: str, pause_seconds: float = 0.001, most_seconds: float = 30
) -> dict[str, Any]:
    """Wait for the end of an execution; how it ended. Raises ``Refused`` where it did not succeed.

    Looks at once and then with pauses, as looking takes the server's time.
    """
    request = bench.client.json("states", "DescribeExecution", executionArn=execution)
    described: dict[str, Any] = {}

    async def ended() -> bool:
        described.update(await bench.client.call(request))
        return bool(described["status"] != "RUNNING")

    await until(ended, most_seconds, pause_seconds)
    if described["status"] != "SUCCEEDED":
        raise Refused(f"{execution} {described['status']}: {described.get('error')} {described.get('cause')}")
    return described


async def alone(bench: Bench, arn: str, times: int, input: str = _INPUT) -> list[float]:
    """Start to SUCCEEDED, one after the other; seconds each."""
    start = bench.client.json("states", "StartExecution", stateMachineArn=arn, input=input)
    durations = []
    for _ in range(times):
        began = time.perf_counter()
        started = await bench.client.call(start)
        await finished(bench, started["executionArn"])
        durations.append(time.perf_counter() - began)
    return durations


def steps_definition(table: str, steps: int = 10) -> dict[str, Any]:
    """Ten tasks in a row, each of which writes an item."""
    states: dict[str, Any] = {}
    for index in range(steps):
        item = {"id": {"S.$": "$$.Execution.Name"}, "step": {"N": str(index)}}
        states[f"S{index}"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": table, "Item": item},
            "ResultPath": None,
            **({"Next": f"S{index + 1}"} if index + 1 < steps else {"End": True}),
        }
    return {"StartAt": "S0", "States": states}


@measurement()
async def chain(bench: Bench) -> None:
    arn = await machine(bench, chain_definition())
    durations = await alone(bench, arn, bench.times(100))
    bench.record("chain_alone", median_ms(durations))
    rate = await all_finished(bench, "chain", arn)
    bench.record("chain_transitions", rate * CHAIN_STATES)


@measurement()
async def durable_steps(bench: Bench) -> None:
    table = bench.name("steps")
    await bench.client.call(table_request(bench, table))
    arn = await machine(bench, steps_definition(table))
    durations = await alone(bench, arn, bench.times(50))
    bench.record("durable_steps_alone", median_ms(durations))
    await all_finished(bench, "durable_steps", arn)


async def all_finished(bench: Bench, figure: str, arn: str, clients: int = 32) -> float:
    """Load with starts of a machine until none runs any more; executions a second."""
    start = bench.client.json("states", "StartExecution", stateMachineArn=arn, input=_INPUT)
    running = bench.client.json("states", "ListExecutions", stateMachineArn=arn, statusFilter="RUNNING", maxResults=1)

    async def none_runs() -> bool:
        return not (await bench.client.call(running))["executions"]

    await bench.client.load(clients, bench.seconds / 6, lambda connection, _: connection.result(start))
    await until(none_runs)
    before = bench.processors()
    load = await bench.client.load(clients, bench.seconds, lambda connection, _: connection.result(start))
    waiting = time.perf_counter()
    await until(none_runs, 60)
    waited = time.perf_counter() - waiting
    whole = replace(load, rate=load.calls / (load.seconds + waited))
    bench.record_load(figure, whole, before)
    return whole.rate


@measurement()
async def sync_express(bench: Bench) -> None:
    arn = await machine(bench, chain_definition(), "EXPRESS")
    start = bench.client.json("states", "StartSyncExecution", stateMachineArn=arn, input=_INPUT)
    assert (await bench.client.call(start))["status"] == "SUCCEEDED"
    await bench.load("sync_express", 32, lambda connection, _: connection.result(start))


@measurement()
async def long_execution(bench: Bench) -> None:
    turns = 5_000
    arn = await machine(bench, loop_definition(turns))
    durations = await alone(bench, arn, bench.times(5) if bench.host else 1, '{"n":0}')
    bench.record("long_execution", 2 * turns / min(durations), events=4 * turns + 3, seconds=durations)


@measurement()
async def map_1000(bench: Bench) -> None:
    arn = await machine(bench, asl_engine.map_of_pass())
    items = json.dumps([{"id": index, "name": f"item {index}"} for index in range(1_000)])
    durations = await alone(bench, arn, bench.times(15) if bench.host else 3, items)
    bench.record("map_1000", median_ms(durations), seconds=durations)


@measurement()
async def children(bench: Bench) -> None:
    """A thousand executions, each awaited by the one that has started it."""
    child = await machine(bench, {"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}})
    given = {"UserDetails.$": "$", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child, "Input": given},
        "OutputPath": "$.Status",
        "End": True,
    }
    each = {"Type": "Map", "MaxConcurrency": 50, "Iterator": {"StartAt": "Start", "States": {"Start": start}}}
    arn = await machine(bench, {"StartAt": "Each", "States": {"Each": {**each, "End": True}}})
    items = json.dumps([{"id": index, "name": f"user {index}"} for index in range(1_000)])
    durations = await alone(bench, arn, bench.times(5) if bench.host else 1, items)
    bench.record("children", statistics.median(durations), seconds=durations)


@measurement()
async def task_token(bench: Bench) -> None:
    arn, queue = await token_machine(bench)
    start = bench.client.json("states", "StartExecution", stateMachineArn=arn, input="{}")
    receive = bench.client.json("sqs", "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=1)
    durations = []
    for _ in range(bench.times(100)):
        execution = (await bench.client.call(start))["executionArn"]
        message = (await bench.client.call(receive))["Messages"][0]
        success = bench.client.json("states", "SendTaskSuccess", taskToken=message["Body"], output='{"ok":true}')
        began = time.perf_counter()
        await bench.client.call(success)
        await finished(bench, execution)
        durations.append(time.perf_counter() - began)
        delete = bench.client.json("sqs", "DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        await bench.client.call(delete)
    bench.record("task_token", median_ms(durations))


@measurement()
async def parked(bench: Bench) -> None:
    """Every parked execution stays until the server ends: run after all else but what needs no other memory."""
    if bench.host is None:
        return
    crowd = 2_000 if bench.quick else 10_000
    arn, _ = await token_machine(bench)
    start = bench.client.json("states", "StartExecution", stateMachineArn=arn, input="{}")
    before = bench.host.memory_mb()["server"]
    load = await bench.client.load(32, 60, lambda connection, _: connection.result(start), most=crowd)
    after = bench.host.memory_mb()["server"]
    details = {"executions": load.calls, "grown_mb": round(after - before, 1), "started_a_second": round(load.rate)}
    bench.record("parked_memory", after, **details)
    bench.record("parked_threads", bench.host.threads())


async def token_machine(bench: Bench) -> tuple[str, str]:
    """A machine whose executions wait for the token that they send to a queue; its ARN and the queue's URL."""
    create = bench.client.json("sqs", "CreateQueue", QueueName=bench.name("tokens"))
    queue = (await bench.client.call(create))["QueueUrl"]
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    return await machine(bench, {"StartAt": "Wait", "States": {"Wait": wait}}), queue


@measurement()
async def engine(bench: Bench) -> None:
    """The engine without server and store, in this process."""
    if bench.host is None:
        return
    bench.record("engine_chain", asl_engine.chain_transitions_a_second())
    bench.record("engine_pass", 1 / asl_engine.state_seconds(asl_engine.pass_chain()))
    shaped = asl_engine.pass_chain(Parameters={"n.$": "$.a.b", "text": "constant"}, ResultPath="$.result")
    bench.record("engine_shaped", 1 / asl_engine.state_seconds(shaped))
    bench.record("engine_jsonata", asl_engine.state_seconds(asl_engine.jsonata_chain()) * 1_000_000)
    bench.record("engine_map", asl_engine.map_seconds() * 1000)
    bench.record("engine_definition", asl_engine.definition_seconds() * 1000)
