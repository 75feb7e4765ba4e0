"""Things that hold values: items of a table, transactions over two of them, objects of a bucket."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.histories.models import REFUSED, cell, purse
from tests.histories.subject import Make, Subject

_KEYS = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class _Cells(Subject):
    """Values that are read, created where there is none, exchanged, removed."""

    model = staticmethod(cell)
    _refused: str

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        value = chance.randrange(1_000_000)
        kind = chance.random()
        if kind < 0.2:
            self._record(make, key, "create", value)
        elif kind < 0.3:
            self._record(make, key, "remove", None)
        elif (seen := self._record(make, key, "read", None)) is not None and kind < 0.9:
            self._record(make, key, "swap", (seen, value))

    def _record(self, make: Make, key: str, name: str, given: Any) -> Any:
        call: Callable[..., Any] = getattr(self, f"_{name}")
        return self.history.record(key, name, given, lambda: call(make, key, given), {self._refused: REFUSED})


class Items(_Cells):
    """Conditional writes, atomic counters and consistent reads of an item."""

    name = "item"
    _refused = "ConditionalCheckFailedException"

    def deploy(self, make: Make) -> None:
        make("dynamodb").create_table(TableName="items", **_KEYS)

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        if chance.random() < 0.2:
            self._record(make, key, "add", 1)
        else:
            super().act(make, key, chance)

    def _read(self, make: Make, key: str, _: None) -> int | None:
        item = make("dynamodb").get_item(**_item(key), ConsistentRead=True).get("Item")
        return int(item["v"]["N"]) if item else None

    def _create(self, make: Make, key: str, value: int) -> int:
        return self._update(make, key, "SET v = :v", {":v": value}, ConditionExpression="attribute_not_exists(v)")

    def _swap(self, make: Make, key: str, given: tuple[int, int]) -> int:
        old, new = given
        return self._update(make, key, "SET v = :v", {":v": new, ":old": old}, ConditionExpression="v = :old")

    def _add(self, make: Make, key: str, value: int) -> int:
        return self._update(make, key, "ADD v :v", {":v": value})

    def _remove(self, make: Make, key: str, _: None) -> None:
        make("dynamodb").delete_item(**_item(key))

    @staticmethod
    def _update(make: Make, key: str, expression: str, values: dict[str, int], **more: str) -> int:
        numbers = {name: {"N": str(value)} for name, value in values.items()}
        update = {"UpdateExpression": expression, "ExpressionAttributeValues": numbers, "ReturnValues": "UPDATED_NEW"}
        return int(make("dynamodb").update_item(**_item(key), **update, **more)["Attributes"]["v"]["N"])


class Objects(_Cells):
    """Conditional writes and reads of an object."""

    name = "object"
    _refused = "PreconditionFailed"

    def deploy(self, make: Make) -> None:
        make("s3").create_bucket(Bucket="objects")

    def _read(self, make: Make, key: str, _: None) -> int | None:
        try:
            return int(make("s3").get_object(Bucket="objects", Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def _create(self, make: Make, key: str, value: int) -> int:
        return self._put(make, key, value, IfNoneMatch="*")

    def _swap(self, make: Make, key: str, given: tuple[int, int]) -> Any:
        old, new = given
        try:
            return self._put(make, key, new, IfMatch=hashlib.md5(b"%d" % old).hexdigest())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return REFUSED
            raise

    def _remove(self, make: Make, key: str, _: None) -> None:
        make("s3").delete_object(Bucket="objects", Key=key)

    @staticmethod
    def _put(make: Make, key: str, value: int, **condition: str) -> int:
        make("s3").put_object(Bucket="objects", Key=key, Body=b"%d" % value, **condition)
        return value


class Purses(Subject):
    """Transactions over two items."""

    name = "purse"
    model = staticmethod(purse)
    start = (5, 0)

    def deploy(self, make: Make) -> None:
        make("dynamodb").create_table(TableName="purses", **_KEYS)

    def prepare(self, make: Make, key: str) -> None:
        puts = [{"Put": {"TableName": "purses", "Item": {**_id(f"{key}{side}"), "v": {"N": value}}}}
                for side, value in (("a", "5"), ("b", "0"))]  # fmt: skip
        make("dynamodb").transact_write_items(TransactItems=puts)

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        if chance.random() < 0.5:
            self.history.record(key, "read", None, lambda: self._read(make, key), {})
            return
        amount = chance.randint(1, 2)
        refusals = {"TransactionCanceledException": REFUSED}
        self.history.record(key, "move", amount, lambda: self._move(make, key, amount), refusals)

    @staticmethod
    def _read(make: Make, key: str) -> tuple[int, int]:
        gets = [{"Get": {"TableName": "purses", "Key": _id(f"{key}{side}")}} for side in "ab"]
        first, second = make("dynamodb").transact_get_items(TransactItems=gets)["Responses"]
        return int(first["Item"]["v"]["N"]), int(second["Item"]["v"]["N"])

    @staticmethod
    def _move(make: Make, key: str, amount: int) -> bool:
        def update(side: str, sign: str, **condition: str) -> dict[str, Any]:
            return {
                "Update": {
                    "TableName": "purses",
                    "Key": _id(f"{key}{side}"),
                    "UpdateExpression": f"SET v = v {sign} :n",
                    "ExpressionAttributeValues": {":n": {"N": str(amount)}},
                    **condition,
                }
            }

        moves = [update("a", "-", ConditionExpression="v >= :n"), update("b", "+")]
        make("dynamodb").transact_write_items(TransactItems=moves)
        return True


def _id(name: str) -> dict[str, Any]:
    return {"id": {"S": name}}


def _item(key: str) -> dict[str, Any]:
    return {"TableName": "items", "Key": _id(key)}
