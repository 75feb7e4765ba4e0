"""JSON with places: the standard library's parser says what is wrong, this one where everything is."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from segue.cli.asl.oddities import explain
from segue.cli.asl.source import Part, Source, SourceProblem
from segue.languages.asl.validate_json import parse_definition

_BLANK = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null|NaN|-?Infinity")


def read_json(text: str) -> Source:
    """Read a definition in JSON.

    Raises:
        SourceProblem: it is none.
    """
    if not text.strip():
        raise SourceProblem("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", 0)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        _, _, found = parse_definition(text)
        message = found.message.split("\n at [Source")[0] if found else error.msg
        offset, help = explain(text, error.pos)
        raise SourceProblem("INVALID_JSON_DESCRIPTION", message, offset, help) from None
    root, _ = _value(text, _skip(text, 0))
    return Source(text, "json", root)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _value(text: str, at: int) -> tuple[Part, int]:
    """The value that begins at a place, and where the next token begins. The text is known to be JSON."""
    first = text[at]
    if first == "{":
        return _object(text, at)
    if first == "[":
        return _array(text, at)
    end, value = _string_or_scalar(text, at)
    return Part(at, end, value), _skip(text, end)


def _string_or_scalar(text: str, at: int) -> tuple[int, Any]:
    if text[at] == '"':
        value, end = scanstring(text, at + 1)
        return end, value
    scalar = _SCALAR.match(text, at)
    assert scalar is not None
    return scalar.end(), json.loads(scalar.group())


def _object(text: str, start: int) -> tuple[Part, int]:
    members: list[tuple[Part, Part]] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = _value(text, at)
        value, at = _value(text, _skip(text, at + 1))
        members.append((key, value))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return Part(start, at + 1, members=tuple(members)), _skip(text, at + 1)


def _array(text: str, start: int) -> tuple[Part, int]:
    items: list[Part] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        item, at = _value(text, at)
        items.append(item)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return Part(start, at + 1, items=tuple(items)), _skip(text, at + 1)
