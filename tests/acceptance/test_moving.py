"""A store with everything under way is moved to PostgreSQL and back, and goes on there as if nothing had been."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from segue.api import Api
from segue.cli.store_places import Place, bring, export, partition
from segue.clock import ManualClock, SystemClock
from segue.config import Settings
from segue.server import services
from segue.store.portable.file import read_parts
from segue.store.snapshot import NoData
from segue.testing import Segue
from segue.worker.invariants import violations
from tests.served import Served

_LARGE = b"0123456789abcdef" * 20_000
_QUEUES = "arn:aws:sqs:us-east-1:000000000000"
_ROLE = "arn:aws:iam::000000000000:role/any"
_WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 300, "End": True}}}
_ASKS = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "", "MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
    },
}
_HANDLER = "def handler(event, context):\n    return {'doubled': 2 * event['n']}\n"


@dataclass
class Left:
    """What a store held when it was copied."""

    waiting: str
    asking: str
    token: str
    received: str
    now_ms: int
    sequence: int


pytestmark = pytest.mark.sqlite_only("it says itself which store is meant")


def test_everything_moves_to_postgres_and_back(tmp_path: Path, database: str) -> None:
    with Segue(tmp_path / "one") as segue:
        left = _leave(segue)
        now = left.now_ms
        first = Place(tmp_path / "one", "", "", ManualClock(now))
        second = Place(tmp_path / "two", database, "", ManualClock(now))
        third = Place(tmp_path / "three", "", "", ManualClock(now))
        export(first, tmp_path / "a.segue")
    bring(second, tmp_path / "a.segue")
    cut = partition(database, 3, lambda _: None)
    assert {"jobs", "sqs_messages", "states_chunks", "dynamodb_items"} < set(cut)
    assert partition(database, 3, lambda _: None) == []
    export(second, tmp_path / "b.segue")
    bring(third, tmp_path / "b.segue")
    assert _content(tmp_path / "a.segue") == _content(tmp_path / "b.segue")
    for place in (second, third):
        with place.source() as source:
            assert list(violations(Api(services(), Settings()), source.transaction)) == []
    with Segue(tmp_path / "three", now_ms=now) as segue:
        _goes_on(segue, left)
    with Segue(tmp_path / "two", now_ms=now, store=database) as segue:
        _goes_on(segue, left)


def test_a_copy_into_a_directory_goes_on(tmp_path: Path) -> None:
    with Segue(tmp_path / "one") as segue:
        left = _leave(segue)
        export(Place(tmp_path / "one", "", "", ManualClock(left.now_ms)), tmp_path / "file")
    there = Place(tmp_path / "two", "", "", ManualClock(left.now_ms))
    bring(there, tmp_path / "file")
    with Segue(tmp_path / "two", now_ms=left.now_ms) as segue:
        _goes_on(segue, left)


def test_a_copy_made_under_load_is_one_moment(tmp_path: Path, database: str) -> None:
    """Every message names an object that was there before it."""
    with Served(tmp_path / "data", "--store", database) as served:
        s3, sqs = served.client("s3"), served.client("sqs")
        s3.create_bucket(Bucket="kept")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        for number in range(20):
            _put_and_send(s3, sqs, url, number)
        stopped = threading.Event()

        def load() -> None:
            number = 20
            while not stopped.is_set():
                _put_and_send(s3, sqs, url, number)
                number += 1

        loading = threading.Thread(target=load)
        loading.start()
        try:
            export(Place(tmp_path / "data", database, "", SystemClock()), tmp_path / "file")
        finally:
            stopped.set()
            loading.join()
    bring(Place(tmp_path / "new", "", "", SystemClock()), tmp_path / "file")
    with Segue(tmp_path / "new", now_ms=SystemClock().now_ms()) as segue:
        depth = segue.transact(lambda tx: tx.all("SELECT COUNT(*) FROM sqs_messages"))[0][0]
        s3 = segue.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="kept")["Contents"]]
        assert 20 <= depth <= len(keys) <= depth + 1
        for key in keys:
            assert s3.get_object(Bucket="kept", Key=key)["Body"].read() == f"{key:>50000}".encode()


def _put_and_send(s3: Any, sqs: Any, url: str, number: int) -> None:
    s3.put_object(Bucket="kept", Key=str(number), Body=f"{number:>50000}")
    sqs.send_message(QueueUrl=url, MessageBody=str(number))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_import_that_is_killed_leaves_nothing(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("database") if engine == "postgresql" else ""
    with Segue(tmp_path / "one") as segue:
        queue = segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        segue.client("sqs").send_message(QueueUrl=queue, MessageBody="x" * 200_000)
        export(Place(tmp_path / "one", "", "", SystemClock()), tmp_path / "file")
    there = Place(tmp_path / "two", url, "", SystemClock())
    whole = (tmp_path / "file").read_bytes()
    options = ["--data", str(there.data), *(["--store", url] if url else [])]
    command = [sys.executable, "-m", "segue.cli.main", "store", "import", "-", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        importing.stdin.write(whole[:-100])  # more than a pipe holds: it is read, and its rows are there
        importing.stdin.flush()
        importing.kill()
    with pytest.raises(NoData), there.source():
        pass
    bring(there, tmp_path / "file")
    with there.source() as source:
        assert source.transaction.all("SELECT COUNT(*) FROM sqs_messages") == [(1,)]


def _leave(segue: Segue) -> Left:
    """Everything is under way."""
    sqs, states, s3 = segue.client("sqs"), segue.client("stepfunctions"), segue.client("s3")
    for name in ("tokens", "received", "fired", "polled", "q.fifo"):
        attributes = {"FifoQueue": "true"} if name.endswith("fifo") else {"VisibilityTimeout": "60"}
        sqs.create_queue(QueueName=name, Attributes=attributes)
    started = {}
    for name, definition in (("waits", _WAITS), ("asks", _ASKS)):
        text = json.dumps(definition).replace('"QueueUrl": ""', json.dumps({"QueueUrl": _url(segue, "tokens")})[1:-1])
        machine = states.create_state_machine(name=name, definition=text, roleArn=_ROLE)["stateMachineArn"]
        started[name] = states.start_execution(stateMachineArn=machine, input='{"text": "ä\\u0000"}')["executionArn"]
    segue.settle()
    (asked,) = sqs.receive_message(QueueUrl=_url(segue, "tokens"))["Messages"]
    sqs.send_message(QueueUrl=_url(segue, "received"), MessageBody="again", MessageAttributes=_ATTRIBUTES)
    (received,) = sqs.receive_message(QueueUrl=_url(segue, "received"))["Messages"]
    for number in range(3):
        sent = sqs.send_message(
            QueueUrl=_url(segue, "q.fifo"),
            MessageBody=str(number),
            MessageGroupId="g",
            MessageDeduplicationId=str(number),
        )
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"\x00\xff", Metadata={"a": "b"})
    s3.put_object(Bucket="kept", Key="large", Body=_LARGE)
    dynamodb = segue.client("dynamodb")
    key = {"AttributeName": "id", "AttributeType": "S"}
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    dynamodb.create_table(
        TableName="things", AttributeDefinitions=[key], KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )
    dynamodb.put_item(TableName="things", Item=_ITEM)
    segue.client("secretsmanager").create_secret(Name="s", SecretString="hush\u0001")
    segue.client("scheduler").create_schedule(
        Name="every",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"{_QUEUES}:fired", "RoleArn": _ROLE, "Input": "fire"},
    )
    segue.client("lambda").create_function(
        FunctionName="f", Runtime="python3.11", Role=_ROLE, Handler="f.handler", Code={"ZipFile": _package()}
    )
    sns, events = segue.client("sns"), segue.client("events")
    sns.subscribe(TopicArn=sns.create_topic(Name="told")["TopicArn"], Protocol="sqs", Endpoint=f"{_QUEUES}:fired")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    segue.client("lambda").create_event_source_mapping(
        FunctionName="f", EventSourceArn=f"{_QUEUES}:q.fifo", Enabled=False
    )
    segue.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=f"{_QUEUES}:polled")
    # A worker holds a job, and will not be heard of again.
    segue.transact(lambda tx: tx.run("UPDATE jobs SET receipt = 7 WHERE kind = 'scheduler:fire'"))
    now_ms = segue.transact(lambda tx: tx.now_ms)
    sequence = int(sent["SequenceNumber"])
    return Left(started["waits"], started["asks"], asked["Body"], received["MessageId"], now_ms, sequence)


_ATTRIBUTES = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}}
_ITEM = {
    "id": {"S": "ключ"},
    "bytes": {"B": b"\x00\xfe\xff"},
    "number": {"N": "12345678901234567890.12345678901234567"},
    "set": {"BS": [b"\x01", b"\x02"]},
    "nested": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}]}}},
}


def _goes_on(segue: Segue, left: Left) -> None:
    sqs, states, s3 = segue.client("sqs"), segue.client("stepfunctions"), segue.client("s3")
    assert segue.client("dynamodb").get_item(TableName="things", Key={"id": _ITEM["id"]})["Item"] == _ITEM
    assert segue.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "hush\u0001"
    assert s3.get_object(Bucket="kept", Key="small")["Body"].read() == b"\x00\xff"
    assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == _LARGE
    invoked = segue.client("lambda").invoke(FunctionName="f", Payload=b'{"n": 21}')
    assert json.load(invoked["Payload"]) == {"doubled": 42}

    states.send_task_success(taskToken=left.token, output='{"answered": true}')
    assert states.describe_execution(executionArn=left.asking)["output"] == '{"answered": true}'

    order = [_receive_one(segue, "q.fifo")["Body"] for _ in range(3)]
    assert order == ["0", "1", "2"]
    again = {"MessageBody": "0", "MessageGroupId": "g", "MessageDeduplicationId": "0"}
    sqs.send_message(QueueUrl=_url(segue, "q.fifo"), **again)
    assert "Messages" not in sqs.receive_message(QueueUrl=_url(segue, "q.fifo"))
    again["MessageDeduplicationId"] = "new"
    sent = sqs.send_message(QueueUrl=_url(segue, "q.fifo"), **again)
    assert int(sent["SequenceNumber"]) > left.sequence

    assert "Messages" not in sqs.receive_message(QueueUrl=_url(segue, "received"))
    segue.advance(61)
    message = _receive_one(segue, "received")
    assert (message["MessageId"], message["MessageAttributes"]) == (left.received, _ATTRIBUTES)

    assert states.describe_execution(executionArn=left.waiting)["status"] == "RUNNING"
    segue.advance(minutes=5)
    ended = states.describe_execution(executionArn=left.waiting)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"text": "ä\0"})
    history = states.get_execution_history(executionArn=left.waiting)["events"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert _receive_one(segue, "fired")["Body"] == "fire"


def _url(segue: Segue, name: str) -> str:
    return f"{segue.endpoint_url}/000000000000/{name}"


def _receive_one(segue: Segue, name: str) -> dict[str, Any]:
    sqs, url = segue.client("sqs"), _url(segue, name)
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return dict(message)


def _package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("f.py", _HANDLER)
        archive.writestr("more", _LARGE)
    return buffer.getvalue()


def _content(file: Path) -> dict[str, Any]:
    """What a file holds, but for the order of rows and what importing itself writes."""
    tables: dict[str, Any] = {}
    rows: list[Any] = []
    with file.open("rb") as opened:
        for kind, content in read_parts(opened):
            if kind == "table":
                rows = tables[content[0]] = []
                names = content[1]
            elif kind == "rows":
                rows.extend(dict(zip(names, row, strict=True)) for row in content[0])
            elif kind == "content":
                tables[content[0]] = content[1]
    for job in tables["jobs"]:
        job.update(receipt=0, visible_at=0)
    return {name: sorted(map(repr, rows)) if isinstance(rows, list) else rows for name, rows in tables.items()}
