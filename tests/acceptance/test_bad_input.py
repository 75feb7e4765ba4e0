"""Bad input to a real server: AWS's kind of answer, nothing left behind, and nobody else held up."""

from __future__ import annotations

import http.client
import json
import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from segue.server import services
from segue.wire.model import OperationModel, load_service
from tests.acceptance.bad_requests import ACCOUNT, HELD, BadRequests, Wire
from tests.postgres import STORE_OF, is_chosen
from tests.served import Served

ALLOWED_FAILURES = (501, 503, 507)
OPERATIONS = {
    service.name: [load_service(service.name).operations[name] for name in service.operations] for service in services()
}
#: they wait, as they should
WAITING = frozenset({"GetActivityTask"})
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("bad") / "data") as server:
        HELD["QueueUrl"] = f"{server.endpoint_url}/{ACCOUNT}/held"
        yield server


def hold(served: Served, service: str) -> None:
    """What the requests name, as far as it is not there (any more): without it few would get far."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    keys = {"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    calls: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "sqs": [("create_queue", {"QueueName": "held"})],
        "sns": [("create_topic", {"Name": "held"})],
        "dynamodb": [
            (
                "create_table",
                {"TableName": "held", "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], **keys},
            )
        ],
        "logs": [("create_log_group", {"logGroupName": "held"})],
        "iam": [
            ("create_role", {"RoleName": "held", "AssumeRolePolicyDocument": trust}),
            ("create_user", {"UserName": "held"}),
        ],
        "s3": [("create_bucket", {"Bucket": "held"}), ("put_object", {"Bucket": "held", "Key": "a", "Body": b"x"})],
        "stepfunctions": [("create_state_machine", {"name": "held", "definition": PASS, "roleArn": HELD["roleArn"]})],
    }
    with closing(served.client(service)) as client:
        for method, params in calls.get(service, []):
            with suppress(client.exceptions.ClientError):  # it is there
                getattr(client, method)(**params)


class Rows:
    """The rows of a running server, seen from outside."""

    def __init__(self, data: Path) -> None:
        self._database: Any
        if is_chosen():
            import psycopg

            self._database = psycopg.connect(STORE_OF(data), autocommit=True)
            self._version = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
            self._tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        else:
            self._database = sqlite3.connect(f"file:{data / 'segue.db'}?mode=ro", uri=True)
            self._version = "PRAGMA data_version"
            self._tables = "SELECT name FROM sqlite_master WHERE type = 'table'"

    def version(self) -> int:
        return int(self._database.execute(self._version).fetchone()[0])

    def all(self) -> dict[str, list[tuple[Any, ...]]]:
        """But for the store's own and jobs, which move by themselves."""
        names = sorted(name for (name,) in self._database.execute(self._tables).fetchall())
        kept = [name for name in names if not name.startswith("store_") and name not in ("jobs", "deliveries")]
        return {name: sorted(self._database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in kept}


class Connection:
    def __init__(self, served: Served) -> None:
        self._address = served.endpoint_url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(self._address, timeout=30)

    def send(self, wire: Wire) -> tuple[int, bytes]:
        self._connection.request(wire.method, wire.target, wire.body, wire.headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("service", [*OPERATIONS])
def test_every_operation_answers_anything(served: Served, service: str) -> None:
    rows = Rows(served.data)
    hold(served, service)
    with closing(Connection(served)) as connection:
        for operation in OPERATIONS[service]:
            if operation.name not in WAITING:
                _sweep(connection, rows, operation)
    hold(served, service)
    assert b"Traceback" not in served.log.read_bytes()


def _sweep(connection: Connection, rows: Rows, operation: OperationModel) -> None:
    requests = BadRequests(operation, seed=1)
    sent = [requests.wire(requests.params(broken)) for broken in (0, 0, *(1,) * 24, *(2,) * 12)]
    good = sent[0]
    bodies = [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 10_000, good.body[:-1], good.body + b"\0", b'{"a":1,"a":2}']
    sent += [Wire(good.method, good.target, good.headers, body) for body in bodies]
    before, version = None, rows.version()
    for wire in sent:
        status, body = connection.send(wire)
        told = f"{operation!r}: {status} {body[:300]!r} to {wire.target[:200]} {wire.body[:500]!r}"
        assert status < 500 or status in ALLOWED_FAILURES, told
        if status < 400:
            before, version = None, rows.version()
            continue
        assert wire.method == "HEAD" or body.startswith((b"{", b"<")), told
        now = rows.version()
        after = rows.all() if now != version or before is None else before
        assert before is None or after == before, told
        before, version = after, now


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"", 404),
        ({"X-Amz-Target": ""}, b"{}", 400),
        ({"X-Amz-Target": "AmazonSQS.Nothing"}, b"{}", 400),
        ({"X-Amz-Target": "Nothing.SendMessage"}, b"{}", 400),
        ({"X-Amz-Target": "\xff.\x80"}, b"{}", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=Nothing", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListTopics&%ff=%zz", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListTopics" + b"&a=b" * 60_000, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListTopics&" + b"a." * 5_000 + b"=1", 400),
        ({"X-Amz-Target": "AmazonSQS.ListQueues", "Authorization": "AWS4-HMAC-SHA256"}, b"{}", 200),
        ({"X-Amz-Target": "AmazonSQS.ListQueues", "Authorization": "Basic eA=="}, b"{}", 200),
        ({"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "image/png"}, b"{}", 200),
    ],
)
def test_odd_envelopes(served: Served, headers: dict[str, str], body: bytes, status: int) -> None:
    with closing(Connection(served)) as connection:
        answered, text = connection.send(Wire("POST", "/", headers, body))
    assert (answered, b"InternalFailure" in text) == (status, False), text


SLOW_ONCE = {
    "a wildcard in a choice": (
        "stepfunctions",
        "StartExecution",
        {
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.x", "StringMatches": "*a" * 30 + "b", "Next": "B"}],
                    "Default": "B",
                },
                "B": {"Type": "Succeed"},
            },
        },
    ),
    "an expression in a filter": (
        "stepfunctions",
        "StartExecution",
        {
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Parameters": {"y.$": "$.l[?(@ =~ /(a+)+b/)]"}, "End": True}},
        },
    ),
}


