"""The rules of composite alarms."""

from __future__ import annotations

import pytest

from segue.languages.metrics.rules import compile_rule

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA", "arn:aws:cloudwatch:x:1:alarm:e": "ALARM"}
CASES = {
    "ALARM(a)": True,
    'OK("a")': False,
    "ALARM(a) AND OK(b)": True,
    "ALARM(b) OR ALARM(a) AND ALARM(b)": False,
    "(ALARM(b) OR ALARM(a)) AND NOT ALARM(b)": True,
    'INSUFFICIENT_DATA("c d")': True,
    "ALARM(arn:aws:cloudwatch:x:1:alarm:e)": True,
    "NOT NOT TRUE AND FALSE": False,
    "ALARM(gone)": False,
}
BAD = ["", "ALARM", "ALARM()", "ALARM(a", "a", "ALARM(a) ALARM(b)", "AND", '"x"', "NOT", "(" * 200 + "TRUE" + ")" * 200]


@pytest.mark.parametrize(("text", "holds"), CASES.items())
def test_rules(text: str, holds: bool) -> None:
    assert compile_rule(text).holds(STATES.get) is holds


@pytest.mark.parametrize("text", BAD)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        compile_rule(text)


def test_whom_it_speaks_of() -> None:
    assert compile_rule('ALARM(a) OR OK("c d") OR ALARM(a)').alarms == ("a", "c d")
