"""A key with very many versions."""

from __future__ import annotations

from typing import Any

import pytest

from segue.services.s3 import records
from segue.testing import Segue
from tests.effort import steps


@pytest.mark.sqlite_only("counts steps of SQLite's machine")
def test_a_version_is_found_among_very_many_of_its_key(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versions", Key="k", Body=b"1")["VersionId"]

    def pile_up(tx: Any) -> None:
        for number in range(2_000):
            tx.run(
                "INSERT INTO s3_objects (id, bucket, key, version_id, is_current, is_marker, size, etag, modified_at,"
                " headers, tags, parts) VALUES (?, 'versions', 'k', ?, 0, 0, 0, '', 0, '{}', '{}', '[]')",
                number,
                f"v{number}",
            )

    segue.transact(pile_up)
    for version in (first, "v1000"):
        assert steps(segue, lambda tx, version=version: records.version(tx, "versions", "k", version)) < 100
    assert s3.get_object(Bucket="versions", Key="k", VersionId=first)["Body"].read() == b"1"
