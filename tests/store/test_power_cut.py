"""What was committed survives a power cut at any write, and what was not is there whole or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store.sqlite import DataUnreadable, SqliteStore
from tests.store.power import Power

_MIGRATIONS = {
    "test": ("CREATE TABLE pairs (id BIGINT PRIMARY KEY, body BYTEA NOT NULL); CREATE INDEX b ON pairs (body);",)
}
_CUTS = 25


@pytest.fixture
def power() -> Iterator[Power]:
    default = apsw.vfs_names()[0]
    layer = Power()
    yield layer
    apsw.set_default_vfs(default)
    layer.unregister()


def _store(directory: Path) -> SqliteStore:
    return SqliteStore(directory, _MIGRATIONS, ManualClock(), Ids(1))


class _Writer:
    """Commits pairs of rows, both or none, until the power is gone."""

    def __init__(self, store: SqliteStore, chance: random.Random) -> None:
        self.store, self.chance = store, chance
        self.tried: set[int] = set()
        self.promised: set[int] = set()

    def run(self) -> None:
        while True:
            ids = {self.chance.getrandbits(40) for _ in range(self.chance.randrange(1, 9))}
            self.store.begin()
            for one in ids:
                self.store.run(lambda tx, one=one: self._insert(tx, one))  # type: ignore[misc]
            self.tried |= ids
            self.store.commit()
            self.promised |= ids
            if self.chance.random() < 0.05:
                self.store.checkpoint()
            if self.chance.random() < 0.02:
                self.store.restart_log()

    def _insert(self, tx: Transaction, one: int) -> None:
        size = self.chance.choice((10, 500, 20_000))
        tx.run("INSERT INTO pairs VALUES (?, ?)", 2 * one, self.chance.randbytes(size))
        tx.run("INSERT INTO pairs VALUES (?, ?)", 2 * one + 1, self.chance.randbytes(size))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_was_committed_is_lost(tmp_path: Path, power: Power, seed: int) -> None:
    assert _live_through_cuts(tmp_path, power, seed) > 100


def test_a_store_that_does_not_sync_is_found_out(tmp_path: Path, power: Power, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = SqliteStore._connect

    def careless(self: SqliteStore, path: str) -> apsw.Connection:
        connection = connect(self, path)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    monkeypatch.setattr(SqliteStore, "_connect", careless)
    with pytest.raises((AssertionError, DataUnreadable, apsw.Error)):
        _live_through_cuts(tmp_path, power, 1)


def _live_through_cuts(tmp_path: Path, power: Power, seed: int) -> int:
    """Write, cut, look, again and again; how many rows were promised."""
    chance = random.Random(seed)
    promised: set[int] = set()
    tried: set[int] = set()
    directory = tmp_path / "0"
    for cut in range(_CUTS):
        store = _store(directory)
        found = {row[0] for row in store.read(lambda tx: tx.all("SELECT id FROM pairs"))}
        assert not {2 * one for one in promised} - found, f"lost at cut {cut}"
        assert found <= {2 * one + odd for one in tried for odd in (0, 1)}
        assert {one // 2 for one in found if one % 2} == {one // 2 for one in found if not one % 2}, "half of a pair"
        assert store.transact(lambda tx: tx.one("PRAGMA integrity_check"))[0] == ("ok",)
        writer = _Writer(store, chance)
        power.left = int(10 ** chance.uniform(0, 3.3))
        with pytest.raises((apsw.Error, OSError)):
            writer.run()
        promised |= writer.promised
        tried |= writer.tried
        directory = tmp_path / str(cut + 1)
        power.after_a_cut(directory, chance)
        power.contents.clear()
        power.left = 10**9
        store.close()
    return len(promised)
