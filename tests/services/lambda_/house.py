"""Services, a store and jobs, without edges: functions are Python callables, time is given."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from segue.api import Api, Call, Caller, Service, deliveries
from segue.api.perform import perform
from segue.clock import ManualClock
from segue.config import Settings
from segue.errors import AwsError
from segue.ids import Ids
from segue.jobs import Outbound, Pending, queue
from segue.services import lambda_, sns, sqs
from segue.services.lambda_.invocation import InvokeOutcome, InvokeRequest, record_invocation
from segue.store import Transaction
from segue.store.blobs import Blobs
from segue.store.sqlite import SqliteStore
from segue.worker.run_job import run_job, settle_job
from tests.api.house import SCHEMA

ROLE = "arn:aws:iam::000000000000:role/lambda-role"
Behaviour = Callable[[Any], Any]


class FunctionFailed(Exception):
    """Raised by a behaviour: the handler raised."""


def _logs(written: list[dict[str, Any]]) -> Service:
    """Stands in for CloudWatch Logs; keeps what it is given."""
    service = Service("logs")

    @service.operation("CreateLogGroup")
    def create_log_group(_: Call, params: dict[str, Any]) -> dict[str, Any]:
        return {}

    @service.operation("PutLogEvents")
    def put_log_events(_: Call, params: dict[str, Any]) -> dict[str, Any]:
        written.append(params)
        return {}

    return service


@pytest.fixture
def house() -> Iterator[House]:
    """Functions, queues and topics."""
    built = House()
    yield built
    built.close()


class House:
    """Performs operations and jobs; ``behaviours`` says what each function does with its event."""

    def __init__(self, *services: Service, **settings: Any) -> None:
        self.clock = ManualClock()
        self.trace = "Root=1-a;Parent=b"
        self.logged: list[dict[str, Any]] = []
        known = (lambda_.SERVICE, sqs.SERVICE, sns.SERVICE, _logs(self.logged), *services)
        self.api = Api(known, Settings(**settings))
        self.api.blobs = Blobs(None)
        self.store = SqliteStore(None, {**SCHEMA, **self.api.migrations}, self.clock, Ids(7))
        self.behaviours: dict[str, Behaviour] = {}
        self.invocations: list[InvokeRequest] = []

    def close(self) -> None:
        self.store.close()
        self.api.blobs.close()

    def perform(self, name: str, caller: Caller | None = None, **params: Any) -> dict[str, Any]:
        """Perform an operation as a client does; what it wants from a function is done at once."""
        result = self._transact(lambda call: perform(call, name, params), caller)
        if isinstance(result, Outbound):
            outbound = result
            outcome = self._invoke(outbound.request)
            result = self._transact(lambda call: outbound.settle(call, outcome), caller)
        assert not isinstance(result, Pending), f"{name} waits"
        return result

    def run_jobs(self, limit: int = 200) -> list[InvokeRequest]:
        """Run what is due; the invocations that were made."""
        before = len(self.invocations)
        for _ in range(limit):
            if not self._run_one():
                return self.invocations[before:]
        raise AssertionError("jobs do not come to an end")

    def claim_jobs(self) -> list[tuple[Any, Outbound]]:
        """Run what is due up to the invocations, which stay under way."""
        claimed = []
        while True:
            due = self._read(lambda tx: queue.due(tx, 1))
            if not due:
                return claimed
            left = self.store.transact(lambda tx, job=due[0]: run_job(self.api, tx, job))[0]
            if left is not None:
                claimed.append(left)

    def settle(self, claimed: tuple[Any, Outbound]) -> None:
        """Let an invocation under way come to its end."""
        job, outbound = claimed
        outcome = self._invoke(outbound.request)
        self.store.transact(lambda tx: settle_job(self.api, tx, job, outbound, outcome))

    def restart(self) -> None:
        """What an earlier process had under way is due again."""
        self.store.transact(queue.release_leases)

    def advance(self, seconds: float) -> list[InvokeRequest]:
        """Let time go on, running what falls due at its time; the invocations that were made."""
        before = len(self.invocations)
        until_ms = self.clock.now_ms() + round(seconds * 1000)
        self.run_jobs()
        while (due_ms := self._read(queue.next_due_ms)) is not None and due_ms <= until_ms:
            self.clock.advance(max(0, due_ms - self.clock.now_ms()))
            self.run_jobs()
        self.clock.advance(until_ms - self.clock.now_ms())
        self.run_jobs()
        return self.invocations[before:]

    def hops(self, operation: str = "lambda:Invoke") -> list[dict[str, Any]]:
        """The record of deliveries."""
        return [hop for hop in self._read(lambda tx: deliveries.since(tx, 0)) if hop["operation"] == operation]

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return self._read(lambda tx: tx.all(sql, *args))

    def create_function(self, name: str, behaviour: Behaviour = lambda event: event, **params: Any) -> dict[str, Any]:
        self.behaviours[name] = behaviour
        defaults = {"Runtime": "python3.12", "Handler": "a.b", "Role": ROLE, "Code": {"ZipFile": package()}}
        return self.perform("lambda:CreateFunction", FunctionName=name, **{**defaults, **params})

    def create_queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """A queue: its URL and ARN."""
        url = self.perform("sqs:CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def receive(self, url: str) -> list[dict[str, Any]]:
        """What can be received from a queue now, all attributes shown; it is taken for half a minute."""
        result = self.perform(
            "sqs:ReceiveMessage",
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return result.get("Messages", [])

    def _invoke(self, request: InvokeRequest) -> InvokeOutcome:
        self.invocations.append(request)
        behaviour = self.behaviours[request.target.name]
        lines = ((self.clock.now_ms(), f"START RequestId: {request.request_id}\n"),)
        try:
            payload = json.dumps(behaviour(json.loads(request.payload))).encode()
        except AwsError as error:
            return InvokeOutcome(refused=error)
        except FunctionFailed as error:
            payload = json.dumps({"errorMessage": str(error), "errorType": "FunctionFailed"}).encode()
            outcome = InvokeOutcome(payload, "Unhandled", lines, "2023/11/14/[$LATEST]1", b"tail")
        else:
            outcome = InvokeOutcome(payload, None, lines, "2023/11/14/[$LATEST]1", b"tail")
        self._transact(lambda call: record_invocation(call, request, outcome), None)
        return outcome

    def _run_one(self) -> bool:
        due = self._read(lambda tx: queue.due(tx, 1))
        if not due:
            return False
        left = self.store.transact(lambda tx: run_job(self.api, tx, due[0]))[0]
        if left is not None:
            self.settle(left)
        return True

    def _transact(self, work: Callable[[Call], Any], caller: Caller | None) -> Any:
        def unit(tx: Transaction) -> Any:
            return work(Call(tx, caller or Caller(host="localhost"), self.api, tx.now_ms, self.trace, "x"))

        return self.store.transact(unit)[0]

    def _read(self, unit: Callable[[Transaction], Any]) -> Any:
        return self.store.transact(unit)[0]


def package(files: dict[str, str] | None = None) -> bytes:
    """A deployment package."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in (files or {"a.py": "def b(event, context): return event"}).items():
            entry = zipfile.ZipInfo(name)  # of 1980: the same package always has the same bytes
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return target.getvalue()
