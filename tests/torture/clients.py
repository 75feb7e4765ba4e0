"""Clients of servers of which any may be dead, and what promises ask for in few words."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import boto3
from botocore.config import Config

from tests.torture.ledger import misfits

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/torture"
_SERVICES = ("lambda", "states", "scheduler", "events", "pipes", "cloudformation")
_MAX_HISTORIES = 400
_FUNCTION = """
import json, os, time
from urllib.request import Request, urlopen  # the SDK takes a second of a processor to start
def names(event):
    for record in event.get("Records", ()):
        yield record["body"] if "body" in record else record["dynamodb"]["Keys"]["id"]["S"]
    if "Records" not in event:
        yield event["name"]
def note(name):
    key = os.environ["AWS_ACCESS_KEY_ID"]
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.PutItem",
        "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    item = json.dumps({"TableName": "notes", "Item": {"id": {"S": name}}}).encode()
    for wait in (0.1, 0.3, 1, 3, 10, 0):
        try:
            return urlopen(Request(os.environ["AWS_ENDPOINT_URL"], item, headers), timeout=30).read()
        except OSError:
            time.sleep(wait)
    raise TimeoutError(name)
def handler(event, context):
    if event.get("fails"):
        raise ValueError(event["name"])
    for name in names(event):
        note(name)
    return event.get("name")
"""


def arn(service: str, name: str) -> str:
    """A resource of the application."""
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


def task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A state that does something and goes on with what it was given."""
    resource = f"arn:aws:states:::{resource}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "ResultPath": None, **more}


def effect(name: str = "$.id", **more: Any) -> dict[str, Any]:
    """A state whose doing is counted in the table ``effects``."""
    parameters = {"TableName": "effects", "Key": {"id": {"S.$": name}}, **_ADD_ONE}
    return task("dynamodb:updateItem", parameters, **more)


