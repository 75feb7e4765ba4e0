"""How many functions run at once on all nodes together.

A function with reserved concurrency takes a place for each invocation, a row, so its limit is exact. All others cost
nothing: the account's limit is held against what the other nodes have told of themselves last, so that for the second
and a half until they tell it anew, more may begin.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from segue.api import places
from segue.runtimes.errors import ConcurrencyExceeded
from segue.store.patience import at_last
from segue.store.store import Store

TOLD = "functions"
"""What a node calls how many functions it runs, when it tells of itself."""


class Concurrency:
    """Admits invocations; what one process holds by itself is the pool's.

    Args:
        store: with other nodes or without.
        account_limit: how many functions may run at once.
    """

    def __init__(self, store: Store, account_limit: int) -> None:
        self._store = store
        self._account_limit = account_limit

    @asynccontextmanager
    async def admit(self, function_arn: str, reserved: int | None, running: int) -> AsyncIterator[None]:
        """For as long as an invocation runs.

        Args:
            reserved: the function's reserved concurrency.
            running: how many functions run on this node, this one included.

        Raises:
            ConcurrencyExceeded: too many run already.
        """
        if running + sum(told.get(TOLD, 0) for told in self._store.others) > self._account_limit:
            raise ConcurrencyExceeded("ConcurrentInvocationLimitExceeded")
        if reserved is None or not self._store.shared:
            yield
            return
        place, taken = self._store.ids.uuid(), True  # until it is known
        take = partial(places.take, what=function_arn, most=reserved, place=place, node=self._store.node)
        try:
            taken = await self._store.write(take)
            if not taken:
                raise ConcurrencyExceeded("ReservedFunctionConcurrentInvocationLimitExceeded")
            yield
        finally:
            if taken:  # before the answer, so that who gets it can invoke again
                await at_last(lambda: self._store.write(lambda tx: places.give_back(tx, place)))
