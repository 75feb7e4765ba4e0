"""Fixtures that every part of the house uses: a real server with time under the test's control."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest

from segue.testing import Segue

# A loaded machine is no failure: how long things take is measured in bench/.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: servers that start and stop leave them idle."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def segue() -> Iterator[Segue]:
    """A server of the test's own."""
    with Segue() as server:
        yield server


if os.environ.get("SEGUE_TEST_STORE", "").startswith("postgres"):
    # Every server of this process keeps its rows in PostgreSQL: a database for each data directory.
    from dataclasses import replace
    from pathlib import Path

    from segue.server import Server
    from segue.store.store import Store
    from tests.postgres import STORE_OF

    _open_store = Server._open_store

    def _open_on_postgres(server: Server, data: Path) -> Store:
        server.settings = replace(server.settings, store=STORE_OF(data))
        return _open_store(server, data)

    Server._open_store = _open_on_postgres  # type: ignore[method-assign]
