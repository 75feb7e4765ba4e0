"""The two forms of a schedule expression, and reading them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from segue.languages.schedules.cron import Cron, InvalidCron, parse_cron

_RATE = re.compile(r"rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


class InvalidSchedule(ValueError):
    """The text is no schedule expression."""


class Schedule(Protocol):
    """When something recurs."""

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The first time later than ``after_ms``; ``None`` if there is none.

        Args:
            after_ms: the time to look from.
            start_ms: when the schedule came to be; rates count from it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many milliseconds from its start on, the first time one period after it."""

    period_ms: int

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The first multiple of the period, counted from the start, that is later."""
        elapsed = max(0, after_ms - start_ms)
        return start_ms + (elapsed // self.period_ms + 1) * self.period_ms


@lru_cache(maxsize=1_024)
def parse_schedule(text: str) -> Rate | Cron:
    """Read a schedule expression. :class:`InvalidSchedule` where it is none."""
    rate = _RATE.fullmatch(text)
    if rate is not None:
        amount = int(rate[1])
        if (amount == 1) == bool(rate[3]):
            raise InvalidSchedule(f"{text}: one takes the singular, all others the plural")
        return Rate(amount * _UNIT_MS[rate[2]])
    cron = _CRON.fullmatch(text)
    if cron is None:
        raise InvalidSchedule(f"{text} is neither rate(…) nor cron(…)")
    try:
        return parse_cron(cron[1])
    except InvalidCron as error:
        raise InvalidSchedule(f"{text}: {error}") from None
