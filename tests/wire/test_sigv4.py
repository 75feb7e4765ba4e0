"""Oracle: botocore's own signer."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.wire.request import Request
from segue.wire.sigv4 import parse_authorization, verify

SIGNED = "AWS4-HMAC-SHA256 Credential=a/1/r/s/aws4_request, SignedHeaders="
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NAMES = {"sqs": SigV4Auth, "lambda": SigV4Auth, "s3": S3SigV4Auth}


def sign(service: str, method: str, url: str, body: bytes, presign: bool = False) -> Request:
    sent = AWSRequest(method, url, data=body, headers={"X-Custom": "  a   b "})
    credentials = Credentials("AKIDEXAMPLE", SECRET)
    signer = (
        SigV4QueryAuth(credentials, service, "eu-west-1")
        if presign
        else NAMES[service](credentials, service, "eu-west-1")
    )
    signer.add_auth(sent)
    parts = urlsplit(sent.url)
    headers = {key.lower(): value for key, value in sent.headers.items()}
    headers.setdefault("host", parts.netloc)
    return Request(method, parts.path, parts.query, headers, body)


@pytest.mark.parametrize("presign", [False, True])
@pytest.mark.parametrize("service", ["sqs", "lambda"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/2015-03-31/functions/arn%3Aaws%3Alambda/x",
        "/a//b/../c/./d/",
        "/caf%C3%A9 x",
        "/q?b=2&a=1&a=%20&c&d=%2B",
    ],
)
def test_what_botocore_signs_is_verified(service: str, path: str, presign: bool) -> None:
    request = sign(service, "POST", f"http://localhost:4566{path}", b"" if presign else b"body", presign)
    credential = verify(request, SECRET)
    assert (credential.access_key, credential.region, credential.service) == ("AKIDEXAMPLE", "eu-west-1", service)
    assert credential.presigned == presign
    with pytest.raises(AwsError) as caught:
        verify(request, "other")
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


def test_s3_signs_the_path_as_it_stands() -> None:
    verify(sign("s3", "PUT", "http://localhost/b/a%20b//c/../d", b"x"), SECRET)


@given(st.binary(max_size=50), st.binary(max_size=50))
@settings(max_examples=20, deadline=None)
def test_another_body_is_refused(body: bytes, other: bytes) -> None:
    request = sign("sqs", "POST", "http://localhost/", body)
    verify(request, SECRET)
    if other != body:
        request.body = other
        with pytest.raises(AwsError):
            verify(request, SECRET)


def test_age() -> None:
    request = sign("sqs", "POST", "http://localhost/", b"")
    with pytest.raises(AwsError, match="expired"):
        verify(request, SECRET, 4_000_000_000_000)
    with pytest.raises(AwsError, match="not yet current"):
        verify(request, SECRET, 1_000_000_000_000)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "MissingAuthenticationTokenException"),
        ("Basic x", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignatureException"),
        (SIGNED + "date, Signature=0", "IncompleteSignatureException"),
        (SIGNED + "host, Signature=0", "IncompleteSignatureException"),
    ],
)
def test_incomplete(header: str | None, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        verify(Request("GET", "/", "", {} if header is None else {"authorization": header}), SECRET)
    assert caught.value.code == code


def test_scope() -> None:
    scope = (
        "AWS4-HMAC-SHA256 Credential=000000000000/20261121/us-east-1/states/aws4_request,"
        "SignedHeaders=host;x-amz-date,Signature=ab"
    )
    credential = parse_authorization(Request("GET", "/", "", {"authorization": scope}))
    assert credential is not None
    assert (credential.access_key, credential.date, credential.region, credential.service, credential.signature) == (
        "000000000000",
        "20261121",
        "us-east-1",
        "states",
        "ab",
    )
    assert credential.signed_headers == ("host", "x-amz-date")
