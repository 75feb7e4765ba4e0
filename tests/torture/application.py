"""The application under torture, and clients that know how to speak to it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNT = "000000000000"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/torture"
_QUEUES = ("messages", "copies-1", "copies-2", "events", "results", "questions", "timers")
_TABLES = ("items", "effects", "notes")
_FUNCTION = """
import boto3
table = boto3.client("dynamodb")
def handler(event, context):
    table.put_item(TableName="notes", Item={"id": {"S": event["name"]}})
"""


def arn(service: str, name: str) -> str:
    """A resource of the application."""
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


def _machines(queue_url: Callable[[str], str]) -> dict[str, Any]:
    effect = {
        "TableName": "effects",
        "Key": {"id": {"S.$": "$.id"}},
        "UpdateExpression": "ADD times :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    works = {
        "Effect": _task("dynamodb:updateItem", effect, Next="Rest"),
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
            "ResultPath": None,
            "Next": "Result",
        },
        "Result": _task("sqs:sendMessage", {"QueueUrl": queue_url("results"), "MessageBody.$": "$.id"}, End=True),
    }
    body = {"id.$": "$.id", "token.$": "$$.Task.Token"}
    question = {"QueueUrl": queue_url("questions"), "MessageBody": body}
    asks = {"Ask": _task("sqs:sendMessage.waitForTaskToken", question, End=True)}
    del asks["Ask"]["ResultPath"]
    return {"works": {"StartAt": "Effect", "States": works}, "asks": {"StartAt": "Ask", "States": asks}}


def _task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    resource = f"arn:aws:states:::{resource}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "ResultPath": None, **more}


class Clients:
    """Clients of one endpoint. ``make`` makes one, by the service's name."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.sqs, self.sns, self.events, self.dynamodb = map(make, ("sqs", "sns", "events", "dynamodb"))
        self.s3, self.functions, self.states = map(make, ("s3", "lambda", "stepfunctions"))
        self.iam, self.scheduler = map(make, ("iam", "scheduler"))
        self._endpoint: str = self.sqs.meta.endpoint_url

    def deploy(self) -> None:
        """Make everything, once."""
        for queue in _QUEUES:
            self.sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "2"})
        self.sqs.create_queue(QueueName="groups.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "2"})
        for table in _TABLES:
            self.dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self._topic_and_bus()
        self.s3.create_bucket(Bucket="objects")
        services = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"]}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": services}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.iam.create_role(RoleName="torture", AssumeRolePolicyDocument=document)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("index.py", _FUNCTION)
        code = {"ZipFile": archive.getvalue()}
        function = {"FunctionName": "note", "Runtime": "python3.11", "Role": _ROLE, "Handler": "index.handler"}
        self.functions.create_function(**function, Code=code, Timeout=20)
        for name, definition in _machines(self._url).items():
            self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=_ROLE)

    def _topic_and_bus(self) -> None:
        topic = self.sns.create_topic(Name="copies")["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        for queue in ("copies-1", "copies-2"):
            self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", queue), Attributes=raw)
        self.events.put_rule(Name="torture", EventPattern='{"source": ["torture"]}')
        target = {"Id": "queue", "Arn": arn("sqs", "events"), "InputPath": "$.detail.name"}
        self.events.put_targets(Rule="torture", Targets=[target])

    def _url(self, queue: str) -> str:
        return f"{self._endpoint}/{ACCOUNT}/{queue}"

    def send(self, queue: str, body: str, **more: str) -> None:
        """One message."""
        self.sqs.send_message(QueueUrl=self._url(queue), MessageBody=body, **more)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """What there is, up to ten."""
        received = self.sqs.receive_message(QueueUrl=self._url(queue), MaxNumberOfMessages=10)
        return received.get("Messages") or []

    def delete(self, queue: str, handle: str) -> None:
        """One message that was received."""
        self.sqs.delete_message(QueueUrl=self._url(queue), ReceiptHandle=handle)

    def in_queue(self, queue: str) -> int:
        """How many messages there are, whatever their state."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def add_one(self, table: str, name: str) -> None:
        """Let a counter grow."""
        self.dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": name}},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    def items(self, table: str) -> dict[str, Any]:
        """All items, by their ids."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return {item["id"]["S"]: item for page in pages for item in page["Items"]}

    def start(self, machine: str, name: str, given: Any) -> None:
        """Start an execution under a name."""
        machine_arn = arn("states", f"stateMachine:{machine}")
        self.states.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))

    def executions(self, machine: str) -> dict[str, str]:
        """All executions and their status, once none is running any more (within a minute)."""
        machine_arn = arn("states", f"stateMachine:{machine}")
        end = time.monotonic() + 60
        while True:
            pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=machine_arn)
            found = {one["name"]: one["status"] for page in pages for one in page["executions"]}
            if "RUNNING" not in found.values() or time.monotonic() > end:
                return found
            time.sleep(0.2)

    def history(self, execution: str) -> list[int]:
        """The ids of an execution's events."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event["id"] for page in pages for event in page["events"]]

    def output(self, machine: str, name: str) -> str:
        """What an execution ended with."""
        execution = arn("states", f"execution:{machine}:{name}")
        return str(self.states.describe_execution(executionArn=execution).get("output"))

    def schedule(self, name: str, after_seconds: float) -> None:
        """A schedule for one moment, that is gone afterwards."""
        at = datetime.now(UTC) + timedelta(seconds=after_seconds)
        self.scheduler.create_schedule(
            Name=name,
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={"Arn": arn("sqs", "timers"), "RoleArn": _ROLE, "Input": name},
        )


def drained(clients: Clients, queue: str) -> list[str]:
    """The bodies of all messages of a queue, in the order in which they came, deleted."""
    bodies: list[str] = []
    while clients.in_queue(queue):
        for message in clients.receive(queue):
            bodies.append(message["Body"])
            clients.delete(queue, message["ReceiptHandle"])
    return bodies
