"""Values of requests and answers as mappings name them: texts in and out of JSON, keeping what JSON keeps. Pure."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.jsonpath import InvalidPath, PathNotFound, compile_path
from segue.languages.work import WorkExceeded


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


def context_value(context: dict[str, Any], name: str) -> Any:
    """``identity.sourceIp`` of a context."""
    found: Any = context
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def read_path(text: str, path: str) -> Any:
    """What a JSON path (``$.a``, or ``a``) finds in a text; ``None`` where it finds nothing."""
    value = json_or_none(text)
    try:
        return compile_path(path if path.startswith("$") else f"$.{path}").read(value)
    except (InvalidPath, PathNotFound, WorkExceeded, ValueError, RecursionError):
        return None
