"""What the line of a visit does not say by itself: errors in words, what was stopped, what was lost. Pure."""

from __future__ import annotations

import json
from typing import Any

from segue.cli.executions.visits import Visit, details_of

_ERROR_FIELDS = {"Error", "Cause"}


def in_words(error: str | None, cause: str | None) -> str:
    """An error and its cause."""
    return ": ".join(filter(None, (error or "no error named", message_of(cause or ""))))


def message_of(cause: str) -> str:
    """Of a cause that a function has given, its message alone; any other as it is."""
    message = _object(cause).get("errorMessage")
    return message if isinstance(message, str) and message else cause


def notes(visit: Visit, status: str) -> list[str]:
    """What else there is to know about a visit of an execution that has a status."""
    how = visit.status(status)
    found = []
    if visit.kind == "Parallel" and how in ("CAUGHT", "FAILED"):
        found.append(_branches(visit, status))
    if how == "ABORTED" and visit.at_work and _calls_function(visit):
        found.append("stopped, but its function was not: it works on, and what it gives back is lost")
    if how == "CAUGHT" and _drops_input(visit):
        found.append("the Catch puts Error and Cause in the place of the input: what follows knows nothing else")
    return found


def _branches(visit: Visit, status: str) -> str:
    ends: dict[str, list[str]] = {"completed": [], "failed": [], "stopped": []}
    words = {"SUCCEEDED": "completed", "CAUGHT": "completed", "FAILED": "failed"}
    for scope in sorted(visit.inside):
        last = visit.inside[scope][-1]
        ends[words.get(last.status(status), "stopped")].append(last.name)
    said = ", ".join(f"{len(names)} {end} ({', '.join(names)})" for end, names in ends.items() if names)
    return f"of {len(visit.inside)} branches: {said}"


def _calls_function(visit: Visit) -> bool:
    kind = str(visit.scheduled.get("type", ""))
    return kind.startswith("LambdaFunction") or details_of(visit.scheduled).get("resourceType") == "lambda"


def _drops_input(visit: Visit) -> bool:
    """Whether the error has taken the place of the input, of which there was some."""
    kept = _object(visit.output)
    return bool(kept) and kept.keys() <= _ERROR_FIELDS and visit.input not in (None, "{}")


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "null")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
