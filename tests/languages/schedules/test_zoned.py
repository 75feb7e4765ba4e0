"""Schedules by the clocks of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.schedules import InvalidSchedule, parse_zoned

DAY_MS = 86_400_000
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def text(at_ms: int | None) -> str | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()[:19]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("at(2026-07-01T08:00:00)", "UTC", "2026-01-01T00:00:00", "2026-07-01T08:00:00"),
        ("at(2026-07-01T08:00:00)", "Europe/Berlin", "2026-01-01T00:00:00", "2026-07-01T06:00:00"),
        ("at(2026-01-01T08:00:00)", "America/New_York", "2026-01-01T12:59:59", "2026-01-01T13:00:00"),
        ("at(2026-01-01T08:00:00)", "America/New_York", "2026-01-01T13:00:00", None),
        ("rate(5 minutes)", "UTC", "2025-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("rate(1 minutes)", "UTC", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("rate(1 day)", "America/New_York", "2026-03-07T12:00:00", "2026-03-08T00:00:00"),
        ("cron(30 8 * * ? *)", "Asia/Kathmandu", "2026-05-01T00:00:00", "2026-05-01T02:45:00"),
        # clocks in New York go forward on 8 March 2026, at two
        ("cron(30 2 * * ? *)", "America/New_York", "2026-03-07T12:00:00", "2026-03-09T06:30:00"),
        ("cron(0 3 * * ? *)", "America/New_York", "2026-03-08T06:00:00", "2026-03-08T07:00:00"),
        # and back on 1 November, at two
        ("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T00:00:00", "2026-11-01T05:30:00"),
        ("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T05:30:00", "2026-11-02T06:30:00"),
        ("cron(0 * * * ? *)", "America/New_York", "2026-11-01T05:00:00", "2026-11-01T07:00:00"),
        ("cron(0 * * * ? *)", "America/New_York", "2026-11-01T06:10:00", "2026-11-01T07:00:00"),
        ("cron(0 2 * * ? *)", "America/New_York", "2026-11-01T00:00:00", "2026-11-01T07:00:00"),
        ("cron(0 0 31 2 ? *)", "Europe/Berlin", "2026-01-01T00:00:00", None),
    ],
)
def test_next(expression: str, zone: str, after: str, expected: str | None) -> None:
    found = parse_zoned(expression, zone).next_after_ms(ms(after), ms("2026-01-01T00:00:00"))
    assert text(found) == expected


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        *((bad, "UTC") for bad in ("", "at(2026-01-01)", "at(2026-13-01T00:00:00)", "at(2026-01-01T00:00:00Z)")),
        *((bad, "UTC") for bad in ("rate(0 days)", "rate(1 week)", "cron(* * * *)", "cron(0 0 * * * *)")),
        *(("rate(1 day)", bad) for bad in ("Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a\x00b")),
    ],
)
def test_invalid(expression: str, zone: str) -> None:
    with pytest.raises(InvalidSchedule):
        parse_zoned(expression, zone)


@given(
    st.sampled_from(["cron(7 * * * ? *)", "cron(30 1,2,3 * * ? *)", "cron(0/20 0 ? * SUN *)", "rate(7 hours)"]),
    st.sampled_from(ZONES),
    st.integers(ms("2025-01-01T00:00:00"), ms("2028-01-01T00:00:00")),
)
def test_times_go_on(expression: str, zone: str, after: int) -> None:
    schedule = parse_zoned(expression, zone)
    first = schedule.next_after_ms(after, ms("2025-01-01T00:00:00"))
    assert first is not None
    assert after < first <= after + 8 * DAY_MS
    assert schedule.next_after_ms(first - 1, ms("2025-01-01T00:00:00")) == first
