"""Nodes on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.work import Book
from tests.nodes import nodes
from tests.postgres import Cluster, NoPostgres

__all__ = ["nodes"]


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
