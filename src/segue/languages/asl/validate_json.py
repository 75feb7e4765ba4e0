"""Definition text to JSON, with the syntax errors that AWS gives (see :mod:`segue.languages.jackson`)."""

from __future__ import annotations

import json
from typing import Any

from segue.languages.asl.diagnostics import INVALID_JSON_DESCRIPTION, Diagnostic
from segue.languages.jackson import syntax_error

Duplicates = list[tuple[dict[str, Any], list[str]]]


def parse_definition(text: str) -> tuple[Any, Duplicates, Diagnostic | None]:
    """Parse a definition.

    Returns:
        The value (None when there is an error), the objects that write keys twice with those keys, and the error.
    """
    duplicates: Duplicates = []

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            repeated = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
            duplicates.append((made, list(dict.fromkeys(repeated))))
        return made

    try:
        return json.loads(text, object_pairs_hook=gather), duplicates, None
    except json.JSONDecodeError as error:
        return None, [], _syntax_error(text, error)


def _syntax_error(text: str, error: json.JSONDecodeError) -> Diagnostic:
    message, place = syntax_error(text, error)
    return Diagnostic("ERROR", INVALID_JSON_DESCRIPTION, f"{message}\n at {place}", place)
