"""Selection expressions, and what they select."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.services.apigatewayv2.websocket.selection import fitting, pick, selected

VALUES: dict[str, Any] = {"request.body.action": "say", "request.body.n": 3, "stageVariables.v": "1", "context.x": None}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$request.body.action", "say"),
        ("${request.body.action}", "say"),
        ("${request.body.action}-${stageVariables.v}", "say-1"),
        ("$request.body.n", "3"),
        ("$request.body.nothing", ""),
        ("$context.x", ""),
        ("\\$default", "$default"),
        ("fixed", "fixed"),
        ("", ""),
    ],
)
def test_expressions(expression: str, expected: str) -> None:
    assert selected(expression, VALUES.get) == expected


@given(st.text())
def test_any_text_is_an_expression(text: str) -> None:
    assert isinstance(selected(text, VALUES.get), str)


@pytest.mark.parametrize(
    ("key", "expected"), [("200", "/2\\d\\d/"), ("404", "404"), ("500", "$default"), ("2000", "$default")]
)
def test_responses_fit_by_key_or_pattern(key: str, expected: str) -> None:
    responses = [{"key": one} for one in ("$default", "/(/", "/2\\d\\d/", "404")]
    found = fitting(responses, "key", key)
    assert found is not None
    assert found["key"] == expected
    assert fitting(responses[1:], "key", "500") is None


def test_what_has_no_key_of_its_own_takes_the_default() -> None:
    assert pick({"a": 1, "$default": 2}, "a") == 1
    assert pick({"a": 1, "$default": 2}, "b") == 2
    assert pick({"a": 1}, "b") is None
