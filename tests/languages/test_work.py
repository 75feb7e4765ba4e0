"""The count of work, and the bounds that go by it."""

from __future__ import annotations

import pytest

from segue.languages import jsonata, work
from segue.languages.asl.expressions import compile_expression
from segue.languages.jsonpath import compile_path
from segue.languages.work import WORK, Work, WorkExceeded


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("path", ["$..*..*..*..*", "$..[?(@..a)]..[?($..a)]..a", "$" + "..a" * 20])
def test_paths_end(path: str) -> None:
    with pytest.raises(WorkExceeded, match="The path looks at too many values"):
        compile_path(path).read(nested(300))


def test_ordinary_paths_are_far_from_the_bound() -> None:
    before = WORK.done
    assert len(compile_path("$..*").read(list(range(100_000)))) == 100_000
    assert WORK.done - before <= work.MAX_READ // 2


def test_a_state_is_bounded_as_a_whole() -> None:
    count = Work()
    count.begin_state()
    for _ in range(work.MAX_STATE // work.MAX_READ):
        count.begin_read()
        count.read(work.MAX_READ)
    count.check_state()
    count.begin_read()
    with pytest.raises(WorkExceeded):
        count.read(1)
    with pytest.raises(WorkExceeded, match="All expressions of the state"):
        count.check_state()
    count.end_state()
    count.check_state()
    count.begin_read()
    count.read(1)


def test_long_expressions_are_not_remembered() -> None:
    long = "$." + "a" * 5_000
    assert compile_path(long) is not compile_path(long)
    assert compile_path("$.short") is compile_path("$.short")
    expression = jsonata.compile("'" + "x" * 5_000 + "'")
    assert expression is not jsonata.compile(expression.text)
    assert jsonata.compile("1 + 1") is jsonata.compile("1 + 1")
    assert compile_expression(long) is not compile_expression(long)
