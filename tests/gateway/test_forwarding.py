"""Services that are sent elsewhere, from HTTP and from workflows alike."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from segue.testing import Segue
from segue.wire.request import Request
from segue.wire.sigv4 import parse_authorization, verify
from tests.outside import Outside, Reply, Sent

ONCE = Config(retries={"total_max_attempts": 1})
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        yield server


def request_of(sent: Sent) -> Request:
    path, _, query = sent.target.partition("?")
    return Request(sent.method, path, query, dict(sent.headers), sent.body)


def test_a_request_goes_on_as_it_came_and_its_answer_comes_back_as_it_is(outside: Outside) -> None:
    outside.answer = lambda sent: Reply(b'{"CiphertextBlob":"aGk=","X":1.0}', 200, (("X-Odd", "a"), ("X-Odd", "b")))
    with Segue(forward=(f"kms={outside.url}/base",), secret_access_key="test") as segue:
        asked = {"KeyId": "k", "Plaintext": b"x"}
        answer = segue.client("kms", region="eu-west-3").encrypt(**asked)
        new = {"X-Amz-Target": "TrentService.New"}
        raw = urllib.request.Request(f"{segue.endpoint_url}/a%2Fb//c?x=%20&y", b"raw", new, method="PUT")
        with urllib.request.urlopen(raw) as got:
            assert got.read() == b'{"CiphertextBlob":"aGk=","X":1.0}'
    assert answer["CiphertextBlob"] == b"hi"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-odd"] == "a, b"
    first = outside.sent[0]
    assert (first.method, first.target) == ("POST", "/base/")
    assert json.loads(first.body) == {"KeyId": "k", "Plaintext": "eA=="}
    assert first.headers["host"] == segue.endpoint_url.removeprefix("http://")
    credential = parse_authorization(request_of(first))
    assert credential is not None
    assert (credential.service, credential.region) == ("kms", "eu-west-3")
    signed = request_of(first)
    signed.path = "/"
    assert verify(signed, "test")  # the signature is right as it came: the host is the one it was made for
    newer = outside.sent[1]  # an operation that no model knows yet
    assert (newer.method, newer.target, newer.body) == ("PUT", "/base/a%2Fb//c?x=%20&y", b"raw")


def test_another_server_has_the_service() -> None:
    """Whole clients' conversations, errors too."""
    with Segue() as other, Segue(forward=(f"sqs={other.endpoint_url}",)) as segue:
        queues = segue.client("sqs")
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody="hello")
        assert other.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
        with pytest.raises(ClientError, match="NonExistentQueue"):
            queues.get_queue_url(QueueName="none")
        assert [bucket["Name"] for bucket in segue.client("s3").list_buckets()["Buckets"]] == []


def test_large_bodies_pass_through_the_disk(tmp_path: Any) -> None:
    """Neither side holds them; nothing stays."""
    content = os.urandom(3_000_000)
    forward_data = tmp_path / "data"
    with Segue() as other, Segue(forward_data, forward=(f"s3={other.endpoint_url}",)) as segue:
        store = segue.client("s3")
        store.create_bucket(Bucket="books")
        store.put_object(Bucket="books", Key="große/ datei+1", Body=content)
        found = store.get_object(Bucket="books", Key="große/ datei+1")
        assert found["ContentLength"] == len(content)
        assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(content).digest()
        assert store.head_object(Bucket="books", Key="große/ datei+1")["ContentLength"] == len(content)
        assert other.client("s3").get_object(Bucket="books", Key="große/ datei+1")["Body"].read() == content
        store.delete_object(Bucket="books", Key="große/ datei+1")
        left = [path for path in (forward_data / "blobs").rglob("*") if path.is_file()]
        assert left == []


