"""Signed requests: presigned URLs of both versions, and bodies in signed chunks."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from segue.testing import Segue
from tests.services.s3.conftest import refused

KEYS = ["plain", "a b", "a:b", "ü/漢", "a+b", "arn:aws:states:us-east-1:0:execution:m:e/0-cookies.json"]


@pytest.fixture(scope="module")
def strict() -> Iterator[Segue]:
    """A server that looks at signatures."""
    with Segue(secret_access_key="secret", now_ms=int(time.time() * 1000)) as server:
        yield server


def client(server: Segue, version: str = "s3v4", secret: str = "secret", style: str = "path") -> Any:
    config = Config(signature_version=version, s3={"addressing_style": style})
    return server.client("s3", aws_secret_access_key=secret, config=config)


def fetch(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, method=method)
    if body is not None:
        request.add_header("Content-Type", "")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("key", KEYS)
def test_presigned_urls_put_and_get(strict: Segue, version: str, key: str) -> None:
    s3 = client(strict, version)
    s3.create_bucket(Bucket="presigned")
    put = s3.generate_presigned_url("put_object", {"Bucket": "presigned", "Key": key})
    assert fetch(put, "PUT", key.encode())[0] == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": "presigned", "Key": key})
    assert fetch(get) == (200, key.encode())
    typed = {"Bucket": "presigned", "Key": key, "ResponseContentType": "text/plain"}
    assert fetch(s3.generate_presigned_url("get_object", typed))[0] == 200


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_temporary_credentials_sign_urls_too(strict: Segue, version: str) -> None:
    client(strict).create_bucket(Bucket="presigned")
    client(strict).put_object(Bucket="presigned", Key="a", Body=b"x")
    given = strict.client("sts", aws_secret_access_key="secret").get_session_token()["Credentials"]
    session = strict.client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    url = session.generate_presigned_url("get_object", {"Bucket": "presigned", "Key": "a"})
    assert "x-amz-security-token=" in url.lower()
    assert fetch(url) == (200, b"x")
    without = "&".join(part for part in url.split("&") if not part.lower().startswith("x-amz-security-token"))
    assert fetch(without)[0] == 403


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_wrong_secret_and_a_changed_url_are_refused(strict: Segue, version: str) -> None:
    client(strict).create_bucket(Bucket="presigned")
    params = {"Bucket": "presigned", "Key": "a"}
    wrong = client(strict, version, secret="other").generate_presigned_url("get_object", params)
    assert (fetch(wrong)[0], b"<Code>SignatureDoesNotMatch</Code>" in fetch(wrong)[1]) == (403, True)
    other = client(strict, version).generate_presigned_url("get_object", params).replace("/a?", "/b?")
    assert fetch(other)[0] == 403
    assert refused(client(strict, secret="other").list_buckets) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("checked", [True, False], ids=["signatures are checked", "they are not"])
def test_presigned_urls_expire(version: str, checked: bool) -> None:
    settings = {"secret_access_key": "secret"} if checked else {}
    with Segue(now_ms=int(time.time() * 1000), **settings) as server:
        s3 = client(server, version)
        s3.create_bucket(Bucket="presigned")
        s3.put_object(Bucket="presigned", Key="a", Body=b"x")
        url = s3.generate_presigned_url("get_object", {"Bucket": "presigned", "Key": "a"}, ExpiresIn=60)
        server.advance(30)
        assert fetch(url) == (200, b"x")
        server.advance(60)
        status, body = fetch(url)
        assert status == 403
        if version == "s3" or not checked:
            assert b"Request has expired" in body


def test_addressing_by_host_name(strict: Segue) -> None:
    s3 = client(strict, style="virtual")
    port = urlsplit(strict.endpoint_url).port
    endpoint = f"http://localhost:{port}"
    config = Config(s3={"addressing_style": "virtual"})
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="secret",
        config=config,
    )
    host = {"Host": f"by-host.s3.us-east-1.amazonaws.com:{port}"}
    assert _signed(strict, "PUT", "/", b"", host)[0] == 200
    assert _signed(strict, "PUT", "/some/key", b"content", host)[0] == 200
    assert s3.meta.endpoint_url == endpoint
    for name in ("by-host.localhost", "by-host.s3.localhost.localstack.cloud", "by-host.s3-eu-west-1.amazonaws.com"):
        assert _signed(strict, "GET", "/some/key", b"", {"Host": f"{name}:{port}"}) == (200, b"content")
    assert _signed(strict, "GET", "/by-host/some/key", b"", {"Host": f"s3.localhost:{port}"}) == (200, b"content")


def _signed(server: Segue, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    request = AWSRequest(method, f"http://{headers['Host']}{path}", {}, body)
    request.headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
    S3SigV4Auth(Credentials("000000000000", "secret"), "s3", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc)
    sent = {name: value for name, value in request.headers.items() if name != "Host"}
    connection.request(method, path, body, {**sent, **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


class Chunked:
    """A body in signed chunks, as older SDKs send it."""

    def __init__(self, auth: S3SigV4Auth, request: AWSRequest, seed: str) -> None:
        self._auth, self._request, self._previous = auth, request, seed

    def sign(self, content: bytes) -> bytes:
        scope = self._auth.credential_scope(self._request)
        empty = hashlib.sha256(b"").hexdigest()
        stamp = self._request.context["timestamp"]
        lines = ("AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, self._previous, empty, hashlib.sha256(content).hexdigest())
        self._previous = self._auth.signature("\n".join(lines), self._request)
        return b"%x;chunk-signature=%s\r\n%s\r\n" % (len(content), self._previous.encode(), content)


@pytest.mark.parametrize("size", [70_000, 5], ids=["on disk", "held"])
@pytest.mark.parametrize("broken", [False, True])
def test_signed_chunks(strict: Segue, size: int, broken: bool) -> None:
    client(strict).create_bucket(Bucket="chunks")
    content = b"x" * size
    url = f"{strict.endpoint_url}/chunks/key-{size}-{broken}"
    request = AWSRequest("PUT", url, {}, b"")
    request.headers["x-amz-content-sha256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request.headers["x-amz-decoded-content-length"] = str(size)
    request.headers["Content-Encoding"] = "aws-chunked"
    auth = _Streaming(Credentials("000000000000", "secret"), "s3", "us-east-1")
    auth.add_auth(request)
    seed = request.headers["Authorization"].rpartition("Signature=")[2]
    chunks = Chunked(auth, request, seed)
    pieces = [content[at : at + 65_536] for at in range(0, size, 65_536)]
    body = b"".join(chunks.sign(piece) for piece in pieces) + chunks.sign(b"")
    if broken:
        body = body.replace(b"x" * 5, b"y" * 5, 1)
    connection = http.client.HTTPConnection(urlsplit(strict.endpoint_url).netloc)
    connection.request("PUT", urlsplit(url).path, body, dict(request.headers.items()))
    answer = connection.getresponse()
    assert answer.status == (403 if broken else 200), answer.read()
    connection.close()
    key = f"key-{size}-{broken}"
    if broken:
        assert refused(client(strict).get_object, Bucket="chunks", Key=key) == ("NoSuchKey", 404)
    else:
        got = client(strict).get_object(Bucket="chunks", Key=key)
        assert (got["Body"].read(), got.get("ContentEncoding")) == (content, None)


class _Streaming(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        super()._modify_request_before_signing(request)
        request.headers.replace_header("X-Amz-Content-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")


@pytest.mark.parametrize("size", [70_000, 5], ids=["on disk", "held"])
@pytest.mark.parametrize(("right", "status"), [(True, 200), (False, 400)])
def test_checksums_behind_the_body(served: Segue, size: int, right: bool, status: int) -> None:
    """As today's SDKs send what they read from a stream."""
    s3, content = served.client("s3"), b"x" * size
    s3.create_bucket(Bucket="trailers")
    checksum = b64encode(zlib.crc32(content if right else b"other").to_bytes(4, "big")).decode()
    pieces = [content[at : at + 65_536] for at in range(0, size, 65_536)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    body = framed + f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(size),
        "Content-Encoding": "gzip,aws-chunked",
        "Transfer-Encoding": "chunked",
    }
    connection = http.client.HTTPConnection(urlsplit(served.endpoint_url).netloc)
    key = f"{size}-{right}"
    connection.request("PUT", f"/trailers/{key}", iter([body]), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, b"BadDigest" in answer.read()) == (status, not right)
    connection.close()
    if right:
        got = s3.get_object(Bucket="trailers", Key=key, ChecksumMode="ENABLED")
        assert (got["Body"].read(), got["ChecksumCRC32"], got["ContentEncoding"]) == (content, checksum, "gzip")
    else:
        assert refused(s3.head_object, Bucket="trailers", Key=key) == ("404", 404)


def test_large_bodies_under_signatures(strict: Segue) -> None:
    s3 = client(strict)
    s3.create_bucket(Bucket="large")
    s3.put_object(Bucket="large", Key="a", Body=b"x" * 3_000_000)
    assert s3.get_object(Bucket="large", Key="a")["ContentLength"] == 3_000_000
    wrong = client(strict, secret="other")
    assert refused(wrong.put_object, Bucket="large", Key="b", Body=b"x" * 3_000_000) == ("SignatureDoesNotMatch", 403)
    assert refused(s3.head_object, Bucket="large", Key="b") == ("404", 404)
