"""What leads where in a definition, in words. Pure; whatever is not as it should be leads nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_OPERATORS = {
    "LessThanEquals": "≤",
    "GreaterThanEquals": "≥",
    "LessThan": "<",
    "GreaterThan": ">",
    "Equals": "=",
    "Matches": "like",
}
_TYPES = ("String", "Numeric", "Boolean", "Timestamp")
_MAX_DEPTH = 3
_MAX_EXITS = 40


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a state.

    Attributes:
        target: the name of the state it leads to; ``None`` for the end.
        label: under which condition; empty for the plain next state.
    """

    target: str | None
    label: str = ""


def exits(state: Any) -> list[Exit]:
    """The ways out of a state, in the order in which they are tried; ``Next`` first."""
    if not isinstance(state, dict):
        return []
    found: list[Exit] = []
    if isinstance(state.get("Next"), str):
        found.append(Exit(state["Next"]))
    elif state.get("End") is True or state.get("Type") in ("Succeed", "Fail"):
        found.append(Exit(None))
    rules = _listed(state.get("Choices"))
    found += [Exit(rule["Next"], condition(rule)) for rule in rules if isinstance(rule.get("Next"), str)]
    if isinstance(state.get("Default"), str):
        found.append(Exit(state["Default"], "otherwise"))
    for catcher in _listed(state.get("Catch")):
        if isinstance(catcher.get("Next"), str):
            errors = catcher.get("ErrorEquals")
            named = ", ".join(str(error) for error in errors) if isinstance(errors, list) else ""
            found.append(Exit(catcher["Next"], f"✗ {named}"))
    return found[:_MAX_EXITS]


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def condition(rule: Any, depth: int = 0) -> str:
    """A rule of a Choice state as people write conditions."""
    if not isinstance(rule, dict) or depth > _MAX_DEPTH:
        return "…"
    if isinstance(rule.get("Condition"), str):
        text: str = rule["Condition"].strip()
        return text.removeprefix("{%").removesuffix("%}").strip()
    for name, word in (("And", " and "), ("Or", " or ")):
        if isinstance(rule.get(name), list):
            return word.join(condition(one, depth + 1) for one in rule[name][:_MAX_EXITS])
    if "Not" in rule:
        return f"not ({condition(rule['Not'], depth + 1)})"
    for name, value in rule.items():
        if name not in ("Variable", "Next", "Comment", "Assign", "Output", "QueryLanguage"):
            return f"{rule.get('Variable', '')} {_compared(name, value)}".strip()
    return "…"


def _compared(name: str, value: Any) -> str:
    if name.startswith("Is"):
        return name if value is True else f"not {name}"
    bare = name.removesuffix("Path")
    for prefix in _TYPES:
        bare = bare.removeprefix(prefix)
    shown = f'"{value}"' if isinstance(value, str) and bare == name.removeprefix("String") else value
    return f"{_OPERATORS.get(bare, name)} {shown}"
