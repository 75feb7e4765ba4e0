"""What a part of the medley is, and what parts have in common."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import Any, ClassVar

from segue.errors import AwsError
from segue.store import Transaction
from tests.simulation.deployment import Deployment
from tests.simulation.outside import Client, Function
from tests.simulation.world import World

REGION = "us-east-1:000000000000"
ROLE = "arn:aws:iam::000000000000:role/medley"
_ARCHIVE = io.BytesIO()
with zipfile.ZipFile(_ARCHIVE, "w") as _files:
    _files.writestr("index.py", "the world knows what the functions do")


class Part:
    """A few resources, those who use them, and what is true when they are done.

    Attributes:
        world: where it is.
        client: of one of those who use it.
    """

    world: World
    client: Client
    functions: ClassVar[tuple[str, ...]] = ()
    """The functions that are this part's methods."""

    def begin_in(self, world: World) -> None:
        """The world begins."""
        self.world = world
        self.client = world.client()
        self.begin()

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        """Make the resources."""

    def begin(self) -> None:
        """Have everybody begin who uses them."""

    def is_done(self, tx: Transaction) -> bool:
        """Whether all has come about that is to come about."""
        return True

    def check(self, tx: Transaction) -> None:
        """What must be true in the end."""

    def functions_by_name(self) -> dict[str, Function]:
        """What its functions do."""
        return {name: getattr(self, name) for name in self.functions}

    async def patient(self, operation: str, refused: str, **params: Any) -> bool:
        """Ask for something that is refused if it has been done (``refused`` is the code): whether it was not."""
        try:
            await self.client.ask(operation, **params)
        except AwsError as error:
            if error.code != refused:
                raise
            return False
        return True


def machine_arn(name: str) -> str:
    """The ARN of a state machine."""
    return f"arn:aws:states:{REGION}:stateMachine:{name}"


def execution_arn(machine: str, name: str) -> str:
    """The ARN of an execution."""
    return f"arn:aws:states:{REGION}:execution:{machine}:{name}"


def queue_arn(name: str) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{name}"


def queue_url(name: str) -> str:
    """The URL of a queue."""
    return f"http://127.0.0.1:4566/000000000000/{name}"


def function_arn(name: str) -> str:
    """The ARN of a function."""
    return f"arn:aws:lambda:{REGION}:function:{name}"


def counting(key: str, following: str = "") -> dict[str, Any]:
    """A state that counts in the table ``effects``, in the transaction that makes its history: so often, not more."""
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName": "effects",
            "Key": {"id": {"S.$": key}},
            "UpdateExpression": "ADD times :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        },
        "ResultPath": None,
    }
    return {**state, "Next": following} if following else {**state, "End": True}


def effects(world: World, prefix: str) -> Counter[str]:
    """How often what begins so was counted."""
    items = world.perform("dynamodb:Scan", TableName="effects")["Items"]
    return Counter({item["id"]["S"]: int(item["times"]["N"]) for item in items if item["id"]["S"].startswith(prefix)})


def bodies(tx: Transaction, queue: str) -> list[str]:
    """What is in a queue, in its order."""
    rows = tx.all("SELECT body FROM sqs_messages WHERE queue = ? ORDER BY id", queue_arn(queue))
    return [str(row[0]) for row in rows]


def make_machine(deployment: Deployment, name: str, start: str, states: dict[str, Any], kind: str = "STANDARD") -> None:
    """Make a state machine."""
    definition = json.dumps({"StartAt": start, "States": states})
    deployment.perform("stepfunctions:CreateStateMachine", name=name, definition=definition, roleArn=ROLE, type=kind)


def make_function(deployment: Deployment, name: str) -> None:
    """Make a function."""
    deployment.perform(
        "lambda:CreateFunction",
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": _ARCHIVE.getvalue()},
        Timeout=8,
    )


def make_table(deployment: Deployment, name: str, **more: Any) -> None:
    """Make a table with the key ``id``."""
    deployment.perform(
        "dynamodb:CreateTable",
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
