"""A request body as ``application/x-www-form-urlencoded``: nested members in brackets, arrays in one of five forms.

Source: developer guide, "Call HTTPS APIs in Step Functions workflows", "Apply URL-encoding on request body".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from segue.languages.asl import json_text

ARRAY_FORMATS = ("INDICES", "BRACKETS", "COMMAS", "NONE", "REPEAT")


def encode_form(body: dict[str, Any], array_format: str = "INDICES") -> str:
    """The body's members as ``name=value`` pairs; a space is ``%20``.

    ``NONE`` leaves an array as its JSON text, ``INDICES`` is AWS's default.
    """
    pairs = (pair for name, value in body.items() for pair in _pairs(name, value, array_format))
    return "&".join(f"{quote(name, safe='')}={value}" for name, value in pairs)


def _pairs(name: str, value: Any, array_format: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item, array_format)
    elif isinstance(value, list) and array_format == "COMMAS":
        yield name, ",".join(_text(item) for item in value)
    elif isinstance(value, list) and array_format != "NONE":
        for index, item in enumerate(value):
            yield from _pairs(_element(name, index, array_format), item, array_format)
    else:
        yield name, _text(value)


def _element(name: str, index: int, array_format: str) -> str:
    return {"INDICES": f"{name}[{index}]", "BRACKETS": f"{name}[]", "REPEAT": name}[array_format]


def _text(value: Any) -> str:
    return quote("" if value is None else plain_text(value), safe="")


def plain_text(value: Any) -> str:
    """A value as it stands in a form, a query or a header: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text.dump(value)
