"""Rules about the names of variables, wherever Assign stands: in states, Choice rules and catchers."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.diagnostics import Findings

MAX_VARIABLE_NAME_CHARACTERS = 80
"""Developer guide, "Passing data between states with variables"."""


def variable_names(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for holder, place in _holders(state, where):
        assigned = holder.get("Assign")
        if not isinstance(assigned, dict):
            continue
        for key in assigned:
            name = key[:-2] if language == "JSONPath" and key.endswith(".$") else key
            message = _wrong(name)
            if message:
                findings.add(message, f"{place}/Assign/{key}")


def _holders(state: dict[str, Any], where: str) -> list[tuple[dict[str, Any], str]]:
    found = [(state, where)]
    for field in ("Choices", "Catch"):
        entries = state.get(field)
        for position, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                found.append((entry, f"{where}/{field}[{position}]"))
    return found


def _wrong(name: str) -> str | None:
    if name == "states":
        return "The variable name 'states' is reserved"
    if len(name) > MAX_VARIABLE_NAME_CHARACTERS:
        return f"Variable names must be at most {MAX_VARIABLE_NAME_CHARACTERS} characters long"
    # Python's identifiers are those of Unicode Annex 31, which AWS names as its rule.
    return None if name.isidentifier() else f"'{name}' is not a valid variable name"
