"""Times, spans and texts within a width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.words import cut, fill, printable, span, width_of


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (-5, "0 ms"),
        (340, "340 ms"),
        (4200, "4.2 s"),
        (59_949, "59.9 s"),
        (59_950, "1 m 0 s"),
        (185_000, "3 m 5 s"),
        (7_800_000, "2 h 10 m"),
        (442_800_000, "5 d 3 h"),
    ],
)
def test_spans(ms: int, said: str) -> None:
    assert span(ms) == said


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("order", 5, "order"),
        ("orders", 5, "orde…"),
        ("注文です", 5, "注文…"),
        ("a\nb\x1b[31m", 9, "a b [31m"),
        ("x", 0, ""),
    ],
)
def test_texts_are_cut_by_columns(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@given(st.text(), st.integers(0, 40))
def test_filled_texts_have_their_width_and_nothing_that_moves_the_cursor(text: str, width: int) -> None:
    filled = fill(text, width)
    assert width_of(filled) == width
    assert filled.isprintable()
    assert printable(printable(text)) == printable(text)
