"""Starts that need the processor wait for each other.

An interpreter's start is all processor: of hundreds that began together none would be up within the time it has.
"""

from __future__ import annotations

import asyncio
from typing import Any

from segue.runtimes.environment import Environment

_LOOK_SECONDS = 0.5
_LOOKS = 20
_WORKS = 0.25


async def turn(environment: Environment, start: asyncio.Task[Any]) -> None:
    """As long as a start keeps others from starting: until the environment is up, or waits for something else than a
    processor (another function even), or has had its time."""
    before = None
    for _ in range(_LOOKS):
        done, _ = await asyncio.wait({start}, timeout=_LOOK_SECONDS)
        used = environment.processor_seconds
        if done or (before is not None and used is not None and used - before < _WORKS * _LOOK_SECONDS):
            return
        before = used
