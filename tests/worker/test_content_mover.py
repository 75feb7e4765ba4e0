"""Content between a node's files and an endpoint, over hours: a server on a manual clock, another as its endpoint."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.store.blobs import ContentElsewhere
from segue.testing import Segue
from segue.worker.content_mover import ContentMover

PLACE = "s3://content/kept"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with Segue() as segue:
        s3 = segue.client("s3")
        s3.create_bucket(Bucket="content")
        yield s3


@pytest.fixture
def segue(tmp_path: Path, endpoint: Any) -> Iterator[Segue]:
    with Segue(tmp_path / "data", blobs=PLACE, blobs_endpoint=endpoint.meta.endpoint_url) as segue:
        segue.client("s3").create_bucket(Bucket="kept")
        yield segue


def sizes(endpoint: Any) -> list[int]:
    return sorted(item["Size"] for item in endpoint.list_objects_v2(Bucket="content").get("Contents", []))


def test_what_no_row_names_goes_after_hours_and_the_rest_stays(segue: Segue, endpoint: Any) -> None:
    s3 = segue.client("s3")
    s3.put_object(Bucket="kept", Key="goes", Body=bytes(20_000))
    s3.put_object(Bucket="kept", Key="stays", Body=bytes(30_000))
    s3.copy_object(Bucket="kept", Key="copy", CopySource="kept/stays")
    s3.delete_object(Bucket="kept", Key="goes")
    s3.delete_object(Bucket="kept", Key="stays")
    segue.advance(minutes=59)
    assert sizes(endpoint) == [20_000, 30_000]
    segue.advance(hours=5)
    assert sizes(endpoint) == [30_000]
    s3.put_object(Bucket="kept", Key="again", Body=bytes(20_000))
    assert sizes(endpoint) == [20_000, 30_000]


def test_what_is_refused_is_not_sent(segue: Segue, endpoint: Any) -> None:
    with pytest.raises(Exception, match="NoSuchBucket"):
        segue.client("s3").put_object(Bucket="none", Key="k", Body=bytes(20_000))
    with pytest.raises(Exception, match="BadDigest"):
        segue.client("s3").put_object(Bucket="kept", Key="k", Body=bytes(20_000), ChecksumCRC32="AAAAAA==")
    assert sizes(endpoint) == []


def test_the_same_content_is_sent_once(segue: Segue, endpoint: Any) -> None:
    for key in ("one", "two"):
        segue.client("s3").put_object(Bucket="kept", Key=key, Body=bytes(20_000))
    assert sizes(endpoint) == [20_000]


def test_files_that_were_not_used_for_longest_go_when_there_are_too_many(segue: Segue, tmp_path: Path) -> None:
    s3, blobs = segue.client("s3"), segue.server.api.blobs
    for number in range(4):
        s3.put_object(Bucket="kept", Key=str(number), Body=bytes([number]) * 20_000)
    mover: ContentMover = segue.server.content
    names = [name for _, _, name in blobs.files()]
    segue._run(mover.tidy(30_000))
    assert len(blobs.files()) == 4  # all were used just now
    for at, name in enumerate(names):
        os.utime(blobs.path(name), (at, at))
    segue._run(mover.tidy(30_000))
    assert [name for _, _, name in blobs.files()] == names[3:]
    assert [s3.get_object(Bucket="kept", Key=str(n))["Body"].read() for n in range(4)] == [
        bytes([n]) * 20_000 for n in range(4)
    ]


def test_a_file_that_rows_name_and_nobody_keeps_is_sent_and_not_removed(segue: Segue, endpoint: Any) -> None:
    blobs = segue.server.api.blobs
    name = blobs.write(b"of a time before")
    sql = "INSERT INTO s3_pieces (owner, ordinal, sha256, start, size) VALUES (1, 1, ?, 0, 16)"
    segue.transact(lambda tx: tx.run(sql, name))
    blobs.write(b"of an upload that was refused")
    for _, _, file in blobs.files():
        os.utime(blobs.path(file), (0, 0))
    blobs._largest_bytes = 10  # as if it were the database's: it stays here
    segue._run(segue.server.content.tidy(0))
    assert (sizes(endpoint), [file for _, _, file in blobs.files()]) == ([], [name])
    blobs._largest_bytes = None
    segue._run(segue.server.content.tidy(0))
    assert sizes(endpoint) == [16]


def test_several_who_need_the_same_wait_for_one_transfer(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    segue.client("s3").put_object(Bucket="kept", Key="k", Body=bytes(20_000))
    blobs, mover = segue.server.api.blobs, segue.server.content
    ((_, _, name),) = blobs.files()
    blobs.path(name).unlink()
    read, asked = mover._read, []

    async def counted(place: str, number: int) -> bytes | None:
        asked.append(number)
        return await read(place, number)

    monkeypatch.setattr(mover, "_read", counted)
    with pytest.raises(ContentElsewhere) as away:
        blobs.body([(name, 0, 20_000)])

    async def all_at_once() -> None:
        await asyncio.gather(*(mover(away.value) for _ in range(10)))

    segue._run(all_at_once())
    assert asked == [0]
    assert blobs.path(name).read_bytes() == bytes(20_000)


def test_what_was_kept_in_files_is_sent_at_the_next_start(tmp_path: Path, endpoint: Any) -> None:
    with Segue(tmp_path / "data", blobs=str(tmp_path / "data" / "blobs")) as segue:
        segue.client("s3").create_bucket(Bucket="kept")
        segue.client("s3").put_object(Bucket="kept", Key="old", Body=bytes(40_000))
    with Segue(tmp_path / "data", blobs=PLACE, blobs_endpoint=endpoint.meta.endpoint_url) as segue:
        segue._run(segue.server.content.tidy())  # as it does in a moment by itself
        assert sizes(endpoint) == [40_000]
        for file in (tmp_path / "data" / "blobs").glob("??/*"):
            file.unlink()
        assert segue.client("s3").get_object(Bucket="kept", Key="old")["Body"].read() == bytes(40_000)


def test_content_in_the_database_is_found_when_there_is_a_folder_later(tmp_path: Path) -> None:
    with Segue(tmp_path / "data") as segue:
        segue.client("s3").create_bucket(Bucket="kept")
        segue.client("s3").put_object(Bucket="kept", Key="k", Body=bytes(3_000_000))
        ((_, _, name),) = segue.server.api.blobs.files()
        segue._run(segue.server.content._send(name))
    with Segue(tmp_path / "data", blobs=str(tmp_path / "shared")) as segue:
        assert segue.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == bytes(3_000_000)
