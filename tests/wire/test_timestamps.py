from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.wire import timestamps

moments = st.integers(timestamps.MIN_MS, timestamps.MAX_MS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T02:29:17.123Z", 1795228157123),
        ("2026-11-21T02:29:17.1239999Z", 1795228157123),
        ("2026-11-21T03:29:17+01:00", 1795228157000),
        ("2026-11-21", 1795219200000),
        ("Sat, 21 Nov 2026 02:29:17 GMT", 1795228157000),
        ("1795228157.5", 1795228157500),
        ("-1", -1000),
    ],
)
def test_texts(text: str, expected: int) -> None:
    assert timestamps.from_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-13-01",
        "2026-02-30T00:00:00Z",
        "1e99",
        "9" * 19,
        "0000-01-01T00:00:00Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21T00:00:00+99:99",
        "Foo, 99 Bar 2026",
        "1" * 100,
    ],
)
def test_no_timestamps(text: str) -> None:
    with pytest.raises(ValueError):
        timestamps.from_text(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(timestamps.from_text(text), int)


@given(moments)
def test_iso_round_trip(moment: int) -> None:
    assert timestamps.from_text(timestamps.to_iso(moment)) == moment


@given(st.integers(0, 4_000_000_000))
def test_http_date_round_trip(second: int) -> None:
    assert timestamps.from_text(timestamps.to_http_date(second * 1000)) == second * 1000


@given(st.integers(0, 4_000_000_000_000))
def test_seconds_round_trip(moment: int) -> None:
    assert timestamps.from_number(timestamps.to_seconds(moment)) == moment


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "0.0"),
        (1, "0.001"),
        (9_999_999_999, "9999999.999"),
        (10_000_000_000, "1.0E7"),
        (1_691_851_539_123, "1.691851539123E9"),
        (1_691_851_539_120, "1.69185153912E9"),
        (-1_691_851_539_123, "-1.691851539123E9"),
    ],
)
def test_seconds_as_java_prints_them(moment: int, text: str) -> None:
    assert timestamps.to_number(moment) == text


@given(st.integers(timestamps.MIN_MS, timestamps.MAX_MS))
def test_printed_seconds_round_trip(moment: int) -> None:
    assert timestamps.from_number(float(timestamps.to_number(moment))) == moment
