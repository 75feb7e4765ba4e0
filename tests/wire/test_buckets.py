"""Which operation on which bucket and key a request means."""

from __future__ import annotations

import pytest

from segue.errors import AwsError
from segue.wire.buckets import bucket_and_key, bucket_of_host
from segue.wire.model import load_service
from segue.wire.request import Request
from segue.wire.route import route

SERVICES = ("sqs", "lambda", "s3")
SIGNED = "AWS4-HMAC-SHA256 Credential=0/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def signed(method: str, target: str, **headers: str) -> Request:
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query, {"authorization": SIGNED, "host": "127.0.0.1:4566", **named})


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("localhost:4566", ""),
        ("127.0.0.1:4566", ""),
        ("[::1]:4566", ""),
        ("s3.localhost.localstack.cloud:4566", ""),
        ("s3.amazonaws.com", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("bucket.localhost:4566", "bucket"),
        ("my.dotted.bucket.localhost", "my.dotted.bucket"),
        ("bucket.s3.localhost.localstack.cloud:4566", "bucket"),
        ("bucket.s3.amazonaws.com", "bucket"),
        ("my.bucket.s3.eu-west-1.amazonaws.com:443", "my.bucket"),
        ("bucket.s3-eu-west-1.amazonaws.com", "bucket"),
        ("segue:4566", ""),
    ],
)
def test_buckets_in_hosts(host: str, bucket: str) -> None:
    assert bucket_of_host(host) == bucket


@pytest.mark.parametrize(
    ("path", "bucket", "key"),
    [
        ("/", "", ""),
        ("/b", "b", ""),
        ("/b/", "b", ""),
        ("/b/a/b/", "b", "a/b/"),
        ("/b//a", "b", "/a"),
        ("/b/a%2Fb%20+c", "b", "a/b +c"),
        ("/b/..", "b", ".."),
        ("/b/%C3%BC", "b", "ü"),
    ],
)
def test_buckets_and_keys_in_paths(path: str, bucket: str, key: str) -> None:
    assert bucket_and_key(Request("GET", path, headers={"host": "localhost"})) == (bucket, key)
    by_host = path.removeprefix(f"/{bucket}") or "/"
    if bucket:
        assert bucket_and_key(Request("GET", by_host, headers={"host": f"{bucket}.s3.amazonaws.com"})) == (bucket, key)


@pytest.mark.parametrize(
    ("method", "target", "headers", "operation"),
    [
        ("GET", "/", {}, "ListBuckets"),
        ("PUT", "/b", {}, "CreateBucket"),
        ("GET", "/b", {}, "ListObjects"),
        ("GET", "/b?list-type=2&prefix=x", {}, "ListObjectsV2"),
        ("GET", "/b?versions", {}, "ListObjectVersions"),
        ("GET", "/b?versioning=", {}, "GetBucketVersioning"),
        ("GET", "/b?lifecycle", {}, "GetBucketLifecycleConfiguration"),
        ("PUT", "/b?notification", {}, "PutBucketNotificationConfiguration"),
        ("POST", "/b?delete", {}, "DeleteObjects"),
        ("GET", "/b?analytics", {}, "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", {}, "GetBucketAnalyticsConfiguration"),
        ("PUT", "/b/k", {}, "PutObject"),
        ("PUT", "/b/k", {"x_amz_copy_source": "c/d"}, "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", {}, "UploadPart"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", {"x_amz_copy_source": "c/d"}, "UploadPartCopy"),
        ("GET", "/b/k?partNumber=1", {}, "GetObject"),
        ("GET", "/b/k?uploadId=u", {}, "ListParts"),
        ("POST", "/b/k?uploads", {}, "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=u", {}, "CompleteMultipartUpload"),
        ("DELETE", "/b/k", {}, "DeleteObject"),
        ("DELETE", "/b/k?uploadId=u", {}, "AbortMultipartUpload"),
        ("HEAD", "/b/k?Action=SendMessage", {}, "HeadObject"),
        ("GET", "/2015-03-31/functions", {}, "GetObject"),
    ],
)
def test_operations(method: str, target: str, headers: dict[str, str], operation: str) -> None:
    assert route(signed(method, target, **headers), SERVICES).operation.name == operation


def test_every_operation_has_its_place() -> None:
    """None is hidden behind another, but for those that newer ones have superseded."""
    from segue.wire import overlays

    for name, model in load_service("s3").operations.items():
        if name in overlays.SUPERSEDED["s3"]:
            continue
        shape = model.input
        required = [shape.members[member] for member in sorted(shape.required)] if shape else []
        query = [f"{ref.location_name}=1" for ref in required if ref.location == "querystring"]
        headers = {(ref.location_name or "").lower(): "1" for ref in required if ref.location == "header"}
        path, _, literal = model.uri.partition("?")
        path = path.replace("{Bucket}", "b").replace("{Key+}", "k")
        target = f"{path}?{'&'.join([literal, *query])}"
        request = signed(model.method, target)
        request.headers |= headers
        assert route(request, SERVICES).operation.name == name


def test_who_is_meant_without_a_signature() -> None:
    assert route(Request("GET", "/b/k", headers={"host": "localhost"}), SERVICES).service.name == "s3"
    assert route(Request("GET", "/k", headers={"host": "b.s3.amazonaws.com"}), SERVICES).labels["Bucket"] == "b"
    older = Request("GET", "/b/k", "AWSAccessKeyId=A&Expires=1&Signature=x", {"host": "localhost"})
    assert route(older, SERVICES).operation.name == "GetObject"
    functions = Request("GET", "/2015-03-31/functions", headers={"host": "localhost"})
    assert route(functions, SERVICES).service.name == "lambda"
    with pytest.raises(AwsError, match="MethodNotAllowed"):
        route(signed("PATCH", "/b/k"), SERVICES)
    with pytest.raises(AwsError, match="UnknownOperation"):
        route(Request("GET", "/", headers={"host": "localhost"}), SERVICES)
