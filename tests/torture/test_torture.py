"""A few kills of the many that ``make torture`` makes, on either store."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import Cluster, NoPostgres
from tests.torture.nodes import World
from tests.torture.run import Torture


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("psycopg")
    try:
        made = Cluster(fsync="on")
    except NoPostgres as none:
        pytest.skip(str(none))
    yield made
    made.remove()


def test_every_promise_is_kept_when_the_server_is_killed_at_random_moments(tmp_path: Path) -> None:
    with closing(World(tmp_path / "data", 1, None, random.Random(1))) as world:
        _keeps_its_promises(world)


def test_every_promise_is_kept_when_nodes_and_their_database_are_killed(tmp_path: Path, cluster: Cluster) -> None:
    with closing(World(tmp_path / "data", 2, cluster, random.Random(1))) as world:
        _keeps_its_promises(world)
        assert world.restarts


def _keeps_its_promises(world: World) -> None:
    torture = Torture(world, seed=1, load=10)
    assert torture.run(kills=6) == []
    assert all(promise.ledger.tried for promise in torture.promises)
    assert torture.promised()
