"""Schedule expressions: what is valid, and when next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.schedules import InvalidSchedule, parse_schedule

HORIZON_MS = 4_102_444_800_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(1 minute)", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("rate(5 minutes)", "2026-01-01T00:07:30", "2026-01-01T00:10:00"),
        ("rate(2 days)", "2026-01-02T00:00:00", "2026-01-03T00:00:00"),
        ("cron(0 12 * * ? *)", "2026-01-01T12:00:00", "2026-01-02T12:00:00"),
        ("cron(0 12 * * ? *)", "2026-01-01T11:59:59", "2026-01-01T12:00:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T23:46:00", "2026-01-02T00:00:00"),
        ("cron(5,35 14 * * ? *)", "2026-01-01T14:05:00", "2026-01-01T14:35:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-20T18:00:00", "2026-11-23T18:00:00"),
        ("cron(0 18 ? * FRI-MON *)", "2026-11-20T18:00:00", "2026-11-21T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-11-21T00:00:00", "2026-12-01T08:00:00"),
        ("cron(0 2 ? * SAT#3 *)", "2026-11-01T00:00:00", "2026-11-21T02:00:00"),
        ("cron(15 10 ? * 6L 2026-2027)", "2026-11-01T00:00:00", "2026-11-27T10:15:00"),
        ("cron(0 0 L * ? *)", "2028-02-10T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 15W * ? *)", "2026-11-01T00:00:00", "2026-11-16T00:00:00"),
        ("cron(0 0 1W * ? *)", "2026-07-31T00:00:01", "2026-08-03T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0/5 5 ? JAN 1-5 2027)", "2026-01-01T00:00:00", "2027-01-03T05:00:00"),
    ],
)
def test_next(expression: str, after: str, expected: str) -> None:
    found = parse_schedule(expression).next_after_ms(ms(after), ms("2026-01-01T00:00:00"))
    assert found is not None
    assert datetime.fromtimestamp(found / 1000, UTC).isoformat()[:19] == expected


def test_a_schedule_may_be_over() -> None:
    assert parse_schedule("cron(15 10 ? * 6L 2002-2005)").next_after_ms(ms("2026-01-01T00:00:00"), 0) is None
    assert parse_schedule("cron(0 0 31 2 ? *)").next_after_ms(ms("2026-01-01T00:00:00"), 0) is None


@pytest.mark.parametrize(
    "expression",
    [
        *("", "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(-1 minutes)", "rate(1 second)"),
        *("rate( 1 minute)", "rate(5minutes)", "cron(INVALID)", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)"),
        *("cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)", "cron(7 20 * * NOT *)", "cron(0 12 * * ?)"),
        *("cron(0 12 * * ? 1969)", "cron(0/0 12 * * ? *)", "at(2026-01-01T00:00:00)"),
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        parse_schedule(expression)


@given(st.integers(0, HORIZON_MS), st.sampled_from(["rate(7 minutes)", "cron(0/10 3-5 ? * MON,WED *)"]))
def test_the_next_time_is_later_and_nothing_lies_between(after_ms: int, expression: str) -> None:
    schedule = parse_schedule(expression)
    found = schedule.next_after_ms(after_ms, 0)
    assert found is not None
    assert found > after_ms
    assert schedule.next_after_ms(found - 1, 0) == found
