"""Schedules of EventBridge Scheduler: at, rate and cron, by the clocks of a time zone.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: where clocks go forward, times that
do not exist are skipped; where they go back, what falls into the repeated hour happens once; a day is 24 hours of a
rate. Nothing is said of a one-time schedule at a time that does not exist: it is taken for as much later as clocks go
forward.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from segue.languages.schedules.cron import Cron, InvalidCron, parse_cron
from segue.languages.schedules.schedule import InvalidSchedule, Schedule

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\(([1-9][0-9]{0,8}) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    at_ms: int

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The time, unless it has been."""
        return self.at_ms if self.at_ms > after_ms else None


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many milliseconds, the first time at the start."""

    period_ms: int

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The first multiple of the period, counted from the start, that is later."""
        if after_ms < start_ms:
            return start_ms
        return start_ms + ((after_ms - start_ms) // self.period_ms + 1) * self.period_ms


@dataclass(frozen=True, slots=True)
class ZonedCron:
    """A cron expression by the clocks of a time zone."""

    cron: Cron
    zone: ZoneInfo

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The first time that the fields allow and that clocks show (for the first time) after ``after_ms``."""
        local_ms = _local_ms(after_ms, self.zone)
        while (found := self.cron.next_after_ms(local_ms, start_ms)) is not None:
            at_ms = _instant_ms(found, self.zone)
            if at_ms > after_ms and _local_ms(at_ms, self.zone) == found:
                return at_ms
            local_ms = found
        return None


def time_zone(name: str) -> ZoneInfo:
    """The time zone of that name (``Europe/Berlin``); :class:`InvalidSchedule` where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise InvalidSchedule(f"there is no time zone {name}") from None


@lru_cache(maxsize=1_024)
def parse_zoned(text: str, zone_name: str = "UTC") -> Schedule:
    """Read an expression of EventBridge Scheduler. :class:`InvalidSchedule` where it is none."""
    zone = time_zone(zone_name)
    if at := _AT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(at[1]).replace(tzinfo=UTC)
        except ValueError as error:
            raise InvalidSchedule(f"{text}: {error}") from None
        return At(_instant_ms(int(moment.timestamp()) * 1_000, zone))
    if rate := _RATE.fullmatch(text):
        return Every(int(rate[1]) * _UNIT_MS[rate[2]])
    cron = _CRON.fullmatch(text)
    if cron is None:
        raise InvalidSchedule(f"{text} is neither at(…) nor rate(…) nor cron(…)")
    try:
        return ZonedCron(parse_cron(cron[1]), zone)
    except InvalidCron as error:
        raise InvalidSchedule(f"{text}: {error}") from None


def _local_ms(at_ms: int, zone: ZoneInfo) -> int:
    """What clocks of a zone show at a time, as if they showed UTC."""
    shown = datetime.fromtimestamp(at_ms // 1_000, zone)
    return int(shown.replace(tzinfo=UTC, fold=0).timestamp()) * 1_000


def _instant_ms(local_ms: int, zone: ZoneInfo) -> int:
    """When clocks of a zone show that for the first time."""
    shown = datetime.fromtimestamp(local_ms // 1_000, UTC).replace(tzinfo=zone, fold=0)
    return int(shown.timestamp()) * 1_000
