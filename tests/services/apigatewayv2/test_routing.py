"""Which route a request takes: the most specific one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api.integration_targets import with_stage_variables
from segue.services.apigatewayv2.routing import Router, is_route_key, match_path

ROUTES = [
    {"RouteKey": key}
    for key in (
        "$default",
        "ANY /pets/{rest+}",
        "GET /pets/{id}",
        "ANY /pets/{id}",
        "GET /pets/dog",
        "GET /",
        "ANY /a/{x}/b",
    )
]


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("GET", "/pets/cat", "GET /pets/{id}", {"id": "cat"}),
        ("POST", "/pets/dog", "ANY /pets/{id}", {"id": "dog"}),
        ("GET", "/pets/dog/1", "ANY /pets/{rest+}", {"rest": "dog/1"}),
        ("GET", "/", "GET /", {}),
        ("POST", "/", "$default", {}),
        ("GET", "/a/1/b", "ANY /a/{x}/b", {"x": "1"}),
        ("GET", "/a//b", "$default", {}),
        ("GET", "/elsewhere", "$default", {}),
        ("GET", "/pets", "$default", {}),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, key: str, variables: dict[str, str]) -> None:
    found: Any = Router(ROUTES).find(method, path)
    assert (found[0]["RouteKey"], found[1]) == (key, variables)
    assert Router(list(reversed(ROUTES))).find(method, path) == found


def test_without_a_default_nothing_may_fit() -> None:
    assert Router(ROUTES[1:]).find("GET", "/elsewhere") is None


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("$default", True),
        ("GET /x", True),
        ("ANY /", True),
        ("get /x", False),
        ("GET x", False),
        ("/x", False),
        ("", False),
    ],
)
def test_route_keys(key: str, expected: bool) -> None:
    assert is_route_key(key) is expected


@given(st.lists(st.text("abc{}+", min_size=1, max_size=4), max_size=4), st.text("abc/{}+", max_size=9))
def test_any_path_against_any_pattern(parts: list[str], path: str) -> None:
    found = match_path("/" + "/".join(parts), path)
    assert found is None or all(value for value in found.values())


def test_stage_variables() -> None:
    assert with_stage_variables("https://${stageVariables.host}/x${stageVariables.no}", {"host": "h"}) == "https://h/x"
