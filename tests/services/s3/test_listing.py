"""Listings: page by page they tell what a walk over sorted keys tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.services.s3.listing import page_of
from tests.services.s3.conftest import refused

pytestmark = pytest.mark.both_stores

KEYS = st.lists(st.text(alphabet="a/b\U0010ffff\ud7ff", min_size=1, max_size=5), unique=True, max_size=30)


def walked(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """What a listing tells, found by looking at every key."""
    told: list[str] = []
    for key in sorted(keys):
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key if at < 0 else f"{key[: at + len(delimiter)]}*"
        if name not in told:
            told.append(name)
    return told


PREFIXES = st.sampled_from(["", "a", "a/", "b", "\U0010ffff", "/"])
DELIMITERS = st.sampled_from(["", "/", "a/", "\U0010ffff"])


@given(KEYS, PREFIXES, DELIMITERS, st.integers(1, 4))
def test_pages_together_are_the_walk(keys: list[str], prefix: str, delimiter: str, limit: int) -> None:
    rows = [(0, "", key) for key in sorted(keys)]
    asked = 0

    def fetch(start: str, last: Any, most: int) -> list[Any]:
        nonlocal asked
        asked += 1
        return [row for row in rows if (row[2] >= start if last is None else row[2] > last[2])][:most]

    told: list[str] = []
    after = None
    while True:
        page = page_of(fetch, prefix, delimiter, limit, after)
        names = [(row[2], row[2]) for row in page.items] + [(folded, f"{folded}*") for folded in page.prefixes]
        told += [name for _, name in sorted(names)]
        assert page.size <= limit
        if not page.truncated:
            break
        assert page.size == limit
        after = (0, "", page.last)
    assert told == walked(keys, prefix, delimiter)
    assert asked <= 3 * len(keys) + 3


def test_prefix_delimiter_and_pages(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b", "c/d/1", "c/e", "ü"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for size in (1, 2, 1000):
        for operation in ("list_objects_v2", "list_objects"):
            paging = {"PageSize": size}
            pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig=paging))
            assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["b", "ü"]
            assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["a/", "c/"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="c/", StartAfter="c/d/1", FetchOwner=True)
    assert [(item["Key"], "Owner" in item) for item in found["Contents"]] == [("c/e", True)]
    assert (found["KeyCount"], found["IsTruncated"], found["StartAfter"]) == (1, False, "c/d/1")
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0


def test_what_is_asked_wrongly(s3: Any, bucket: str) -> None:
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="x") == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1) == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, Bucket=bucket, EncodingType="base64") == ("InvalidArgument", 400)
    assert refused(s3.list_objects, Bucket="nobody-has-this") == ("NoSuchBucket", 404)


def test_a_page_stands_even_if_its_last_key_goes(s3: Any, bucket: str) -> None:
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
    s3.delete_object(Bucket=bucket, Key="a")
    rest = s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert [item["Key"] for item in rest["Contents"]] == ["b", "c"]
