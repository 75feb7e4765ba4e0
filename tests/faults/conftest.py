"""Nodes on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.work import Book
from tests.nodes import Nodes
from tests.postgres import Cluster, NoPostgres, drop_database, new_database


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    """Nodes on a new database."""
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    with ExitStack() as stack:
        stack.callback(drop_database, url)
        yield Nodes(tmp_path, url, stack)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A database server of the test's own, which may be stopped."""
    try:
        started = Cluster().start()
    except NoPostgres as none:
        pytest.skip(str(none))
    yield started
    started.remove()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """What functions write down."""
    return Book(tmp_path / "book")
