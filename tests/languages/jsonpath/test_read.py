"""Reading: tables of Jayway's rules, and reference paths against a plain walk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.jsonpath import InvalidPath, PathNotFound, compile_path

SHOP: dict[str, Any] = {
    "name": "shop",
    "books": [
        {"title": "A", "price": 5, "tags": ["x", "y"]},
        {"title": "B", "price": 15.5, "tags": []},
        {"title": "C"},
    ],
    "owner": {"first-name": "Ann", "last name": "Lee", "it's": 1},
    "nothing": None,
    "no": False,
    "limit": 10,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", SHOP),
        ("$.name", "shop"),
        ("$['name']", "shop"),
        ('$["name"]', "shop"),
        ("$.owner.['first-name']", "Ann"),
        ("$.nothing", None),
        ("$.no", False),
        ("$.books[0].title", "A"),
        ("$.books[-1].title", "C"),
        ("$['books'][1]['price']", 15.5),
        ("$.owner.first-name", "Ann"),
        ("$.owner['last name']", "Lee"),
        (r"$.owner['it\'s']", 1),
        ("$.owner['first-name','it\\'s','absent']", {"first-name": "Ann", "it's": 1}),
        ("$.books[0]['title','price']", {"title": "A", "price": 5}),
        ("$.books.length()", 3),
        ("$.books[*].price.sum()", 20.5),
        ("$.owner.keys()", ["first-name", "last name", "it's"]),
    ],
)
def test_a_definite_path_gives_the_value(path: str, found: Any) -> None:
    compiled = compile_path(path)
    assert compiled.definite
    assert compiled.read(SHOP) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.books[*].title", ["A", "B", "C"]),
        ("$.books[*].price", [5, 15.5]),
        ("$.books.*.title", ["A", "B", "C"]),
        ("$.books[0,2].title", ["A", "C"]),
        ("$.books[0,9].title", ["A"]),
        ("$.books[1:].title", ["B", "C"]),
        ("$.books[:1].title", ["A"]),
        ("$.books[-2:].title", ["B", "C"]),
        ("$.books[:-1].title", ["A", "B"]),
        ("$.books[1:-1].title", []),
        ("$..title", ["A", "B", "C"]),
        ("$..tags[0]", ["x"]),
        ("$.books[?(@.price)].title", ["A", "B"]),
        ("$.books[?(!@.price)].title", ["C"]),
        ("$.books[?(@.price < 10)].title", ["A"]),
        ("$.books[?(@.price < $.limit)].title", ["A"]),
        ("$.books[?(@.price>=5 && @.title!='A')].title", ["B"]),
        ("$.books[?(@.title == 'A' || @.title == 'C')].title", ["A", "C"]),
        ("$.books[?(@['title'] in ['B','C'])].title", ["B", "C"]),
        ("$.books[?(@.title nin ['B','C'])].title", ["A"]),
        ("$.books[?(@.tags contains 'y')].title", ["A"]),
        ("$.books[?(@.tags empty true)].title", ["B"]),
        ("$.books[?(@.tags size 2)].title", ["A"]),
        ("$.books[?(@.tags anyof ['q','y'])].title", ["A"]),
        ("$.books[?(@.tags noneof ['q','y'])].title", ["B"]),
        ("$.books[?(@.title =~ /[ab]/i)].title", ["A", "B"]),
        ("$.books[?(@.price == '5')].title", []),
        ("$.books[?(@.price < 'z')].title", []),
        ("$.absent[*]", []),
        ("$.absent[1:2].x", []),
        ("$.name[*]", []),
        ("$..[?(@.price > 10)]", [SHOP["books"][1]]),
        ("$..*.absent", []),
    ],
)
def test_an_indefinite_path_gives_a_list(path: str, found: Any) -> None:
    compiled = compile_path(path)
    assert not compiled.definite
    assert compiled.read(SHOP) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.absent",
        "$.absent.x",
        "$.books.title",
        "$.name[0]",
        "$.books[3]",
        "$.books[-4]",
        "$.name.x",
        "$.nothing.x",
        "$[0]",
    ],
)
def test_a_definite_path_that_finds_nothing_fails(path: str) -> None:
    with pytest.raises(PathNotFound) as raised:
        compile_path(path).read(SHOP)
    assert raised.value.path == path
    assert raised.value.value is SHOP


@pytest.mark.parametrize(
    "path",
    [
        "",
        "name",
        "$.",
        "$..",
        "$[",
        "$[]",
        "$['a",
        "$['a'",
        "$[a]",
        "$.a b",
        "$.a[?(@.x]",
        "$.a[?()]",
        "$.a[?(@.x =~ 1)]",
        "$.a[?(@.x =~ /(/)]",
        "$.a.nofunction()",
        "$.a.length().b",
        "$..length()",
        "$$.a",
        "$.a[1,]",
        "$.a[:x]",
    ],
)
def test_what_is_no_path_is_refused_with_the_reason(path: str) -> None:
    with pytest.raises(InvalidPath) as raised:
        compile_path(path)
    assert raised.value.text == path
    assert raised.value.reason


@pytest.mark.parametrize(
    ("path", "is_reference"),
    [
        ("$", True),
        ("$.a.b", True),
        ("$['a'][0].b", True),
        ("$.a[-1]", False),
        ("$.a[*]", False),
        ("$['a','b']", False),
        ("$..a", False),
        ("$.a.length()", False),
        ("$.a[?(@.b)]", False),
        ("$.a[0:1]", False),
    ],
)
def test_reference_paths_are_known(path: str, is_reference: bool) -> None:
    assert compile_path(path).is_reference is is_reference


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
_steps = st.lists(st.sampled_from("abc") | st.integers(0, 2), max_size=5)


def _written(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


@given(_values, _steps)
def test_a_reference_path_reads_as_a_walk_does(value: Any, steps: list[str | int]) -> None:
    expected, is_there = value, True
    for step in steps:
        holder = dict if isinstance(step, str) else list
        if not isinstance(expected, holder) or (step not in expected if holder is dict else step >= len(expected)):
            is_there = False
            break
        expected = expected[step]
    if is_there:
        assert compile_path(_written(steps)).read(value) is expected
    else:
        with pytest.raises(PathNotFound):
            compile_path(_written(steps)).read(value)


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    for candidate in (text, "$" + text, "$.a[?(" + text + ")]"):
        try:
            compile_path(candidate)
        except InvalidPath:
            continue
