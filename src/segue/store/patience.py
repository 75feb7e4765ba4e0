"""For what nobody does again if it is not done now: it waits until the database is back, however long that takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from segue.store.store import StoreUnavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0


async def at_last(ask: Callable[[], Awaitable[T]]) -> T:
    """What the store answers when it can.

    Args:
        ask: has a unit run. It may have been carried out although that is not known, so it must bear to be run twice.
    """
    while True:
        try:
            return await ask()
        except StoreUnavailable as error:
            log.warning("trying again: %s", error)
            await asyncio.sleep(_PAUSE_SECONDS)
