"""A small service behind the one door, for tests of the door, the edges and the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.api import Api, Call, Caller, Service, deduplication, deliveries, outbox, streams, tags, throttles
from segue.api.sources import lanes, queues
from segue.clock import ManualClock
from segue.config import IamMode, Settings
from segue.errors import AwsError
from segue.ids import Ids
from segue.jobs import queue
from segue.store import Transaction
from segue.store.sqlite import SqliteStore

NOW_MS = 1_000_000
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
SCHEMA = {
    "jobs": queue.MIGRATIONS,
    "deduplication": deduplication.MIGRATIONS,
    "deliveries": deliveries.MIGRATIONS,
    "streams": streams.MIGRATIONS,
    "tags": tags.MIGRATIONS,
    "throttles": throttles.MIGRATIONS,
    "outbox": outbox.MIGRATIONS,
    "queue_sources": queues.MIGRATIONS,
    "stream_sources": lanes.MIGRATIONS,
}
KEPT = ("CREATE TABLE kept (body TEXT NOT NULL, queue TEXT NOT NULL, caller TEXT NOT NULL, trace TEXT NOT NULL);",)


class People:
    """Identity management: policies by principal, keys by name."""

    def __init__(self) -> None:
        self.documents: dict[str, list[dict[str, Any]]] = {}
        self.keys: dict[str, Caller] = {}

    def caller(self, tx: Transaction, access_key: str, session_token: str | None) -> Caller | None:
        return self.keys.get(access_key)

    def secret(self, tx: Transaction, access_key: str) -> str | None:
        return f"secret of {access_key}" if access_key in self.keys else None

    def policies(self, tx: Transaction, caller: Caller) -> list[dict[str, Any]]:
        return self.documents.get(caller.role_arn or caller.arn, [])


class House:
    """The door with one service, ``sqs``: ``SendMessage`` keeps what it is sent, unless ``failure`` is set."""

    def __init__(self, iam: IamMode = "off", secret: str = "") -> None:
        self.failure: Callable[[str], AwsError | None] = lambda queue_url: None
        self.resource_policy: str | None = None
        self.people = People()
        self.service = Service("sqs", migrations=KEPT, resource_policy=lambda tx, arn: self.resource_policy)
        self.service.operation("SendMessage", resource=lambda call, params: QUEUE)(self._send)
        self.service.operation("ListQueues", reads=True, resource=lambda call, params: QUEUE)(self._list)
        self.api = Api([self.service], Settings(iam=iam, secret_access_key=secret), self.people)
        self.clock = ManualClock(NOW_MS)
        self.store = SqliteStore(None, {**SCHEMA, **self.api.migrations}, self.clock, Ids(1))

    def call(self, tx: Transaction, caller: Caller | None = None, trace: str = "Root=1-a;Sampled=1") -> Call:
        return Call(tx, caller or Caller(), self.api, tx.now_ms, trace, "request")

    def run(self, unit: Callable[[Call], Any], caller: Caller | None = None) -> Any:
        return self.store.transact(lambda tx: unit(self.call(tx, caller)))[0]

    def kept(self, columns: str = "body") -> list[Any]:
        rows = self.store.transact(lambda tx: tx.all(f"SELECT {columns} FROM kept"))[0]
        return [row[0] if len(row) == 1 else row for row in rows]

    def hops(self) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.store.transact(
            lambda tx: tx.all("SELECT status, attempts, target, operation, reason FROM deliveries ORDER BY id")
        )[0]
        return rows

    def _send(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        call.tx.run(
            "INSERT INTO kept VALUES (?, ?, ?, ?)",
            params["MessageBody"],
            params["QueueUrl"],
            f"{call.caller.principal_arn} {call.region}",
            call.trace,
        )
        failure = self.failure(params["QueueUrl"])
        if failure is not None:
            raise failure
        return {"MessageId": "id", "MD5OfMessageBody": "md5"}

    def _list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        return {"QueueUrls": [row[0] for row in call.tx.all("SELECT DISTINCT queue FROM kept")]}
