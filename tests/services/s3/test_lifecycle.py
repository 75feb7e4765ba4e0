"""Lifecycle rules are applied to a bucket a piece at a time, whatever is in it."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Caller
from segue.services.s3.lifecycle import expire_what_is_old
from segue.testing import Segue
from tests.effort import steps

DAYS = {"Days": 2}


def keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def rule(prefix: str, **more: Any) -> dict[str, Any]:
    return {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, **more}


def fill(segue: Segue, bucket: str, pattern: str, count: int) -> None:
    """Many objects, made two days ago, at once."""

    def insert(tx: Any) -> None:
        for number in range(count):
            tx.run(
                "INSERT INTO s3_objects (id, bucket, key, version_id, is_current, is_marker, size, etag, modified_at,"
                " headers, tags, parts) VALUES (?, ?, ?, 'null', 1, 0, 0, '', ?, '{}', '{}', '[]')",
                tx.ids.ordered(tx.now_ms),
                bucket,
                pattern.format(number),
                tx.now_ms,
            )

    segue.transact(insert)


def test_each_bucket_is_gone_through_to_its_end(segue: Segue) -> None:
    s3 = segue.client("s3")
    for bucket in ("a-bucket", "a-bucket-too", "b-bucket", "c-bucket"):
        s3.create_bucket(Bucket=bucket)
        fill(segue, bucket, "keep/{:04}", 450)
        fill(segue, bucket, "old/{:04}", 450)
        fill(segue, bucket, "very-old/{:04}", 450)
        rules = [rule("old/", Expiration=DAYS), rule("old/01", Expiration=DAYS), rule("very-old/", Expiration=DAYS)]
        if bucket != "b-bucket":
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        for number in range(2):
            s3.create_multipart_upload(Bucket=bucket, Key=f"upload-{number}")
    s3.put_bucket_lifecycle_configuration(
        Bucket="c-bucket",
        LifecycleConfiguration={"Rules": [rule("", AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})]},
    )
    segue.advance(days=4)
    for bucket, left in {"a-bucket": 450, "a-bucket-too": 450, "b-bucket": 1350, "c-bucket": 1350}.items():
        assert len(keys(s3, bucket)) == left
    assert {key[:5] for key in keys(s3, "a-bucket")} == {"keep/"}
    assert len(s3.list_multipart_uploads(Bucket="a-bucket")["Uploads"]) == 2
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="c-bucket")


def test_versions_go_as_they_become_old(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="versions", Key="k", Body=body)
    rules = [rule("", Expiration=DAYS), rule("k", Expiration=DAYS, NoncurrentVersionExpiration={"NoncurrentDays": 5})]
    s3.put_bucket_lifecycle_configuration(Bucket="versions", LifecycleConfiguration={"Rules": rules})
    segue.advance(days=4)
    found = s3.list_object_versions(Bucket="versions")
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (2, 1)
    segue.advance(days=3)
    found = s3.list_object_versions(Bucket="versions")
    assert ("Versions" in found, len(found["DeleteMarkers"])) == (False, 1)


def test_a_piece_costs_the_same_whatever_is_in_the_bucket(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="large")
    rules = {"Rules": [rule("young/", Expiration=DAYS)]}
    s3.put_bucket_lifecycle_configuration(Bucket="large", LifecycleConfiguration=rules)

    def piece(tx: Any) -> None:
        assert expire_what_is_old(Call(tx, Caller(), segue.server.api, tx.now_ms), None)

    costs = []
    for count in (300, 3_000):
        fill(segue, "large", f"{{:05}}-{count}", count)
        fill(segue, "large", f"young/{{:05}}-{count}", count)
        costs.append(steps(segue, piece))
    assert costs[1] < costs[0] * 1.1
