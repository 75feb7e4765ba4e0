"""A node that is killed: others go on with all that it was doing, within ten seconds."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.faults.work import Book, Start, call, check_history, make_function, make_machine, received, send
from tests.nodes import Nodes, until
from tests.served import Served

_TEN_SECONDS = 10.0


def takeover_seconds(starts: list[Start], dead: str, killed_at: float) -> float:
    """How long after a node was killed the last of the functions that it was running had been begun by another."""
    lost = {start.id for start in starts if start.endpoint_url == dead}
    again = [start.at - killed_at for start in starts if start.id in lost and start.at > killed_at]
    assert again, "the dead node was running nothing"
    return max(again)


def test_all_that_a_killed_node_was_doing_goes_on_elsewhere_within_ten_seconds(nodes: Nodes, book: Book) -> None:
    dies, lives = nodes.start(), nodes.start()
    states, queues, functions = dies.client("stepfunctions"), dies.client("sqs"), dies.client("lambda")
    function = make_function(functions, book)
    done, source = (queues.create_queue(QueueName=name)["QueueUrl"] for name in ("done", "source"))
    arn = queues.get_queue_attributes(QueueUrl=source, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=1)
    calls = make_machine(states, "calls", {"F": call(5), "S": send(done, "$$.Execution.Name")})
    child = make_machine(states, "child", {"W": {"Type": "Wait", "Seconds": 3}, "S": send(done, "$$.Execution.Name")})
    parent = make_machine(states, "parent", {"C": sync(child), "S": send(done, "$$.Execution.Name")})
    maps = make_machine(states, "maps", {"M": items(), "S": send(done, "$$.Execution.Name")})
    token = make_machine(states, "token", {"T": waits(done)})
    time.sleep(2.5)  # until they know of each other

    started = [states.start_execution(stateMachineArn=calls, name=f"call{number}") for number in range(6)]
    started += [
        states.start_execution(stateMachineArn=arn, name="o", input="[1,2,3,4,5,6]") for arn in (parent, maps, token)
    ]
    for number in range(4):
        queues.send_message(QueueUrl=source, MessageBody=f"message{number}")
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"id": number, "seconds": 3}))
    dies.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template(30)))
    with open_socket(dies, function), ThreadPoolExecutor(1) as pool:
        poll = pool.submit(lives.client("sqs").receive_message, QueueUrl=done, WaitTimeSeconds=20)
        until(lambda: sum(start.endpoint_url == dies.endpoint_url for start in book.starts()) >= 3)
        dies.end(signal.SIGKILL)
        killed_at = time.time()
        first = poll.result()["Messages"]  # what a poll waits for at one node comes of what another had begun
    queues, states = lives.client("sqs"), lives.client("stepfunctions")
    bodies = [message["Body"] for message in first]
    for message in first:
        queues.delete_message(QueueUrl=done, ReceiptHandle=message["ReceiptHandle"])
    bodies += received(queues, done, 10 - len(bodies), 30)
    (task_token,) = [body for body in bodies if len(body) > 60]
    states.send_task_success(taskToken=task_token, output="{}")
    for execution in started:
        until(lambda arn=execution["executionArn"]: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
        check_history(states, execution["executionArn"])
    assert len(bodies) == 10, bodies  # six calls, a parent and its child, a map, a token: each once
    assert len(set(bodies)) >= 8
    until(lambda: {*map(str, range(4)), *(f"message{number}" for number in range(4))} <= set(book.count()))
    assert takeover_seconds(book.starts(), dies.endpoint_url, killed_at) < _TEN_SECONDS
    stacks = lives.client("cloudformation")
    until(lambda: stacks.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    until(lambda: book.count()["disconnected"])
    assert book.count()["disconnected"] == 1


def open_socket(node: Served, function: str) -> ClientConnection:
    """A WebSocket at a node, whose end a function is told of."""
    apis = node.client("apigatewayv2")
    api = apis.create_api(Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    target = apis.create_integration(ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=function)
    apis.create_route(ApiId=api["ApiId"], RouteKey="$disconnect", Target=f"integrations/{target['IntegrationId']}")
    apis.create_stage(ApiId=api["ApiId"], StageName="prod")
    node.client("lambda").add_permission(
        FunctionName="f", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return connect(f"{api['ApiEndpoint']}/prod", proxy=None)


def sync(machine: str) -> dict[str, Any]:
    """A state that runs another execution and waits for its end."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}
    return {**task, "Parameters": {"StateMachineArn": machine, "Name": "child"}, "ResultPath": None}


def items() -> dict[str, Any]:
    """A Map Run of the input's items, two at a time, a second each."""
    wait = {"Type": "Wait", "Seconds": 1, "End": True}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return {
        "Type": "Map",
        "ItemProcessor": {**processor, "StartAt": "W", "States": {"W": wait}},
        "MaxConcurrency": 2,
        "ResultPath": None,
    }


def waits(url: str) -> dict[str, Any]:
    """A state that sends its token to a queue and waits."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
    return {**task, "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}}


def template(queues: int) -> dict[str, Any]:
    """A stack of queues that are made one after the other."""
    resources: dict[str, Any] = {}
    for number in range(queues):
        after = {"DependsOn": f"Q{number - 1}"} if number else {}
        resources[f"Q{number}"] = {"Type": "AWS::SQS::Queue", **after}
    return {"Resources": resources}
