"""Content by its digest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.console.blobs import PREFIX, blobs_page
from segue.gateway.files import read_pieces
from segue.store.blobs import Blobs
from segue.store.contents import BlobMissing, ContentUnavailable
from segue.wire.request import Request, Response


@pytest.fixture
def blobs() -> Iterator[Blobs]:
    blobs = Blobs(None)
    yield blobs
    blobs.close()


async def fetch(path: Path) -> None:
    if path.name.startswith("1"):
        raise ContentUnavailable("the endpoint is away")
    if not await asyncio.to_thread(path.exists):
        raise BlobMissing("nowhere")


def get(blobs: Blobs, name: str) -> tuple[int, bytes]:
    async def answered() -> tuple[int, bytes]:
        answer: Response = await blobs_page(blobs, fetch, Request("GET", PREFIX + name))
        sent = [answer.body] if answer.file is None else [piece async for piece in read_pieces(answer.file)]
        return answer.status, b"".join(sent)

    return asyncio.run(answered())


def test_what_was_put_is_served(blobs: Blobs) -> None:
    assert get(blobs, blobs.put(b"zip")) == (200, b"zip")


@pytest.mark.parametrize("name", ["0" * 64, "", "x", "../../segue.db", "%2e%2e/segue.db", "A" * 64])
def test_nothing_else_is(blobs: Blobs, name: str) -> None:
    assert get(blobs, name)[0] == 404


def test_what_cannot_be_reached_is_told(blobs: Blobs) -> None:
    status, words = get(blobs, "1" * 64)
    assert (status, b"the endpoint is away" in words) == (503, True)
