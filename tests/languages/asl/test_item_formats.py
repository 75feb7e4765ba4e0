"""Items in files, whole and in stretches of any size: the same items."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.item_formats import FormatError, Place, format_reader, hash_order


def read(config: dict[str, Any], data: bytes, stretch: int = 1 << 20) -> list[Any]:
    """All items, read by stretches that grow where nothing is used of them."""
    reader = format_reader(config)
    items: list[str] = []
    place: Place = {}
    at, size = 0, stretch
    while True:
        is_last = at + size >= len(data)
        taken = reader(data[at : at + size], json.loads(json.dumps(place)), is_last)
        items += taken.items
        place = taken.place
        at += taken.used
        if taken.is_end:
            return [json.loads(item) for item in items]
        size = stretch if taken.used else size * 2


FIRST = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
CSV: list[tuple[str, str, list[dict[str, str]]]] = [
    ("COMMA", "a,b\n1,2\n", [{"a": "1", "b": "2"}]),
    ("COMMA", "a,b\r\n1,2", [{"a": "1", "b": "2"}]),
    ("COMMA", 'a,b\n"x\ny","say ""hi"""\n', [{"a": "x\ny", "b": 'say "hi"'}]),
    ("COMMA", "a,b\n1\n1,2,3\n", [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]),
    ("COMMA", "\ufeffa\nß€😀\n\n   \n", [{"a": "ß€😀"}, {"a": "   "}]),
    ("COMMA", "a,a\n1,2\n", [{"a": "2"}]),
    ("PIPE", "a|b\n1|2\n", [{"a": "1", "b": "2"}]),
    ("SEMICOLON", "a;b\n1;2\n", [{"a": "1", "b": "2"}]),
    ("SPACE", "a b\n1 2\n", [{"a": "1", "b": "2"}]),
    ("TAB", "a\tb\n1\t2\n", [{"a": "1", "b": "2"}]),
    ("COMMA", "a,b\n", []),
    ("COMMA", "", []),
]


@pytest.mark.parametrize("stretch", [1, 3, 1000])
@pytest.mark.parametrize(("delimiter", "text", "items"), CSV)
def test_csv(delimiter: str, text: str, items: list[dict[str, str]], stretch: int) -> None:
    assert read({**FIRST, "CSVDelimiter": delimiter}, text.encode(), stretch) == items


def test_given_headers() -> None:
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x", "y"]}
    assert read(config, b"a,b\n1,2\n", 2) == [{"x": "a", "y": "b"}, {"x": "1", "y": "2"}]


@pytest.mark.parametrize(
    ("keys", "ordered"),
    [
        (["0", "True", "{}"], ["0", "{}", "True"]),  # recorded
        (["H1", ""], ["", "H1"]),  # recorded
        (["Col3", "Col1", "Col2"], ["Col1", "Col2", "Col3"]),
        (["Aa", "BB"], ["Aa", "BB"]),
        (["BB", "Aa"], ["BB", "Aa"]),  # the same hash: as they came
    ],
)
def test_the_order_of_a_hash_map(keys: list[str], ordered: list[str]) -> None:
    assert hash_order(keys) == ordered


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_json_in_stretches(items: list[Any], stretch: int, is_ascii: bool, indent: int | None) -> None:
    data = json.dumps(items, ensure_ascii=is_ascii, indent=indent).encode("utf-8", "surrogatepass")
    assert read({"InputType": "JSON"}, data, stretch) == items


@given(st.lists(VALUES, max_size=6), VALUES, st.integers(1, 40))
def test_json_behind_a_pointer(items: list[Any], other: Any, stretch: int) -> None:
    document = {"other": other, "a/b~": [other, {"deep": items, "after": other}]}
    config = {"InputType": "JSON", "ItemsPointer": "/a~1b~0/1/deep"}
    assert read(config, json.dumps(document).encode(), stretch) == items


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_json_lines_in_stretches(items: list[Any], stretch: int, line_end: str, ends: bool) -> None:
    text = line_end.join(json.dumps(item) for item in items) + (line_end if ends else "")
    assert read({"InputType": "JSONL"}, text.encode(), stretch) == items


def test_numbers_stay_as_they_are() -> None:
    reader = format_reader({"InputType": "JSON"})
    assert reader(b"[1.0, 123456789012345678901234567890]", {}, True).items == ["1.0", "123456789012345678901234567890"]


BAD: list[tuple[dict[str, Any], bytes, str]] = [
    ({"InputType": "JSON"}, b'{"a": 1}', "Attempting to map over non-iterable node."),
    ({"InputType": "JSON"}, b"[1, 2", "not valid JSON"),
    ({"InputType": "JSON"}, b"[1 2]", "not valid JSON"),
    ({"InputType": "JSON"}, b"[1]2", "not valid JSON"),
    ({"InputType": "JSON"}, b"[1,]", "not valid JSON"),
    ({"InputType": "JSON"}, b"", "not valid JSON"),
    ({"InputType": "JSON"}, b"[" * 10_000, "not valid JSON"),
    ({"InputType": "JSON", "ItemsPointer": "/a"}, b'{"b": []}', "'/a' finds nothing"),
    ({"InputType": "JSON", "ItemsPointer": "/a/b"}, b'{"a": 1}', "'/a/b' finds nothing"),
    ({"InputType": "JSON", "ItemsPointer": "/a"}, b'{"a": {}}', "Attempting to map over non-iterable node."),
    ({"InputType": "JSONL"}, b"{}\n{\n", "not valid JSON"),
    ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, b"a\n\xff\xfe\n", "not UTF-8"),
]


@pytest.mark.parametrize("stretch", [4, 1 << 20])
@pytest.mark.parametrize(("config", "data", "words"), BAD)
def test_what_a_file_should_not_hold(config: dict[str, Any], data: bytes, words: str, stretch: int) -> None:
    with pytest.raises(FormatError, match=words.replace("(", r"\(")):
        read(config, data, stretch)


def test_a_type_that_is_not_read_is_named() -> None:
    with pytest.raises(FormatError, match="PARQUET"):
        format_reader({"InputType": "PARQUET"})