@pytest.mark.parametrize("case", [*SLOW_ONCE])
def test_a_hostile_definition_holds_up_nobody(served: Served, case: str) -> None:
    _, _, definition = SLOW_ONCE[case]
    with closing(served.client("stepfunctions")) as states:
        name = case.replace(" ", "-")
        text = json.dumps(definition)
        machine = states.create_state_machine(name=name, definition=text, roleArn=HELD["roleArn"])["stateMachineArn"]
        with Watch(served) as watch:
            text = json.dumps({"x": "a" * 200_000, "l": ["a" * 30_000]})
            states.start_execution(stateMachineArn=machine, input=text)
    assert watch.longest_seconds < 2


def test_a_hostile_log_filter_holds_up_nobody(served: Served) -> None:
    with closing(served.client("logs")) as logs, Watch(served) as watch:
        logs.create_log_group(logGroupName="hostile")
        logs.create_log_stream(logGroupName="hostile", logStreamName="s")
        event = {"timestamp": int(time.time() * 1000), "message": "a" * 200_000}
        logs.put_log_events(logGroupName="hostile", logStreamName="s", logEvents=[event])
        for pattern in ("%a*a*a*b%", "%(a+)+b%", "%a{1,100}a{1,100}a{1,100}b%", '{ $.a = "*a*a*a*b" }'):
            assert logs.filter_log_events(logGroupName="hostile", filterPattern=pattern)["events"] == []
    assert watch.longest_seconds < 2


class Watch:
    """Asks after the server's health all the time; the longest that it took to answer (generous: machines are busy)."""

    def __init__(self, served: Served) -> None:
        self._served, self._over = served, threading.Event()
        self.longest_seconds = 0.0
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        with closing(Connection(self._served)) as connection:
            while not self._over.wait(0.01):
                began = time.monotonic()
                assert connection.send(Wire("GET", "/_segue/health", {}, b""))[0] == 200
                self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def _refused_words(data: Path, *more: str) -> str:
    with pytest.raises(RuntimeError) as ended:
        Served(data, *more).start()
    words = str(ended.value)
    assert "Traceback" not in words
    return words


_FILE = pytest.mark.sqlite_only("it is about the file in the data directory")


@pytest.mark.parametrize("name", [pytest.param("segue.db", marks=_FILE), "blobs", "functions"])
def test_a_data_directory_that_cannot_be_used_is_refused_with_words(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if name == "segue.db":
        (data / name).mkdir()
    else:
        (data / name).touch()
    assert str(data) in _refused_words(data)


def test_a_port_that_is_none_is_refused_with_words(tmp_path: Path) -> None:
    for port in ("99999", "-1", "x"):
        assert "is no port" in _refused_words(tmp_path / "data", "--port", port)


def test_a_data_directory_may_be_copied_with_its_links_followed(tmp_path: Path) -> None:
    with Served(tmp_path / "data") as server:
        assert server.end() == 0
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with Served(tmp_path / "copy") as server:
        assert server.end() == 0


@_FILE
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    served = Served(tmp_path / "data", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)))
    body = "x" * 200_000
    with served, closing(served.client("sqs")) as sqs:
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        kept, failed = 0, {}
        while not failed and kept < 20:
            try:
                sqs.send_message(QueueUrl=queue, MessageBody=body)
                kept += 1
            except sqs.exceptions.ClientError as error:
                failed = error.response
        assert failed["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert failed["Error"]["Code"] == "ServiceUnavailable"
    with Served(tmp_path / "data") as again, closing(again.client("sqs")) as sqs:
        answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
        assert answer["Attributes"] == {"ApproximateNumberOfMessages": str(kept)}
