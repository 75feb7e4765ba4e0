"""Items of tables and objects of buckets."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.torture.clients import Clients
from tests.torture.ledger import Ledger, told
from tests.torture.promises.promise import Promise

_ACCOUNTS = 5
_BALANCE = 1_000
_PART = 5 * 1024 * 1024


class Items(Promise):
    """Conditional writes, and counters that grow by one."""

    kind = "item"

    def __init__(self) -> None:
        super().__init__()
        self._added: Counter[str] = Counter()
        self._tried_to_add: Counter[str] = Counter()
        self._lock = threading.Lock()

    def deploy(self, clients: Clients) -> None:
        clients.table("items")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        condition = {"ConditionExpression": "attribute_not_exists(id)"}
        put = clients.dynamodb.put_item
        self.ledger.ask(name, lambda: put(TableName="items", Item={"id": {"S": name}}, **condition))
        counter = f"counter-{chance.randrange(3)}"
        with self._lock:
            self._tried_to_add[counter] += 1
        clients.add_one("items", counter)
        with self._lock:
            self._added[counter] += 1

    def problems(self, clients: Clients) -> Iterator[str]:
        items = clients.items("items")
        counters = {name: int(item["times"]["N"]) for name, item in items.items() if name.startswith("counter")}
        yield from self.ledger.problems(Counter(set(items) - set(counters)))
        for name, added in self._added.items():
            if not added <= counters.get(name, 0) <= self._tried_to_add[name]:
                yield f"{name}: {added} acknowledged, {self._tried_to_add[name]} tried, {counters.get(name)} there"


class Transfers(Promise):
    """Transactions: from one account to another, and a line in the book. All or nothing, and once for each token."""

    kind = "transfer"

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[tuple[str, str, str]] = []

    def deploy(self, clients: Clients) -> None:
        clients.table("accounts")
        clients.table("book")
        for number in range(_ACCOUNTS):
            item = {"id": {"S": f"account{number}"}, "balance": {"N": str(_BALANCE)}}
            clients.dynamodb.put_item(TableName="accounts", Item=item)

    def step(self, clients: Clients, chance: random.Random) -> None:
        try:
            name, of, to = self._pending.pop()
        except IndexError:
            of, to = (f"account{number}" for number in chance.sample(range(_ACCOUNTS), 2))
            name = self.ledger.name()
        line = {"id": {"S": name}, "of": {"S": of}, "to": {"S": to}}
        writes = [
            {"Update": _moved(of, -1)},
            {"Update": _moved(to, 1)},
            {"Put": {"TableName": "book", "Item": line, "ConditionExpression": "attribute_not_exists(id)"}},
        ]
        write = clients.dynamodb.transact_write_items
        try:
            self.ledger.ask(name, lambda: write(TransactItems=writes, ClientRequestToken=name))
        except BaseException:
            self._pending.append((name, of, to))  # somebody tries again, until it is answered
            raise

    def problems(self, clients: Clients) -> Iterator[str]:
        book = clients.items("book")
        yield from self.ledger.problems(Counter(set(book)))
        balances = Counter({f"account{number}": _BALANCE for number in range(_ACCOUNTS)})
        balances.subtract(line["of"]["S"] for line in book.values())
        balances.update(line["to"]["S"] for line in book.values())
        found = {name: int(item["balance"]["N"]) for name, item in clients.items("accounts").items()}
        if found != dict(balances):
            yield f"transfer: accounts are {found}, by the book {dict(balances)}"


def _moved(account: str, by: int) -> dict[str, Any]:
    return {
        "TableName": "accounts",
        "Key": {"id": {"S": account}},
        "UpdateExpression": "SET balance = balance + :by",
        "ExpressionAttributeValues": {":by": {"N": str(by)}},
    }


class Objects(Promise):
    """Objects are whole, in one piece or in parts, and those that were deleted do not come back."""

    kind = "object"

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[str, int] = {}
        self._deleted = Ledger("deletion")

    def deploy(self, clients: Clients) -> None:
        clients.s3.create_bucket(Bucket="objects")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self._sizes[name] = chance.choice((10, 5_000, 400_000))
        if chance.random() < 0.02:
            self._sizes[name] = _PART + 1_000
            self._put_in_parts(clients, name)
        else:
            body = self._body(name)
            self.ledger.ask(name, lambda: clients.s3.put_object(Bucket="objects", Key=name, Body=body))
        if chance.random() < 0.3:
            self._deleted.ask(name, lambda: clients.s3.delete_object(Bucket="objects", Key=name))

    def _put_in_parts(self, clients: Clients, name: str) -> None:
        key = {"Bucket": "objects", "Key": name}
        body = self._body(name)
        upload = {**key, "UploadId": clients.s3.create_multipart_upload(**key)["UploadId"]}
        parts = []
        for number, begin in enumerate(range(0, len(body), _PART), 1):
            part = clients.s3.upload_part(**upload, PartNumber=number, Body=body[begin : begin + _PART])
            parts.append({"PartNumber": number, "ETag": part["ETag"]})
        complete = clients.s3.complete_multipart_upload
        self.ledger.ask(name, lambda: complete(**upload, MultipartUpload={"Parts": parts}))

    def _body(self, name: str) -> bytes:
        return (name.encode() + b".") * (self._sizes[name] // len(name))

    def problems(self, clients: Clients) -> Iterator[str]:
        pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket="objects")
        names = {entry["Key"] for page in pages for entry in page.get("Contents", ())}
        yield from told("object: deleted and there", self._deleted.promised & names)
        yield from self.ledger.problems(Counter(names | set(self._deleted.tried)))
        for name in names:
            if clients.s3.get_object(Bucket="objects", Key=name)["Body"].read() != self._body(name):
                yield f"{name}: not as it was sent"


class Versions(Promise):
    """An object that one client writes again and again is as new as was acknowledged."""

    kind = "version"

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self._writer = threading.Lock()
        self._promised = self._tried = 0

    def deploy(self, clients: Clients) -> None:
        clients.s3.create_bucket(Bucket="versions")

    def step(self, clients: Clients, chance: random.Random) -> None:
        if not self._writer.acquire(blocking=False):
            return
        try:
            self._tried = next(self._numbers)
            body = str(self._tried).encode() * chance.choice((1, 20_000))
            put = clients.s3.put_object
            self.ledger.ask(f"version-{self._tried}", lambda: put(Bucket="versions", Key="one", Body=body))
            self._promised = self._tried
        finally:
            self._writer.release()

    def problems(self, clients: Clients) -> Iterator[str]:
        if not self._promised:
            return
        body = clients.s3.get_object(Bucket="versions", Key="one")["Body"].read().decode()
        numbers = range(self._promised, self._tried + 1)
        if body not in {str(number) * times for number in numbers for times in (1, 20_000)}:
            yield f"version: {body[:50]} is there, {self._promised} was acknowledged, {self._tried} tried"