_ADD_ONE = {
    "UpdateExpression": "ADD times :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}


class Clients:
    """Clients whose every request goes to another server.

    Args:
        somewhere: the address of a server that may be living, asked for each request.
    """

    def __init__(self, somewhere: Callable[[], str]) -> None:
        self._somewhere = somewhere
        self._url = f"{somewhere()}/{ACCOUNT}/"
        names = ("sqs", "sns", "events", "dynamodb", "s3", "stepfunctions", "scheduler", "pipes", "ses")
        self.sqs, self.sns, self.events, self.dynamodb, self.s3, self.states, *rest = map(self._client, names)
        self.scheduler, self.pipes, self.ses = rest
        self.functions, self.stacks = self._client("lambda"), self._client("cloudformation")

    def _client(self, service: str, read_timeout: float = 30) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, max_pool_connections=50)
        client = boto3.client(
            service,
            endpoint_url=self._somewhere(),
            config=config,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            region_name="us-east-1",
        )
        client.meta.events.register("before-send", self._send_elsewhere)
        return client

    def _send_elsewhere(self, request: Any, **_: Any) -> None:
        request.url = urlunsplit(urlsplit(request.url)._replace(netloc=urlsplit(self._somewhere()).netloc))

    @cached_property
    def activities(self) -> Any:
        """A client that waits three seconds for an activity's task, and no longer."""
        return self._client("stepfunctions", 3)

    def deploy(self) -> None:
        """Make what several promises need: a role, tables and a function that writes notes."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"Service": [f"{service}.amazonaws.com" for service in _SERVICES]}  # type: ignore[assignment]
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self._client("iam").create_role(RoleName="torture", AssumeRolePolicyDocument=document)
        for name in ("effects", "notes"):
            self.table(name)
        self.function("note")

    def function(self, name: str) -> str:
        """Make a function that writes into the table ``notes`` what it is asked for; its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("index.py", _FUNCTION)
        code = {"Runtime": "python3.11", "Handler": "index.handler", "Code": {"ZipFile": archive.getvalue()}}
        self.functions.create_function(FunctionName=name, Role=ROLE, Timeout=120, **code)
        return arn("lambda", f"function:{name}")

    def table(self, name: str, **more: Any) -> None:
        """Make a table with the key ``id``."""
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )

    def queue(self, name: str, **attributes: str) -> str:
        """Make a queue; its ARN."""
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3", **attributes})
        return arn("sqs", name)

    def machine(self, name: str, states: dict[str, Any], kind: str = "STANDARD") -> str:
        """Make a state machine that begins with the first of its states; its ARN."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        created = self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE, type=kind)
        return str(created["stateMachineArn"])

    def page(self, path: str) -> Any:
        """What a page of the console says in JSON."""
        with urlopen(f"{self._somewhere()}{path}") as answer:
            return json.load(answer)

    def url(self, queue: str) -> str:
        """A queue's, at whatever server."""
        return f"{self._url}{queue}"

    def send(self, queue: str, body: str, **more: Any) -> None:
        """One message."""
        self.sqs.send_message(QueueUrl=self.url(queue), MessageBody=body, **more)

    def receive(self, queue: str, seconds: int = 0) -> list[dict[str, Any]]:
        """What there is, up to ten."""
        received = self.sqs.receive_message(
            QueueUrl=self.url(queue), MaxNumberOfMessages=10, WaitTimeSeconds=seconds, AttributeNames=["All"]
        )
        return received.get("Messages") or []

    def delete(self, queue: str, handle: str) -> None:
        """One message that was received."""
        self.sqs.delete_message(QueueUrl=self.url(queue), ReceiptHandle=handle)

    def in_queue(self, queue: str) -> int:
        """How many messages there are, whatever their state."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=["All"])["Attributes"]
        return sum(int(count) for name, count in found.items() if name.startswith("ApproximateNumberOfMessages"))

    def add_one(self, table: str, name: str) -> None:
        """Let a counter grow."""
        self.dynamodb.update_item(TableName=table, Key={"id": {"S": name}}, **_ADD_ONE)

    def items(self, table: str) -> dict[str, Any]:
        """All items, by their ids."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return {item["id"]["S"]: item for page in pages for item in page["Items"]}

    def times(self, table: str, prefix: str) -> Counter[str]:
        """The counters of a table whose names begin so."""
        items = self.items(table).items()
        return Counter({name: int(item["times"]["N"]) for name, item in items if name.startswith(prefix)})

    def notes(self, prefix: str) -> Counter[str]:
        """What the function has noted, of names that begin so."""
        return Counter(name for name in self.items("notes") if name.startswith(prefix))

    def start(self, machine: str, name: str, given: Any) -> None:
        """Start an execution under a name."""
        machine_arn = arn("states", f"stateMachine:{machine}")
        self.states.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))

    def executions(self, machine: str) -> dict[str, str]:
        """All executions and their status."""
        machine_arn = arn("states", f"stateMachine:{machine}")
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=machine_arn)
        return {one["name"]: one["status"] for page in pages for one in page["executions"]}

    def described(self, machine: str, name: str) -> dict[str, Any]:
        """An execution."""
        found: dict[str, Any] = self.states.describe_execution(executionArn=_execution(machine, name))
        return found

    def history(self, machine: str, name: str) -> list[dict[str, Any]]:
        """An execution's events."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=_execution(machine, name))
        return [event for page in pages for event in page["events"]]

    def misfits(self, machine: str, names: list[str], entered: dict[str, int]) -> Iterator[str]:
        """What is wrong in the histories of executions; of very many, some hundred are read."""
        for name in names[:: max(1, len(names) // _MAX_HISTORIES)]:
            for words in misfits(self.history(machine, name), entered):
                yield f"{name}: {words}"


def _execution(machine: str, name: str) -> str:
    return arn("states", f"execution:{machine}:{name}")


class Drain:
    """A queue that is emptied once clients are calm, and what has come out of it."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._bodies: list[str] = []

    def __call__(self, clients: Clients) -> list[str]:
        """The bodies of all messages there were until now, in the order in which they came."""
        while messages := clients.receive(self.queue, 1 if clients.in_queue(self.queue) else 0):
            self._bodies += [message["Body"] for message in messages]
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
            clients.sqs.delete_message_batch(QueueUrl=clients.url(self.queue), Entries=entries)
        return self._bodies
