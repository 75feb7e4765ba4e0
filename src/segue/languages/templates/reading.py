"""The text of a template, JSON or YAML, as plain values.

CloudFormation reads YAML 1.1 and its own tags, each of which is short for an
object of one function: ``!Sub x`` for ``{"Fn::Sub": "x"}``. Where a key is given twice, the last one counts (in YAML
AWS refuses some of them; templates that people have do deploy).

Source: CloudFormation user guide, "CloudFormation template formats", "CloudFormation quotas" and "Intrinsic function
reference" (a full function name and a short form cannot stand directly in one another, but both forms are read here).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from segue.languages.templates.errors import TemplateError, format_error

MAX_BODY_BYTES = 51_200
"""Of a text in the request itself."""

MAX_STORED_BYTES = 1_000_000
"""Of a text in a bucket."""

MAX_DEPTH = 100
"""Deepest nesting; everything that walks templates relies on it."""

MAX_VALUES = 400_000
"""Aliases can make of a small text a huge template ("a billion laughs"). A megabyte cannot have more otherwise."""


_LARGE_NUMBER = re.compile(r"[0-9]{19}")


def check_size(text: str, *, stored: bool = False) -> None:
    """Refuse a text that is too long, ``stored`` (in a bucket) or in the request itself.

    Raises:
        TemplateError: it is.
    """
    size = len(text.encode("utf-8", "replace"))
    if stored and size > MAX_STORED_BYTES:
        raise TemplateError(f"Template may not exceed {MAX_STORED_BYTES} bytes in size.")
    if not stored and size > MAX_BODY_BYTES:
        raise TemplateError(
            f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BODY_BYTES}"
        )


def read_template(text: str) -> dict[str, Any]:
    """The template that a text has.

    Raises:
        TemplateError: it is neither JSON nor YAML, is nested too deeply, or is no object.
    """
    value = read_value(text)
    if not isinstance(value, dict):
        raise format_error("unsupported structure.")
    return value


def read_value(text: str) -> Any:
    """The value of a text that may be a piece of a template (of ``AWS::Include``).

    Raises:
        TemplateError: it is neither JSON nor YAML, or nested too deeply.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        value = _read_json(text)
    else:
        value = _read_yaml(text)
    _check_depth(value)
    return value


def _read_json(text: str) -> Any:
    text = text.lstrip("\ufeff")
    try:
        if not _LARGE_NUMBER.search(text):
            return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
    except (ValueError, RecursionError):
        line, column = 1, 1
    raise format_error(f"JSON not well-formed. (line {line}, column {column})")


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _read_yaml(text: str) -> Any:
    from segue.languages.templates.yaml_reading import read_yaml

    return read_yaml(text, MAX_DEPTH, MAX_VALUES)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return
    raise format_error(f"the template is nested deeper than {MAX_DEPTH} levels.")
