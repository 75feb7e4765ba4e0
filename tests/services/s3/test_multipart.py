"""Uploads in parts, and copies."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from typing import Any

import pytest
from botocore.config import Config

from segue.testing import Segue
from tests.services.s3.conftest import refused

MIB = 1024 * 1024
FIRST, SECOND, LAST = b"a" * (5 * MIB), b"b" * (5 * MIB + 17), b"end"


def begin(s3: Any, bucket: str, **more: Any) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", **more)
    return {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}


def fill(s3: Any, upload: dict[str, Any], *contents: bytes, **more: Any) -> dict[str, Any]:
    parts = []
    for number, content in enumerate(contents, 1):
        told = s3.upload_part(**upload, PartNumber=number, Body=content, **more)
        sums = {name: value for name, value in told.items() if name.startswith(("ChecksumCRC", "ChecksumSHA"))}
        parts.append({"PartNumber": number, "ETag": told["ETag"], **sums})
    return {"Parts": parts}


def test_parts_become_one_object(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ContentType="text/plain", Metadata={"a": "b"})
    parts = fill(s3, upload, FIRST, SECOND, LAST)
    assert refused(s3.get_object, Bucket=bucket, Key="big") == ("NoSuchKey", 404)
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    md5s = b"".join(hashlib.md5(part).digest() for part in (FIRST, SECOND, LAST))
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"'
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["Body"].read() == FIRST + SECOND + LAST
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"a": "b"})
    assert refused(s3.list_parts, **upload) == ("NoSuchUpload", 404)


def test_a_stretch_over_several_parts(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    s3.complete_multipart_upload(**upload, MultipartUpload=fill(s3, upload, FIRST, SECOND, LAST))
    whole = FIRST + SECOND + LAST
    for first, last in ((len(FIRST) - 2, len(FIRST) + 2), (len(FIRST), len(FIRST)), (3, len(whole) - 2)):
        got = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={first}-{last}")
        assert got["Body"].read() == whole[first : last + 1]
    second = s3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (SECOND, 3)
    assert refused(s3.get_object, Bucket=bucket, Key="big", PartNumber=4) == ("InvalidPartNumber", 416)


def test_whole_and_composite_checksums(s3: Any, bucket: str) -> None:
    whole = b64encode(zlib.crc32(FIRST + LAST).to_bytes(4, "big")).decode()
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = fill(s3, upload, FIRST, LAST, ChecksumAlgorithm="CRC32")
    done = s3.complete_multipart_upload(
        **upload, MultipartUpload=parts, ChecksumCRC32=whole, ChecksumType="FULL_OBJECT"
    )
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    done = s3.complete_multipart_upload(
        **upload, MultipartUpload=fill(s3, upload, FIRST, LAST, ChecksumAlgorithm="SHA256")
    )
    digests = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    assert done["ChecksumSHA256"] == f"{b64encode(hashlib.sha256(digests).digest()).decode()}-2"
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = fill(s3, upload, FIRST, ChecksumAlgorithm="CRC32")
    wrong = {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts, **wrong) == ("BadDigest", 400)


def test_what_cannot_be_put_together(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    parts = fill(s3, upload, b"small", LAST)["Parts"]

    def complete(*chosen: dict[str, Any]) -> tuple[str, int]:
        return refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": list(chosen)})

    assert complete(*parts) == ("EntityTooSmall", 400)
    assert complete(parts[1], parts[0]) == ("InvalidPartOrder", 400)
    assert complete({**parts[0], "PartNumber": 7}) == ("InvalidPart", 400)
    assert complete({**parts[0], "ETag": '"0"'}) == ("InvalidPart", 400)
    assert complete() == ("MalformedXML", 400)
    assert refused(s3.upload_part, **upload, PartNumber=10_001, Body=b"") == ("InvalidArgument", 400)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts[:1]})
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == b"small"


def test_parts_and_uploads_are_listed_page_by_page(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    fill(s3, upload, b"1", b"22", b"333")
    pages = list(s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2}))
    assert [[part["Size"] for part in page["Parts"]] for page in pages] == [[1, 2], [3]]
    for key in ("x/1", "x/2", "y"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    uploads = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [item["Key"] for page in uploads for item in page["Uploads"]] == ["big", "x/1", "x/2", "y"]
    folded = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in folded["CommonPrefixes"]] == ["x/"]
    assert s3.abort_multipart_upload(**upload)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.upload_part, **upload, PartNumber=1, Body=b"") == ("NoSuchUpload", 404)


def test_a_part_that_is_uploaded_again_replaces_the_first(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    fill(s3, upload, b"first")
    s3.complete_multipart_upload(**upload, MultipartUpload=fill(s3, upload, b"second"))
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == b"second"


@pytest.mark.parametrize("content", [b"small", SECOND], ids=["held", "on disk"])
def test_a_copy_has_the_same_content(s3: Any, bucket: str, content: bytes) -> None:
    put = s3.put_object(Bucket=bucket, Key="ü a", Body=content, Metadata={"a": "b"}, Tagging="t=1")
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "ü a"})
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    s3.delete_object(Bucket=bucket, Key="ü a")
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert (got["Body"].read(), got["Metadata"], got["TagCount"]) == (content, {"a": "b"}, 1)
    source = {"Bucket": bucket, "Key": "copy"}
    assert refused(s3.copy_object, Bucket=bucket, Key="copy", CopySource=source) == ("InvalidRequest", 400)
    new = {"MetadataDirective": "REPLACE", "Metadata": {"c": "d"}, "TaggingDirective": "REPLACE"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **new)
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert (got["Body"].read(), got["Metadata"], got.get("TagCount")) == (content, {"c": "d"}, None)


def test_copies_under_conditions_and_of_nothing(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    source = {"Bucket": bucket, "Key": "a"}
    copy = {"Bucket": bucket, "Key": "b", "CopySource": source}
    assert refused(s3.copy_object, **copy, CopySourceIfMatch='"0"') == ("PreconditionFailed", 412)
    assert refused(s3.copy_object, **copy, CopySourceIfNoneMatch=etag) == ("PreconditionFailed", 412)
    assert refused(s3.copy_object, **{**copy, "CopySource": f"{bucket}/none"}) == ("NoSuchKey", 404)
    assert refused(s3.copy_object, **{**copy, "CopySource": "nobody-has-this/x"}) == ("NoSuchBucket", 404)


def test_the_copy_of_an_object_in_parts_is_in_one(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    s3.complete_multipart_upload(**upload, MultipartUpload=fill(s3, upload, FIRST, LAST))
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big"})
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(FIRST + LAST).hexdigest()}"'
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == FIRST + LAST


def test_parts_that_are_copied(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=FIRST + SECOND)
    upload = begin(s3, bucket)
    source = {"CopySource": f"{bucket}/a"}
    cut = f"bytes={len(FIRST)}-{len(FIRST) + len(SECOND) - 1}"
    told = s3.upload_part_copy(**upload, PartNumber=1, **source, CopySourceRange=cut)
    assert told["CopyPartResult"]["ETag"] == f'"{hashlib.md5(SECOND).hexdigest()}"'
    last = s3.upload_part(**upload, PartNumber=2, Body=LAST)
    parts = [{"PartNumber": 1, "ETag": told["CopyPartResult"]["ETag"]}, {"PartNumber": 2, "ETag": last["ETag"]}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == SECOND + LAST


def test_a_part_that_did_not_announce_its_checksum(served: Segue, bucket: str) -> None:
    s3 = served.client("s3", config=Config(request_checksum_calculation="when_required"))
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA1")
    parts = fill(s3, upload, FIRST, LAST)
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    digests = hashlib.sha1(FIRST).digest() + hashlib.sha1(LAST).digest()
    assert done["ChecksumSHA1"] == f"{b64encode(hashlib.sha1(digests).digest()).decode()}-2"
