"""Cron expressions of six fields: minutes, hours, day of month, month, day of week, year."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ITEM = re.compile(r"(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?")
_LAST_YEAR = 2199

DayTest = Callable[[date], bool]


class InvalidCron(ValueError):
    """The fields make no cron expression."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: sets of minutes, hours, months and years, and a test for the day."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    day: DayTest

    def next_after_ms(self, after_ms: int, start_ms: int) -> int | None:
        """The first minute later than ``after_ms`` that all fields allow; ``None`` beyond the last year."""
        after = datetime.fromtimestamp(after_ms // 1000, UTC)
        today = after.date()
        for year in self.years:
            if year < today.year:
                continue
            for month in self.months:
                if (year, month) < (today.year, today.month):
                    continue
                for number in range(1, monthrange(year, month)[1] + 1):
                    day = date(year, month, number)
                    if day >= today and self.day(day):
                        found = self._first_minute(day, after if day == today else None)
                        if found is not None:
                            return found
        return None

    def _first_minute(self, day: date, after: datetime | None) -> int | None:
        for hour in self.hours:
            for minute in self.minutes:
                if after is None or (hour, minute) > (after.hour, after.minute):
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    return int(moment.timestamp()) * 1000
        return None


def parse_cron(text: str) -> Cron:
    """Read the six fields. :class:`InvalidCron` where they are not six, or one is not valid."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise InvalidCron("a cron expression has six fields")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise InvalidCron("exactly one of day of month and day of week is ?")
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        _numbers(months, 1, 12, _MONTHS),
        _numbers(years, 1970, _LAST_YEAR),
        _days_of_month(days) if weekdays == "?" else _days_of_week(weekdays),
    )


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The numbers that a field of items (``*``, ``5``, ``1-5``, ``0/15``, ``MON-FRI``), joined by commas, allows."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise InvalidCron(f"{item} is not valid")
        first = low if match[1] == "*" else _number(match[1], low, high, names)
        last = _number(match[2], low, high, names) if match[2] else high if match[1] == "*" or match[3] else first
        step = int(match[3]) if match[3] else 1
        if step < 1 or (match[1] == "*" and match[2]):
            raise InvalidCron(f"{item} is not valid")
        if first <= last:
            found.update(range(first, last + 1, step))
        else:
            wrapped = [*range(first, high + 1), *range(low, last + 1)]
            found.update(wrapped[::step])
    return tuple(sorted(found))


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + 1
    if not text.isdigit() or not low <= int(text) <= high:
        raise InvalidCron(f"{text} is not between {low} and {high}")
    return int(text)


def _days_of_month(field: str) -> DayTest:
    if field == "L":
        return lambda day: day.day == monthrange(day.year, day.month)[1]
    nearest = re.fullmatch(r"([0-9]+|L)W", field)
    if nearest:
        if nearest[1] == "L":
            return lambda day: day.day == _nearest_weekday(day, monthrange(day.year, day.month)[1])
        wanted = _number(nearest[1], 1, 31, ())
        return lambda day: wanted <= monthrange(day.year, day.month)[1] and day.day == _nearest_weekday(day, wanted)
    numbers = _numbers(field, 1, 31)
    return lambda day: day.day in numbers


def _nearest_weekday(within: date, number: int) -> int:
    """The weekday nearest to a day of the month, without leaving the month."""
    weekday = date(within.year, within.month, number).weekday()
    last = monthrange(within.year, within.month)[1]
    if weekday == 5:
        return number - 1 if number > 1 else number + 2
    if weekday == 6:
        return number + 1 if number < last else number - 2
    return number


def _days_of_week(field: str) -> DayTest:
    if field == "L":
        return lambda day: _weekday(day) == 7
    last = re.fullmatch(r"([0-9A-Z]+)L", field)
    if last:
        wanted = _number(last[1], 1, 7, _WEEKDAYS)
        return lambda day: _weekday(day) == wanted and day.day + 7 > monthrange(day.year, day.month)[1]
    nth = re.fullmatch(r"([0-9A-Z]+)#([1-5])", field)
    if nth:
        wanted, which = _number(nth[1], 1, 7, _WEEKDAYS), int(nth[2])
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == which
    numbers = _numbers(field, 1, 7, _WEEKDAYS)
    return lambda day: _weekday(day) in numbers


def _weekday(day: date) -> int:
    """1 is Sunday, 7 is Saturday."""
    return (day.weekday() + 1) % 7 + 1
