"""Texts in and out of JSON, keeping what JSON keeps. Pure."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text


def json_or_none(text: str) -> Any:
    """A JSON text's value; ``None`` where it is none."""
    try:
        return json_text.parse(text)
    except (ValueError, RecursionError):
        return None


def plain(value: Any) -> str | None:
    """A value as a header or a parameter has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return json_text.dump(value)
