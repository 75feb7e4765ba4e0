"""Who may run on this node, given what runs on the others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from segue.api import places
from segue.clock import ManualClock
from segue.ids import Ids
from segue.runtimes import ConcurrencyExceeded
from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore
from segue.store.store import StoreUnavailable
from segue.worker.concurrency import Concurrency


class Shared(GroupCommit):
    """A store that says it is shared, and breaks when it is told."""

    shared = True
    others: Sequence[Mapping[str, Any]] = ()  # type: ignore[assignment]
    broken = 0

    def write(self, unit: Any) -> asyncio.Future[Any]:
        if self.broken:
            self.broken -= 1
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the database is away"))
            return failed
        return super().write(unit)


def store() -> Shared:
    return Shared(SqliteStore(None, {"places": places.MIGRATIONS}, ManualClock(), Ids(1)))


def taken(tx: Transaction) -> int:
    row = tx.one("SELECT COUNT(*) FROM places")
    assert row is not None
    return int(row[0])


def test_the_accounts_limit_counts_what_other_nodes_have_told() -> None:
    async def main() -> None:
        shared = store()
        concurrency = Concurrency(shared, 10)
        shared.others = [{"functions": 4}, {}, {"functions": 3}]
        async with concurrency.admit("f", None, 3):
            assert shared.read(taken) == 0
        with pytest.raises(ConcurrencyExceeded) as refused:
            async with concurrency.admit("f", None, 4):
                pass
        assert refused.value.reason == "ConcurrentInvocationLimitExceeded"
        await shared.close()

    asyncio.run(main())


def test_a_place_is_given_back_however_the_invocation_ends_and_when_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("segue.store.patience._PAUSE_SECONDS", 0.001)

    async def main() -> None:
        shared = store()
        concurrency = Concurrency(shared, 10)
        with suppress(KeyError):
            async with concurrency.admit("f", 1, 1):
                with pytest.raises(ConcurrencyExceeded):
                    async with concurrency.admit("f", 1, 1):
                        pass
                assert shared.read(taken) == 1
                shared.broken = 3
                raise KeyError
        assert shared.read(taken) == 0
        shared.broken = 1  # whether it was taken is not known
        with pytest.raises(StoreUnavailable, match="away"):
            async with concurrency.admit("f", 1, 1):
                pass
        assert shared.read(taken) == 0
        await shared.close()

    asyncio.run(main())


def test_a_store_of_one_process_needs_no_rows() -> None:
    async def main() -> None:
        shared = store()
        shared.shared = False
        async with Concurrency(shared, 10).admit("f", 1, 1):
            assert shared.read(taken) == 0
        await shared.close()

    asyncio.run(main())
