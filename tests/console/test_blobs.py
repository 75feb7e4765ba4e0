"""Content by its digest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segue.api import Api
from segue.config import Settings
from segue.console.blobs import PREFIX, blobs_page
from segue.store.blobs import Blobs
from segue.wire.request import Request


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api([], Settings())
    api.blobs = Blobs(None)
    yield api
    api.blobs.close()


def test_what_was_put_is_served(api: Api) -> None:
    answer = blobs_page(api, Request("GET", PREFIX + api.blobs.put(b"zip")))
    assert (answer.status, answer.body) == (200, b"zip")


@pytest.mark.parametrize("name", ["0" * 64, "", "x", "../../segue.db", "%2e%2e/segue.db", "A" * 64])
def test_nothing_else_is(api: Api, name: str) -> None:
    assert blobs_page(api, Request("GET", PREFIX + name)).status == 404
