"""Several nodes on one PostgreSQL database: any answers any call, and a node that dies is not missed."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.nodes import Nodes, until
from tests.served import Served

ROLE = "arn:aws:iam::000000000000:role/r"


def cluster(node: Served) -> Any:
    """What a node tells of all."""
    with urllib.request.urlopen(f"{node.endpoint_url}/_segue/cluster", timeout=20) as answer:
        return json.load(answer)


def test_nodes_that_start_together_make_one_schema_and_wake_each_other(nodes: Nodes) -> None:
    with ThreadPoolExecutor(4) as pool:
        first, second, third = (future.result() for future in [pool.submit(nodes.start) for _ in range(3)])
        sender, receiver = first.client("sqs"), second.client("sqs")
        url = sender.create_queue(QueueName="q")["QueueUrl"]
        time.sleep(2.2)  # until they know of each other
        took = []
        for number in range(5):
            poll = pool.submit(receiver.receive_message, QueueUrl=url, WaitTimeSeconds=10)
            time.sleep(0.1)
            began = time.monotonic()
            sender.send_message(QueueUrl=url, MessageBody=str(number))
            (message,) = poll.result()["Messages"]
            took.append(time.monotonic() - began)
            assert message["Body"] == str(number)
            third.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert sorted(took)[2] < 1, took
        machine = third.client("stepfunctions").create_state_machine(
            name="m", roleArn=ROLE, definition=json.dumps(waiting(url))
        )["stateMachineArn"]
        execution = first.client("stepfunctions").start_execution(stateMachineArn=machine)
        (message,) = receiver.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        second.client("stepfunctions").send_task_success(taskToken=message["Body"], output='"done"')
        described = third.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
        assert (described["status"], described["output"]) == ("SUCCEEDED", '"done"')
        whoever_waits_is_answered_by_what_happens_elsewhere(pool, first, second, third)


def whoever_waits_is_answered_by_what_happens_elsewhere(
    pool: ThreadPoolExecutor, first: Served, second: Served, third: Served
) -> None:
    """An activity's worker, a parent with ``.sync``, who calls a function, and who waits for an Express execution."""
    states = [node.client("stepfunctions") for node in (first, second, third)]
    activity = states[0].create_activity(name="a")["activityArn"]
    working = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 30, "End": True}
    child = machine(states[0], "child", working)
    sync = {"StateMachineArn": child, "Input": {"n": 1}}
    parent = machine(
        states[1],
        "parent",
        {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": sync, "End": True},
    )
    polls = pool.submit(states[2].get_activity_task, activityArn=activity)
    began = states[1].start_execution(stateMachineArn=parent)["executionArn"]
    task = polls.result()
    assert json.loads(task["input"])["n"] == 1
    states[0].send_task_heartbeat(taskToken=task["taskToken"])
    states[1].send_task_success(taskToken=task["taskToken"], output='"worked"')
    until(lambda: states[2].describe_execution(executionArn=began)["status"] == "SUCCEEDED")
    assert json.loads(states[0].describe_execution(executionArn=began)["output"])["Output"] == "worked"

    first.client("lambda").create_function(
        FunctionName="f", Runtime="python3.11", Role=ROLE, Handler="f.handler", Code={"ZipFile": slow_function(1)}
    )
    call = {"FunctionName": "f"}
    calls = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": call,
        "OutputPath": "$.Payload",
    }
    express = machine(states[0], "express", {**calls, "End": True}, type="EXPRESS")
    invoked = pool.submit(second.client("lambda").invoke, FunctionName="f")
    ended = [pool.submit(one.start_sync_execution, stateMachineArn=express) for one in states[1:]]
    assert json.loads(invoked.result()["Payload"].read()) == "done"
    assert [(one.result()["status"], one.result()["output"]) for one in ended] == [("SUCCEEDED", '"done"')] * 2


def machine(states: Any, name: str, state: dict[str, Any], **more: Any) -> str:
    """A state machine of one state: its ARN."""
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    made = states.create_state_machine(name=name, roleArn=ROLE, definition=definition, **more)
    return str(made["stateMachineArn"])


def test_any_node_tells_who_is_there_what_they_do_and_who_is_missed(nodes: Nodes) -> None:
    first, second = nodes.start(), nodes.start()
    for _ in range(5):
        first.client("sqs").list_queues()

    def here() -> set[str]:
        found = cluster(second)
        return {node["address"] for node in found["nodes"] if node["here"] and node.get("requestsPerSecond")}

    until(lambda: here() == {first.endpoint_url, second.endpoint_url})
    assert cluster(second)["database"]["connections"] >= 6
    first.end(signal.SIGKILL)
    until(lambda: [node["address"] for node in cluster(second)["nodes"] if not node["here"]] == [first.endpoint_url])
    third = nodes.start()
    third.end()
    assert third.endpoint_url not in {node.get("address") for node in cluster(second)["nodes"]}


def waiting(url: str) -> dict[str, Any]:
    """A state machine that sends its token to a queue and waits."""
    parameters = {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }


def slow_function(seconds: int = 3) -> bytes:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr(
            "f.py", f"import time\ndef handler(event, context):\n    time.sleep({seconds})\n    return 'done'\n"
        )
    return content.getvalue()
