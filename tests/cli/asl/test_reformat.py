"""``segue asl format``: one shape, and nothing else changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.asl.problems import read_source
from segue.cli.asl.reformat import as_yaml, formatted_as
from segue.cli.main import main

JSON = """{"StartAt":"A","States":{"A":{"Type":"Pass","Result":{"n":1.10,"big":12345678901234567890,"e":"\\u00e9"},
"x":[1,[2]],"Empty":{},"End":true}}}"""

JSON_FORMATTED = """\
{
  "StartAt": "A",
  "States": {
    "A": {
      "Type": "Pass",
      "Result": {
        "n": 1.10,
        "big": 12345678901234567890,
        "e": "\\u00e9"
      },
      "x": [
        1,
        [2]
      ],
      "Empty": {},
      "End": true
    }
  }
}
"""

YAML = """\
# The order workflow
StartAt: Ask
States:
    # asks somebody
    Ask:
        Type: Task   # a task
        Parameters: {a: 1,
            b: 2}
        Comment: |
            several
              lines

            of text
        Retry:
        - ErrorEquals: [A]
          MaxAttempts: 2


        Catch:
            -   ErrorEquals:
                - A
                - 'B'
                Next: Done
    Done:
        Type: Succeed
"""

YAML_FORMATTED = """\
# The order workflow
StartAt: Ask
States:
  # asks somebody
  Ask:
    Type: Task   # a task
    Parameters: {a: 1,
        b: 2}
    Comment: |
      several
        lines

      of text
    Retry:
      - ErrorEquals: [A]
        MaxAttempts: 2

    Catch:
      - ErrorEquals:
          - A
          - 'B'
        Next: Done
  Done:
    Type: Succeed
"""


def formatted(text: str, name: str, language: str = "") -> str:
    source = read_source(text, name)
    return formatted_as(source, language or source.language)


@pytest.mark.parametrize(
    ("text", "wanted", "name"), [(JSON, JSON_FORMATTED, "a.json"), (YAML, YAML_FORMATTED, "a.yaml")]
)
def test_the_shape(text: str, wanted: str, name: str) -> None:
    assert formatted(text, name) == wanted
    assert formatted(wanted, name) == wanted


def test_from_one_language_to_the_other() -> None:
    as_json = formatted(YAML, "a.yaml", "json")
    assert json.loads(as_json) == yaml.safe_load(YAML)
    assert yaml.safe_load(formatted(as_json, "a.json", "yaml")) == yaml.safe_load(YAML)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
_objects = st.dictionaries(st.text(max_size=8), _values, max_size=4)


@given(_objects, st.sampled_from([None, 1, 4]))
def test_json_keeps_its_values_and_comes_to_rest(value: Any, indent: int | None) -> None:
    once = formatted(json.dumps(value, indent=indent), "a.json")
    assert json.loads(once) == value
    assert formatted(once, "a.json") == once


_words = st.text("abcxyz:#-'\" \n", max_size=12)
_names = st.text("abcxyz", min_size=1, max_size=5)
_plain = st.recursive(
    st.integers() | _words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(_names, _plain, min_size=1, max_size=4), st.integers(2, 7))
def test_yaml_keeps_its_values_and_comes_to_rest(value: Any, indent: int) -> None:
    text = yaml.safe_dump(value, indent=indent, default_flow_style=False, sort_keys=False)
    source = read_source(text, "a.yaml")
    once = formatted_as(source, "yaml")
    assert read_source(once, "a.yaml").plain() == source.plain()
    assert formatted(once, "a.yaml") == once


def test_check_and_in_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(JSON)
    assert main(["asl", "format", "--check", str(path)]) == 1
    assert '+  "StartAt": "A",' in capsys.readouterr().out
    assert path.read_text() == JSON
    assert main(["asl", "format", "--in-place", str(path)]) == 0
    assert path.read_text() == JSON_FORMATTED
    assert main(["asl", "format", "--check", str(path)]) == 0
    assert main(["asl", "format", str(path)]) == 0
    assert capsys.readouterr().out.endswith(JSON_FORMATTED)


def test_what_is_none_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{,}")
    assert main(["asl", "format", "--in-place", str(path), str(tmp_path / "none")]) == 2
    assert path.read_text() == "{,}"
    assert "a.json:1:2: error:" in capsys.readouterr().err


def test_lines_that_cannot_be_moved_stay(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("? ''\n: - 0\n")
    assert main(["asl", "format", "--in-place", str(path)]) == 2
    assert "cannot be moved without changing what it says" in capsys.readouterr().err
    assert path.read_text() == "? ''\n: - 0\n"


def test_as_yaml_keeps_the_order() -> None:
    assert as_yaml({"b": 1, "a": [2]}) == "b: 1\na:\n- 2\n"