def test_keys_of_the_other_side_sign() -> None:
    """A large body, frames, a presigned URL: signed anew they still mean the same; who asks is asked for his own."""
    content, now_ms = os.urandom(50_000), int(time.time() * 1000)
    with Segue(secret_access_key="of the other", now_ms=now_ms) as other:
        forward = f"s3={other.endpoint_url.replace('//', '//AKIAOTHER:of%20the%20other@')}"
        with Segue(forward=(forward,), secret_access_key="test", now_ms=now_ms) as segue:
            store = segue.client("s3")
            store.create_bucket(Bucket="books")
            store.put_object(Bucket="books", Key="k", Body=content)
            store.put_object(Bucket="books", Key="small", Body=b"few", ChecksumAlgorithm="SHA256")
            assert store.get_object(Bucket="books", Key="k")["Body"].read() == content
            url = store.generate_presigned_url("get_object", {"Bucket": "books", "Key": "small"})
            with urllib.request.urlopen(url) as got:
                assert got.read() == b"few"
            wrong = segue.client("s3", aws_secret_access_key="wrong", config=ONCE)
            with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
                wrong.get_object(Bucket="books", Key="k")


def test_workflows_perform_operations_of_forwarded_services(outside: Outside) -> None:
    outside.answer = lambda sent: Reply.of({"CiphertextBlob": "aGk=", "KeyId": "k"})
    with Segue(forward=(f"kms={outside.url}",)) as segue:
        output = run(segue, "kms:encrypt", {"KeyId": "k", "Plaintext": "x"})
        assert output == {"CiphertextBlob": "hi", "KeyId": "k"}
        sent = outside.sent[-1]
        assert sent.headers["x-amz-target"] == "TrentService.Encrypt"
        assert verify(request_of(sent), "test").access_key == "000000000000"

        refusal = {"__type": "com.amazonaws.kms#NotFoundException", "message": "no such key"}
        outside.answer = lambda sent: Reply.of(refusal, 400)
        failed = run(segue, "kms:encrypt", {"KeyId": "k", "Plaintext": "x"})
        assert failed["error"] == "Kms.NotFoundException"
        assert failed["cause"].startswith("no such key (Service: Kms, Status Code: 400")


def test_everything_else_goes_where_the_star_says(outside: Outside) -> None:
    outside.answer = lambda sent: Reply.of({"StreamNames": ["one"], "HasMoreStreams": False})
    with Segue(forward=(f"*={outside.url}",)) as segue:
        assert segue.client("kinesis").list_streams()["StreamNames"] == ["one"]
        assert run(segue, "kinesis:listStreams", {})["StreamNames"] == ["one"]
        segue.client("sqs").list_queues()
        assert {sent.headers["x-amz-target"] for sent in outside.sent} == {"Kinesis_20131202.ListStreams"}
        with urllib.request.urlopen(f"{segue.endpoint_url}/_segue/health") as got:
            assert json.load(got)["forwards"] == {"*": outside.url}


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listened at
        place = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Segue(forward=(f"kms={place}",)) as segue:
            with pytest.raises(ClientError) as refused:
                segue.client("kms", config=ONCE).list_keys()
            told = refused.value.response
            assert told["Error"]["Code"] == "ServiceUnavailable"
            assert f"kms is forwarded to {place}, which gave no answer" in told["Error"]["Message"]
            assert told["ResponseMetadata"]["HTTPStatusCode"] == 503
            failed = run(segue, "kms:listKeys", {})
            assert "is forwarded to" in failed["cause"]


def test_a_circle_ends() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    forward = (f"kms=http://127.0.0.1:{port}",)
    first = Segue(forward=forward)
    first._settings = replace(first._settings, port=port)
    with first, pytest.raises(ClientError, match="in a circle"):
        first.client("kms", config=ONCE).list_keys()


def run(segue: Segue, action: str, parameters: dict[str, Any]) -> Any:
    """The output of an execution that performs one action, or its error and cause."""
    states = segue.client("stepfunctions")
    state = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    name = f"m{len(states.list_state_machines()['stateMachines'])}"
    machine = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    segue.settle()
    done = states.describe_execution(executionArn=arn)
    if done["status"] == "SUCCEEDED":
        return json.loads(done["output"])
    return {"error": done["error"], "cause": done["cause"]}
