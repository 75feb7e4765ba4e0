"""AWS's warnings: what can be created, and hardly means what it says.

Codes and what they are about: API reference, ValidateStateMachineDefinitionDiagnostic. The words are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC, Findings
from segue.languages.asl.validate_fields import TEMPLATES

_TAKING_PATHS = ("Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "Error", "Cause")
"""Fields beside which there is another whose name ends in Path."""


def find_warnings(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    """Warn of a JSONPath state's paths that will be taken as they stand."""
    if language != "JSONPath":
        return
    for field, value in state.items():
        place = f"{where}/{field}"
        if field in TEMPLATES:
            for key, at in _paths(value, place):
                message = f"'{key}' looks like a path, but is a text: only fields whose names end in .$ are evaluated"
                findings.warn(message, at, NO_DOLLAR)
        elif field == "Result" and state.get("Type") == "Pass":
            for _, at in _paths(value, place, with_dollar=True):
                message = "The result of a Pass state is taken as it stands: paths in it are not evaluated"
                findings.warn(message, at, PASS_RESULT_IS_STATIC)
        elif field in _TAKING_PATHS and _looks_like_path(value):
            findings.warn(f"'{field}' looks like a path: paths belong into '{field}Path'", place, NO_PATH)
    for position, rule in enumerate(state.get("Choices") if isinstance(state.get("Choices"), list) else ()):  # type: ignore[arg-type]
        _warn_of_comparison(rule, f"{where}/Choices[{position}]", findings)


def _warn_of_comparison(rule: Any, where: str, findings: Findings) -> None:
    waiting = [(rule, where)]
    while waiting:
        current, place = waiting.pop()
        if not isinstance(current, dict):
            continue
        for field, value in current.items():
            if field in ("And", "Or") and isinstance(value, list):
                waiting.extend((part, f"{place}/{field}[{position}]") for position, part in enumerate(value))
            elif field == "Not":
                waiting.append((value, f"{place}/Not"))
            elif field.startswith("String") and not field.endswith("Path") and _looks_like_path(value):
                findings.warn(f"'{field}' looks like a path: paths belong into '{field}Path'", place, NO_PATH)


def _paths(value: Any, where: str, *, with_dollar: bool = False) -> Iterator[tuple[str, str]]:
    """Keys whose values look like paths, and their places; those that end in .$ only where asked for."""
    waiting = [("", value, where)]
    while waiting:
        key, current, place = waiting.pop()
        if isinstance(current, dict):
            inner = [(name, item, f"{place}/{name}") for name, item in current.items()]
            waiting.extend(reversed(inner))
        elif isinstance(current, list):
            waiting.extend((key, item, f"{place}[{at}]") for at, item in reversed(list(enumerate(current))))
        elif _looks_like_path(current) and (with_dollar or not key.endswith(".$")):
            yield current, place


def _looks_like_path(value: Any) -> bool:
    if not isinstance(value, str) or not value.startswith(("$.", "$$.", "$[", "States.")):
        return False
    return values.path_or_call(value) is None
