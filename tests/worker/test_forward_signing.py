"""What a request is when it is signed anew."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import pytest

from segue.api.forward import ForwardRequest, parse_forward
from segue.wire.request import Request, StoredBody
from segue.wire.sigv4 import parse_authorization, verify
from segue.worker.forward_signing import Place, Signer

CREDENTIAL = "AWS4-HMAC-SHA256 Credential=AKIAOLD/20200101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00"


def place(forward: str, request: Request, service: str = "s3", region: str = "eu-west-1", **more: Any) -> Place:
    given = ForwardRequest(parse_forward(forward), service, region, request, **more)
    return asyncio.run(Signer().place(given))


def verified(found: Place, method: str, secret: str, body: bytes = b"") -> str:
    """The scope of a place's signature, which must be right."""
    request = Request(method, found.path, found.query, found.headers, body)
    verify(request, secret, int(time.time() * 1000))
    credential = parse_authorization(request)
    assert credential is not None
    return f"{credential.access_key}/{credential.region}/{credential.service}"


def test_a_bucket_in_the_host_moves_into_the_path() -> None:
    request = Request("PUT", "/a%20b", "x=1", {"host": "b.s3.localhost:4566", "authorization": CREDENTIAL}, b"hi")
    found = place("s3=http://key:sec@store:9000/base", request)
    assert (found.host, found.port, found.path, found.query) == ("store", 9000, "/base/b/a%20b", "x=1")
    assert found.headers["host"] == "store:9000"
    assert found.headers["x-amz-content-sha256"] == hashlib.sha256(b"hi").hexdigest()
    assert verified(found, "PUT", "sec", b"hi") == "key/eu-west-1/s3"


def test_frames_and_old_signatures_are_left_behind() -> None:
    headers = {
        "host": "h",
        "authorization": CREDENTIAL,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "2",
        "content-encoding": "aws-chunked,gzip",
        "x-amz-security-token": "old",
        "x-amz-meta-a": "b",
    }
    found = place("s3=http://key:sec@store", Request("PUT", "/b/k", "", headers, b"hi"))
    assert found.headers["content-encoding"] == "gzip"
    assert not {"x-amz-decoded-content-length", "x-amz-security-token"} & set(found.headers)
    assert verified(found, "PUT", "sec", b"hi") == "key/eu-west-1/s3"


def test_a_presigned_url_becomes_a_header() -> None:
    query = "X-Amz-Algorithm=A&X-Amz-Credential=k%2F1%2F2%2F3%2Faws4_request&X-Amz-Signature=00&versionId=7"
    found = place("s3=http://key:sec@store", Request("GET", "/b/k", query, {"host": "h"}))
    assert found.query == "versionId=7"
    assert verified(found, "GET", "sec") == "key/eu-west-1/s3"


def test_a_body_on_the_disk_is_signed_by_its_digest() -> None:
    digest = hashlib.sha256(b"large").hexdigest()
    request = Request("POST", "/", "", {"host": "h", "x-amz-target": "A.B"})
    request.stored = StoredBody(digest, 5)
    found = place("kms=http://key:sec@store", request, "kms", file="/f")
    sent = Request("POST", found.path, "", found.headers)
    sent.stored = StoredBody(digest, 5)
    assert verify(sent, "sec").service == "kms"


@pytest.mark.parametrize(
    ("forward", "service", "host", "region"),
    [
        ("s3=https://s3.eu-west-3.amazonaws.com", "s3", "s3.eu-west-3.amazonaws.com", "eu-west-3"),
        ("kms=aws", "kms", "kms.eu-west-1.amazonaws.com", "eu-west-1"),
        ("iam=aws", "iam", "iam.amazonaws.com", "us-east-1"),
        ("cloudwatch=aws", "monitoring", "monitoring.eu-west-1.amazonaws.com", "eu-west-1"),
        ("*=aws", "kinesis", "kinesis.eu-west-1.amazonaws.com", "eu-west-1"),
    ],
)
def test_aws_itself(monkeypatch: pytest.MonkeyPatch, forward: str, service: str, host: str, region: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    found = place(forward, Request("POST", "/", "", {"host": "localhost", "x-amz-target": "A.B"}, b"{}"), service)
    assert (found.host, found.port, found.is_secure) == (host, 443, True)
    assert found.headers["x-amz-security-token"] == "token"
    assert verified(found, "POST", "real", b"{}") == f"AKIAREAL/{region}/{service}"


def test_nobody_knows_which_service() -> None:
    with pytest.raises(LookupError, match="name it"):
        place("*=aws", Request("POST", "/", "", {"host": "localhost"}), "no-such-service")
