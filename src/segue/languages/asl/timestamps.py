"""Timestamps in definitions and payloads: the RFC 3339 profile of ISO 8601, with ``T`` and ``Z`` or an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d)(?::(\d\d))?)"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_LONGEST = 50


def parse_timestamp(text: str) -> Fraction | None:
    """Seconds since the epoch, exact to the nanosecond, or None if the text is no timestamp.

    Recorded refusals: sfn-wait/base_scenarios__wait_timestamp_path_* (no ``T``, no zone, impossible dates).
    """
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Fraction | None:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, *offset = match.groups(default="")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    if sign:
        shift = timedelta(hours=int(offset[0]), minutes=int(offset[1]), seconds=int(offset[2] or 0))
        if shift > timedelta(hours=18):
            return None
        seconds = (moment - _EPOCH) // timedelta(seconds=1) - (1 if sign == "+" else -1) * shift // timedelta(seconds=1)
    else:
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return Fraction(seconds) + Fraction(int(fraction.ljust(9, "0")) if fraction else 0, 1_000_000_000)


def timestamp_ms(text: str) -> int | None:
    """Milliseconds since the epoch, rounded down, or None if the text is no timestamp."""
    seconds = parse_timestamp(text)
    return None if seconds is None else seconds * 1000 // 1
