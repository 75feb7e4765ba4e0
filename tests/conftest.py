"""Fixtures that every part of the house uses: a real server with time under the test's control, on either store.

Everything runs on SQLite, what is marked ``both_stores`` on PostgreSQL, too. With ``SEGUE_TEST_STORE=postgresql`` all
of it runs on PostgreSQL (``make test-postgresql``), but for what is marked ``sqlite_only``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest

from segue.server import Server
from segue.store.store import Store
from segue.testing import Segue
from tests.postgres import CHOSEN, STORE_OF, NoPostgres, drop_database, is_chosen, new_database, server_url

# A loaded machine is no failure: how long things take is measured in bench/.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

_STORES = ["postgresql"] if is_chosen() else ["sqlite", "postgresql"]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: servers that start and stop leave them idle."""
    return (os.cpu_count() or 1) + 1


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_stores") is not None:
        metafunc.parametrize("store", _STORES, indirect=True, scope="module")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if is_chosen() and (only := item.get_closest_marker("sqlite_only")) is not None:
        pytest.skip(f"on SQLite only: {only.args[0]}")


@pytest.fixture(scope="module", autouse=True)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the servers of a test keep their rows: ``sqlite`` or ``postgresql``."""
    chosen = getattr(request, "param", "postgresql" if is_chosen() else "sqlite")
    if chosen == "postgresql":
        try:
            server_url()
        except NoPostgres as none:
            pytest.skip(str(none))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CHOSEN, chosen)
        yield chosen


@pytest.fixture
def database() -> Iterator[str]:
    """A PostgreSQL database of the test's own: its URL."""
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    yield url
    drop_database(url)


@pytest.fixture
def segue() -> Iterator[Segue]:
    """A server of the test's own."""
    with Segue() as server:
        yield server


def _open_store(server: Server, data: Path) -> Store:
    if is_chosen() and not server.settings.store:
        server.settings = replace(server.settings, store=STORE_OF(data))
    return _open_chosen(server, data)


_open_chosen = Server._open_store
Server._open_store = _open_store  # type: ignore[method-assign, assignment]
