"""A pool of real processes for every module of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segue.runtimes import PoolSettings

from .harness import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("runtimes"), PoolSettings(freeze_after_seconds=60))
    yield made
    made.run(made.pool.close())
    made.runner.close()
