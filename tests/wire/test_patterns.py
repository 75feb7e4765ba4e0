from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from segue.wire.model import load_service
from segue.wire.patterns import compile_pattern

SERVICES = ("sqs", "sns", "lambda", "stepfunctions", "dynamodb", "events", "logs", "iam", "sts", "scheduler", "pipes")
HOSTILE = ("a", "-", "1", "a-", "a.", "a/", "a:", " ", "\t ", "$.a", "%aa", "a[1]")
PREFIXES = ("", "arn:aws:", "arn:aws:lambda:us-east-1:123456789012:function:", "https://", "$.")


def _patterns() -> list[str]:
    shapes = (shape for name in SERVICES for shape in load_service(name)._raw_shapes.values())
    return sorted({shape["pattern"] for shape in shapes if "pattern" in shape})


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_no_pattern_can_be_made_to_run_for_long() -> None:
    for pattern in _patterns():
        compiled = compile_pattern(pattern)
        assert compiled is not None, pattern
        for prefix in PREFIXES:
            for part in HOSTILE:
                try:
                    with _within(2):
                        compiled.fullmatch(prefix + part * 2000 + "\x01")
                except TimeoutError:
                    pytest.fail(f"{pattern} on {part!r}")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["", "Größe/漢 1", "a_b"], ["a#", "a\x00"]),
        (r"\p{ASCII}*", ["abc"], ["ä"]),
        (r"[\w-_]*", ["a-b_c"], ["a b"]),
        (r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$", ["a", " a\tb ", " ", "\ta"], ["", "\t", "ä", "a\n"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", ["a🎉"], ["\x01"]),
        (r"\d+", ["12"], ["١", "a", "1\n"]),
    ],
)
def test_java_patterns(pattern: str, good: list[str], bad: list[str]) -> None:
    compiled = compile_pattern(pattern)
    assert compiled is not None
    assert [text for text in good if not compiled.fullmatch(text)] == []
    assert [text for text in bad if compiled.fullmatch(text)] == []


def test_what_cannot_be_said_in_python_is_not_checked() -> None:
    assert compile_pattern(r"\p{IsCyrillic}+") is None
