"""Fixtures that every part of the house uses: a real server with time under the test's control."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segue.testing import Segue


@pytest.fixture
def segue() -> Iterator[Segue]:
    """A server of the test's own."""
    with Segue() as server:
        yield server
