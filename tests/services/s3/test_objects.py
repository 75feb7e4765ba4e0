"""Objects as clients see them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from segue.testing import Segue
from segue.wire.checksums import ALGORITHMS
from tests.services.s3.conftest import refused

LARGE = bytes(range(256)) * 12_000  # 3 MB: goes to the disk


@pytest.mark.parametrize("content", [b"", b"hello", LARGE], ids=["empty", "held", "on disk"])
def test_what_is_put_is_got(s3: Any, bucket: str, content: bytes) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=content)
    got = s3.get_object(Bucket=bucket, Key="a")
    assert got["Body"].read() == content
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    assert got["ContentLength"] == len(content)
    assert (got["ContentType"], got["AcceptRanges"]) == ("binary/octet-stream", "bytes")


@pytest.mark.parametrize("key", ["a b", "a:b", "ü/ñ/漢字", "a//b/", "/a", "a+b%20c", "..", "a?b#c&d=e", "a\x01b", "😀"])
def test_keys_are_any_text(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.head_object, Bucket=bucket, Key=key) == ("404", 404)


def test_what_is_told_with_an_object(s3: Any, bucket: str) -> None:
    told = {
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain",
        "Metadata": {"one": "1", "two": "zwei"},
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/other",
    }
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging="k=v&l=w", **told)
    for found in (s3.get_object(Bucket=bucket, Key="a"), s3.head_object(Bucket=bucket, Key="a")):
        assert {name: found[name] for name in told} == told
        assert (found["TagCount"], found["ServerSideEncryption"]) == (2, "AES256")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=5-99999999", 5, None)],
)
@pytest.mark.parametrize("content", [b"0123456789abcdef", LARGE], ids=["held", "on disk"])
def test_ranges(s3: Any, bucket: str, asked: str, first: int, last: int | None, content: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=content)
    got = s3.get_object(Bucket=bucket, Key="a", Range=asked)
    wanted = content[first : None if last is None else last + 1]
    assert got["Body"].read() == wanted
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    begin = first % len(content)
    assert got["ContentRange"] == f"bytes {begin}-{begin + len(wanted) - 1}/{len(content)}"


def test_what_is_no_range_is_the_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"0123")
    for asked in ("bytes=a-b", "lines=1-2", "bytes=3-1", "bytes=0-0,2-3"):
        got = s3.get_object(Bucket=bucket, Key="a", Range=asked)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (b"0123", 200)
    assert refused(s3.get_object, Bucket=bucket, Key="a", Range="bytes=4-") == ("InvalidRange", 416)


def test_what_is_not_there(s3: Any, bucket: str) -> None:
    assert refused(s3.get_object, Bucket=bucket, Key="a") == ("NoSuchKey", 404)
    assert refused(s3.get_object, Bucket="nobody-has-this", Key="a") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025) == ("KeyTooLongError", 400)
    assert s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_reading_under_conditions(s3: Any, bucket: str, served: Segue) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    modified = s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    assert s3.get_object(Bucket=bucket, Key="a", IfMatch=put["ETag"])["Body"].read() == b"x"
    assert refused(s3.get_object, Bucket=bucket, Key="a", IfMatch='"0"') == ("PreconditionFailed", 412)
    assert refused(s3.get_object, Bucket=bucket, Key="a", IfNoneMatch=put["ETag"]) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="a", IfModifiedSince=modified) == ("304", 304)
    assert s3.get_object(Bucket=bucket, Key="a", IfUnmodifiedSince=modified)["ETag"] == put["ETag"]


def test_writing_under_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"2", IfMatch='"0"') == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="b", Body=b"2", IfMatch=etag) == ("NoSuchKey", 404)
    s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"2"


@pytest.mark.parametrize("algorithm", [name.upper() for name in ALGORITHMS if name != "md5"])
@pytest.mark.parametrize("content", [b"hello", LARGE], ids=["held", "on disk"])
def test_checksums_are_kept_and_checked_by_the_client(s3: Any, bucket: str, algorithm: str, content: bytes) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=content, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert got["Body"].read() == content  # which checks it
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize("content", [b"hello", LARGE], ids=["held", "on disk"])
def test_a_body_that_is_not_what_was_sent_is_refused(s3: Any, bucket: str, content: bytes) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=content, ChecksumCRC32="AAAAAA==") == ("BadDigest", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=content, ChecksumCRC32="AAAA") == ("InvalidRequest", 400)
    md5 = "1B2M2Y8AsgTpgAmY7PhCfg=="
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=content, ContentMD5=md5) == ("BadDigest", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=content, ContentMD5="xx") == ("InvalidDigest", 400)
    assert refused(s3.head_object, Bucket=bucket, Key="a") == ("404", 404)


def test_many_are_removed_at_once(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    objects = [{"Key": "a"}, {"Key": "b"}, {"Key": "never"}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert answer["Deleted"] == objects
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "c"}], "Quiet": True})
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": []}) == ("MalformedXML", 400)
