"""Timestamps on the wire: epoch seconds, ISO 8601 and RFC 822 texts, to and from ``int`` milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

# the years 1 to 9999, as far as texts reach
MIN_MS: Final = -62_135_596_800_000
MAX_MS: Final = 253_402_300_799_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?\d{1,19}(\.\d{1,20})?([eE][+-]?\d{1,3})?", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def from_number(seconds: float) -> int:
    """Milliseconds of a number of epoch seconds.

    Raises:
        ValueError: not finite, or outside the years 1 to 9999.
    """
    if not MIN_MS <= seconds * 1000 <= MAX_MS:  # false for NaN and infinities too
        raise ValueError("not a number of seconds in the years 1 to 9999")
    return seconds * 1000 if isinstance(seconds, int) else round(seconds * 1000)


def from_text(text: str) -> int:
    """Milliseconds of an ISO 8601 or RFC 822 text, or of epoch seconds in digits.

    Raises:
        ValueError: none of these forms.
    """
    text = text.strip()
    if len(text) > 64:
        raise ValueError("not a timestamp")
    if _NUMBER.fullmatch(text):
        return from_number(float(text) if not text.lstrip("+-").isdigit() else int(text))
    match = _ISO.fullmatch(text)
    if match:
        return _from_iso(match)
    from email.utils import parsedate_to_datetime  # 15 ms to import, and hardly ever needed

    try:
        parsed = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise ValueError("not a timestamp") from error
    return _milliseconds(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def _from_iso(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    if zone and zone not in "Zz":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        if minutes >= 24 * 60:
            raise ValueError("not a time zone")
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes)))
    # cut, not rounded: the text of 23:59:59.9999 must not fall on the next day
    return _milliseconds(moment) + int((fraction or "0").ljust(3, "0")[:3])


def _milliseconds(moment: datetime) -> int:
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


@lru_cache(maxsize=512)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def to_iso(timestamp_ms: int) -> str:
    """``2026-11-21T02:29:17.123Z``; whole seconds without a fraction."""
    seconds, milliseconds = divmod(timestamp_ms, 1000)
    text = _second_text(seconds)
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def to_http_date(timestamp_ms: int) -> str:
    """``Sat, 21 Nov 2026 02:29:17 GMT`` (RFC 822 as HTTP writes it), whatever the process's locale."""
    moment = _EPOCH + timedelta(seconds=timestamp_ms // 1000)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"


def to_seconds(timestamp_ms: int) -> float:
    """Epoch seconds as a number."""
    return timestamp_ms / 1000


def to_number(timestamp_ms: int) -> str:
    """Epoch seconds as AWS's servers write them into JSON: as Java prints a double, ``1.691851539123E9``.

    Recorded: the Content-Length of StartExecution's answers (sfn-callback/callback__start_execution_sync*, and
    sfn-credentials/*PATH_CONTEXT, shorter by one, as a double's last zero is not printed).
    """
    if -10_000_000_000 < timestamp_ms < 10_000_000_000:  # printed plainly below ten million
        return repr(timestamp_ms / 1000)
    digits = str(abs(timestamp_ms))
    sign = "-" if timestamp_ms < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{len(digits) - 4}"
