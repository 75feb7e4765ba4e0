"""Versions: nothing is lost while a bucket keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.s3.conftest import refused

pytestmark = pytest.mark.both_stores


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def read(s3: Any, bucket: str, version: str | None = None) -> bytes:
    given = {"VersionId": version} if version else {}
    content: bytes = s3.get_object(Bucket=bucket, Key="a", **given)["Body"].read()
    return content


def put(s3: Any, bucket: str, content: bytes) -> str:
    version: str = s3.put_object(Bucket=bucket, Key="a", Body=content)["VersionId"]
    return version


def test_every_version_is_kept(s3: Any, versioned: str) -> None:
    first, second = put(s3, versioned, b"1"), put(s3, versioned, b"2")
    assert (read(s3, versioned), read(s3, versioned, first), read(s3, versioned, second)) == (b"2", b"1", b"2")
    s3.delete_object(Bucket=versioned, Key="a", VersionId=second)
    assert read(s3, versioned) == b"1"
    assert refused(s3.get_object, Bucket=versioned, Key="a", VersionId=second) == ("NoSuchVersion", 404)


def test_a_delete_marker_hides_and_can_be_taken_away(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"1")
    deleted = s3.delete_object(Bucket=versioned, Key="a")
    assert deleted["DeleteMarker"] is True
    with pytest.raises(s3.exceptions.NoSuchKey) as caught:
        read(s3, versioned)
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", deleted["VersionId"])
    assert read(s3, versioned, first) == b"1"
    marker = {"Bucket": versioned, "Key": "a", "VersionId": deleted["VersionId"]}
    assert refused(s3.get_object, **marker) == ("MethodNotAllowed", 405)
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert s3.delete_object(**marker)["DeleteMarker"] is True
    assert read(s3, versioned) == b"1"


def test_versions_are_listed_newest_first_page_by_page(s3: Any, versioned: str) -> None:
    versions = [put(s3, versioned, b"%d" % number) for number in range(3)]
    marker = s3.delete_object(Bucket=versioned, Key="a")["VersionId"]
    other = s3.put_object(Bucket=versioned, Key="b/c", Body=b"")["VersionId"]
    wanted = [("a", marker), *(("a", version) for version in reversed(versions)), ("b/c", other)]
    for size in (1, 2, 3, 1000):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": size})
        found = [
            (item["Key"], item["VersionId"])
            for page in pages
            for item in (*page.get("DeleteMarkers", []), *page.get("Versions", []))
        ]
        assert found == wanted
    whole = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [item["IsLatest"] for item in whole["Versions"]] == [False] * 3
    assert [item["Prefix"] for item in whole["CommonPrefixes"]] == ["b/"]


def test_what_was_there_before_is_called_null(s3: Any, bucket: str) -> None:
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="a", Body=b"0")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(s3, bucket, b"1")
    assert read(s3, bucket, "null") == b"0"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    assert (read(s3, bucket), read(s3, bucket, "null")) == (b"2", b"2")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2


def test_a_bucket_with_versions_is_not_empty(s3: Any, versioned: str) -> None:
    put(s3, versioned, b"1")
    s3.delete_object(Bucket=versioned, Key="a")
    assert refused(s3.delete_bucket, Bucket=versioned) == ("BucketNotEmpty", 409)
    listed = s3.list_object_versions(Bucket=versioned)
    every = [
        {"Key": item["Key"], "VersionId": item["VersionId"]} for item in (*listed["Versions"], *listed["DeleteMarkers"])
    ]
    assert len(s3.delete_objects(Bucket=versioned, Delete={"Objects": every})["Deleted"]) == 2
    s3.delete_bucket(Bucket=versioned)


def test_tags_belong_to_a_version(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"1")
    put(s3, versioned, b"2")
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    s3.put_object_tagging(Bucket=versioned, Key="a", VersionId=first, Tagging=tags)
    assert s3.get_object_tagging(Bucket=versioned, Key="a")["TagSet"] == []
    assert s3.get_object_tagging(Bucket=versioned, Key="a", VersionId=first)["TagSet"] == tags["TagSet"]
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert refused(s3.put_object_tagging, Bucket=versioned, Key="a", Tagging=many) == ("BadRequest", 400)
    s3.delete_object_tagging(Bucket=versioned, Key="a", VersionId=first)
    assert s3.get_object_tagging(Bucket=versioned, Key="a", VersionId=first)["TagSet"] == []


def test_copies_of_a_version(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"1")
    put(s3, versioned, b"2")
    source = {"Bucket": versioned, "Key": "a", "VersionId": first}
    copied = s3.copy_object(Bucket=versioned, Key="a", CopySource=source)
    assert copied["CopySourceVersionId"] == first
    assert read(s3, versioned) == b"1"
