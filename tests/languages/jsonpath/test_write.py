"""Writing at reference paths: what changes, what is shared, what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.jsonpath import NotWritable, compile_path


@pytest.mark.parametrize(
    ("path", "root", "result"),
    [
        ("$", {"a": 1}, "new"),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.c", {"a": 1}, {"a": 1, "c": "new"}),
        ("$.x.y.z", {"a": 1}, {"a": 1, "x": {"y": {"z": "new"}}}),
        ("$.x.y", {"x": {"q": 1}}, {"x": {"q": 1, "y": "new"}}),
        ("$.list[1]", {"list": [1, 2, 3]}, {"list": [1, "new", 3]}),
        ("$.list[0].k", {"list": [{"a": 1}]}, {"list": [{"a": 1, "k": "new"}]}),
        ("$[0]", [1], ["new"]),
    ],
)
def test_a_new_root_is_made(path: str, root: Any, result: Any) -> None:
    before = copy.deepcopy(root)
    assert compile_path(path).write(root, "new") == result
    assert root == before


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("$.a", "text"),
        ("$.a", [1]),
        ("$.a.b", {"a": 1}),
        ("$.a[0]", {"a": {}}),
        ("$.a[2]", {"a": [1]}),
        ("$.a[0]", {}),
        ("$.a[*]", {"a": [1]}),
        ("$.a", None),
    ],
)
def test_what_does_not_fit_is_refused(path: str, root: Any) -> None:
    with pytest.raises(NotWritable):
        compile_path(path).write(root, 1)


def test_what_does_not_change_is_shared() -> None:
    root = {"big": {"x": [1]}, "small": {"y": 1}}
    written = compile_path("$.small.y").write(root, 2)
    assert written["big"] is root["big"]


@given(
    st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("abc"), st.integers())),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    st.integers(),
)
def test_what_is_written_is_read(root: dict[str, Any], names: list[str], value: int) -> None:
    path = compile_path("$." + ".".join(names))
    before = copy.deepcopy(root)
    try:
        written = path.write(root, value)
    except NotWritable:
        assert len(names) == 3
    else:
        assert path.read(written) == value
    assert root == before
