"""How many functions run at once on all nodes together. Both limits are exact: more never run.

A function with reserved concurrency takes a place for each invocation, a row. The account's places are too many and too
often taken for that: each node holds a share of them, and asks for more when it has none left. What it does not use it
gives back after a while, and soon where many run: until then others may be refused although it has some left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from segue.api import places
from segue.runtimes.errors import ConcurrencyExceeded
from segue.store import Transaction
from segue.store.patience import at_last
from segue.store.store import Store

log = logging.getLogger(__name__)

TOLD = "functions"
"""What a node calls how many functions it runs, when it tells of itself."""

_ACCOUNT = "account"
_KEPT_SECONDS = 1.5
_KEPT_WHERE_FEW_ARE_LEFT_SECONDS = 0.1


class Concurrency:
    """Admits invocations where nodes share the rows; what one process holds by itself is the pool's.

    Args:
        store: with other nodes or without.
        account_limit: how many functions may run at once.
    """

    def __init__(self, store: Store, account_limit: int) -> None:
        self._store = store
        self._account = _Share(store, account_limit)

    @asynccontextmanager
    async def admit(self, function_arn: str, reserved: int | None) -> AsyncIterator[None]:
        """For as long as an invocation runs.

        Args:
            reserved: the function's reserved concurrency.

        Raises:
            ConcurrencyExceeded: too many run already.
        """
        if not self._store.shared:
            yield
            return
        if not await self._account.take():
            raise ConcurrencyExceeded("ConcurrentInvocationLimitExceeded")
        try:
            if reserved is None:
                yield
            else:
                async with self._reserved(function_arn, reserved):
                    yield
        finally:
            self._account.give_back()

    async def keep(self) -> None:
        """After a while, give back what this node did not use."""
        await self._account.keep()

    async def keep_forever(self) -> None:
        """As long as the node is there."""
        while True:
            try:
                await self.keep()
            except Exception:
                log.exception("the account's places could not be given back; trying again")

    @asynccontextmanager
    async def _reserved(self, function_arn: str, most: int) -> AsyncIterator[None]:
        place, taken = self._store.ids.uuid(), True  # until it is known
        take = partial(places.take, what=function_arn, most=most, place=place, node=self._store.node)
        try:
            taken = await self._store.write(take)
            if not taken:
                raise ConcurrencyExceeded("ReservedFunctionConcurrentInvocationLimitExceeded")
            yield
        finally:
            if taken:  # before the answer, so that who gets it can invoke again
                await at_last(lambda: self._store.write(lambda tx: places.give_back(tx, place)))


class _Share:
    """The account's places that this node holds: never more than its row says."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self._most = most
        self._held = self._used = self._waiting = 0
        self._peak = 0  # the most that were used at once since the last look
        self._is_unsure = False  # whether the row may say more
        self._changing = asyncio.Lock()
        self._asking: asyncio.Task[bool] | None = None

    async def take(self) -> bool:
        """Use one more place; whether there was one."""
        while self._used >= self._held:
            self._waiting += 1
            try:
                enough = await self._ask()
            finally:
                self._waiting -= 1
            if not enough and self._used >= self._held:
                return False
        self._used += 1
        self._peak = max(self._peak, self._used)
        return True

    def give_back(self) -> None:
        """Use one place less."""
        self._used -= 1

    async def keep(self) -> None:
        """After a while, hold twice as many as were needed meanwhile at most; where few are left on all nodes, only
        those. The row is looked at in any case: others may have taken this node for dead, and deleted it."""
        await asyncio.sleep(_KEPT_WHERE_FEW_ARE_LEFT_SECONDS if self._few_are_left else _KEPT_SECONDS)
        async with self._changing:
            peak, self._peak = max(self._peak, self._used + self._waiting), self._used
            before, self._held = self._held, min(self._held, peak if self._few_are_left else 2 * peak)
            if before or self._is_unsure:
                await self._change(lambda: self._held)

    @property
    def _few_are_left(self) -> bool:
        """As far as is known: the others may have told long ago."""
        others: int = sum(told.get(TOLD, 0) for told in self._store.others)
        return 2 * (self._used + others) >= self._most

    async def _ask(self) -> bool:
        """For as many more as all who wait need, in one unit; whether there were as many."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._grow(), name="functions: ask for places")
        return await asyncio.shield(self._asking)

    async def _grow(self) -> bool:
        async with self._changing:
            # never fewer: what it holds may be used while it asks
            return await self._change(lambda: max(self._used + self._waiting, self._held))

    async def _change(self, wanted: Callable[[], int]) -> bool:
        def unit(tx: Transaction) -> tuple[int, int]:
            many = wanted()
            return many, places.share(tx, _ACCOUNT, self._most, many, node=self._store.node)

        self._is_unsure = True
        many, held = await self._store.write(unit)
        self._held, self._is_unsure = held, False
        return held >= many
