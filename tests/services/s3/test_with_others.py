"""Objects in other services' hands: workflows, functions, and what the collector of blobs leaves."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from segue.api import Call, Caller
from segue.api.objects import read_object
from segue.errors import AwsError
from segue.testing import Segue
from tests.services.s3.conftest import refused

ROLE = "arn:aws:iam::000000000000:role/any"


def run(segue: Segue, resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """What an execution of one task comes to."""
    states = segue.client("stepfunctions")
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:s3:{resource}",
        "Parameters": parameters,
        "End": True,
    }
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    arn = states.create_state_machine(name=f"m{os.urandom(8).hex()}", definition=definition, roleArn=ROLE)
    execution = states.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]
    segue.settle()
    told: dict[str, Any] = states.describe_execution(executionArn=execution)
    return told


def test_workflows_read_text(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key, text in (("small", "ü"), ("large", "x" * 100_000)):
        s3.put_object(Bucket="bucket", Key=key, Body=text.encode(), ContentType="text/plain")
        told = run(segue, "getObject", {"Bucket": "bucket", "Key": key})
        output = json.loads(told["output"])
        assert (output["Body"], output["ContentLength"]) == (text, len(text.encode()))
        assert output["ETag"] == s3.head_object(Bucket="bucket", Key=key)["ETag"]
    s3.put_object(Bucket="bucket", Key="larger", Body=b"x" * 262_145)
    told = run(segue, "getObject", {"Bucket": "bucket", "Key": "larger"})
    assert (told["status"], told["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_workflows_copy_what_came_in_parts(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="bucket")
    upload = {"Bucket": "bucket", "Key": "a"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x" * 50_000)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    told = run(segue, "copyObject", {"Bucket": "bucket", "Key": "b", "CopySource": "bucket/a"})
    assert told["status"] == "SUCCEEDED"
    assert s3.get_object(Bucket="bucket", Key="b")["Body"].read() == b"x" * 50_000


def test_workflows_see_errors_by_name(segue: Segue) -> None:
    segue.client("s3").create_bucket(Bucket="bucket")
    for parameters, name in (
        ({"Bucket": "none", "Key": "a"}, "S3.NoSuchBucketException"),
        ({"Bucket": "bucket", "Key": "a"}, "S3.NoSuchKeyException"),
        ({"Bucket": "bucket", "Key": "a", "VersionId": "x"}, "S3.S3Exception"),
    ):
        told = run(segue, "getObject", parameters)
        assert told["error"] == name
        assert "Extended Request ID: " in told["cause"]


def test_functions_are_made_of_objects(segue: Segue) -> None:
    s3, functions = segue.client("s3"), segue.client("lambda")
    s3.create_bucket(Bucket="code")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.py", "def handler(event, context):\n    return event\n")
        written.writestr("filler", os.urandom(100_000))
    s3.put_object(Bucket="code", Key="a.zip", Body=archive.getvalue())
    base = {"FunctionName": "f", "Runtime": "python3.12", "Role": ROLE, "Handler": "index.handler"}
    made = functions.create_function(**base, Code={"S3Bucket": "code", "S3Key": "a.zip"})
    assert made["CodeSize"] == len(archive.getvalue())
    base["FunctionName"] = "g"
    code = {"S3Bucket": "code", "S3Key": "b.zip"}
    assert refused(functions.create_function, **base, Code=code) == ("InvalidParameterValueException", 400)


def test_handlers_read_a_stretch_at_a_time(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="bucket")
    content = os.urandom(100_000)
    etag = s3.put_object(Bucket="bucket", Key="a", Body=content)["ETag"]
    s3.put_object(Bucket="bucket", Key="empty", Body=b"")

    def read(tx: Any, key: str = "a", **more: Any) -> Any:
        return read_object(Call(tx, Caller(), segue.server.api, 0), "bucket", key, **more)

    first = segue.transact(lambda tx: read(tx, size=60_000))
    assert (first.content, first.total_bytes, first.etag) == (content[:60_000], 100_000, etag)
    rest = segue.transact(lambda tx: read(tx, offset=60_000, size=60_000, etag=etag))
    assert rest.content == content[60_000:]
    assert segue.transact(lambda tx: read(tx, offset=100_000, etag=etag)).content == b""
    nothing = segue.transact(lambda tx: read(tx, "empty"))
    assert (nothing.content, nothing.total_bytes) == (b"", 0)
    s3.put_object(Bucket="bucket", Key="a", Body=b"other")
    with pytest.raises(AwsError, match="PreconditionFailed"):
        segue.transact(lambda tx: read(tx, etag=etag))


def _blobs(segue: Segue) -> list[Path]:
    return sorted(Path(segue.server.api.blobs.path("ab")).parent.parent.glob("??/*"))


def test_what_nobody_names_is_collected_and_nothing_else(tmp_path: Path) -> None:
    with Segue(tmp_path / "data", blobs=str(tmp_path / "blobs")) as segue:
        s3 = segue.client("s3")
        s3.create_bucket(Bucket="bucket")
        for key in ("kept", "twice", "gone"):
            s3.put_object(Bucket="bucket", Key=key, Body=key.encode() * 10_000)
        s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/twice")
        upload = {"Bucket": "bucket", "Key": "a"}
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        s3.upload_part(**upload, PartNumber=1, Body=b"part" * 10_000)
        segue.server.api.blobs.put(b"of a crash between it and its row")
        for key in ("twice", "gone"):
            s3.delete_object(Bucket="bucket", Key=key)
        assert len(_blobs(segue)) == 5
        segue.advance(hours=1, minutes=1)
        assert len(_blobs(segue)) == 5  # all of them are young
        for file in _blobs(segue):
            os.utime(file, (0, 0))
        segue.advance(hours=1, minutes=1)
        assert len(_blobs(segue)) == 3
        for key in ("kept", "copy"):
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read()


def test_nothing_of_a_body_that_stops_coming_or_is_refused_is_left(segue: Segue) -> None:
    import socket

    s3 = segue.client("s3")
    s3.create_bucket(Bucket="bucket")
    address = segue.endpoint_url.removeprefix("http://").split(":")
    head = (
        b"PUT /bucket/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n"
        b"Authorization: AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, "
        b"SignedHeaders=host, Signature=0\r\n\r\n"
    )
    with socket.create_connection((address[0], int(address[1]))) as sock:
        sock.sendall(head + b"x" * 2_000_000)
    assert refused(s3.get_object, Bucket="bucket", Key="half") == ("NoSuchKey", 404)
    assert refused(s3.put_object, Bucket="bucket", Key="b", Body=b"x" * 3_000_000, ContentMD5="xx") == (
        "InvalidDigest",
        400,
    )
    for _ in range(100):
        left = list(Path(segue.server.api.blobs.path("ab")).parent.parent.glob(".unfinished*"))
        if not left:
            break
        segue.settle()
    assert not left
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
