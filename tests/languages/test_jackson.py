"""Syntax errors in Jackson's words, as AWS gives them."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.jackson import explain

VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
CASES = {
    "x": f"Unrecognized token 'x': was expecting {VALUE}\n at [Source: (String)\"x\"; line: 1, column: 2]",
    "{x}": "Unexpected character ('x' (code 120)): was expecting double-quote to start field name\n"
    ' at [Source: (String)"{x}"; line: 1, column: 3]',
    '{\n"a" 1}': "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value\n"
    ' at [Source: (String)"{\n"a" 1}"; line: 2, column: 6]',
    '["a" "b"]': "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries\n"
    ' at [Source: (String)"["a" "b"]"; line: 1, column: 7]',
    '{"a": ': "Unexpected end-of-input: expected close marker for Object (start marker at "
    '[Source: (String)"{"a": "; line: 1, column: 1])\n at [Source: (String)"{"a": "; line: 1, column: 7]',
    '"a': "Unexpected end-of-input: was expecting closing quote for a string value\n"
    ' at [Source: (String)""a"; line: 1, column: 3]',
}


@pytest.mark.parametrize(("text", "words"), CASES.items())
def test_words(text: str, words: str) -> None:
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    assert explain(text, error.value) == words
    assert explain(text, error.value, "byte[]") == words.replace("(String)", "(byte[])")


def test_another_error_speaks_for_itself() -> None:
    assert explain("1e999", ValueError("beyond the range")) == "beyond the range"


@given(st.text(alphabet='{}[]",:\\abtrue01.\n \x01é', max_size=60))
def test_every_error_has_words(text: str) -> None:
    with suppress(json.JSONDecodeError):
        json.loads(text)
        return
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    assert "\n at [Source: (String)" in explain(text, error.value)
