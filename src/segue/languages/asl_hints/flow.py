"""Traps about the way through a container: what is never reached, what never ends, what does not match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl_hints.containers import Container


def unreachable_islands(container: Container) -> Iterator[Diagnostic]:
    """AWS finds states that nothing leads to; not those that only unreachable ones lead to."""
    reached = _closure([container.body["StartAt"]], container.states)
    for name in container.states:
        if name not in reached:
            message = f'State "{name}" cannot be reached from "{container.body["StartAt"]}"'
            yield Diagnostic("HINT", "UNREACHABLE_STATE", message, f"{container.where}/States/{name}")


def no_way_out(container: Container) -> Iterator[Diagnostic]:
    """A loop without an exit runs until 25,000 events are full."""
    back: dict[str, list[str]] = {name: [] for name in container.states}
    for name, state in container.states.items():
        for target in _targets(state):
            back[target].append(name)
    ends = [name for name, state in container.states.items() if _is_end(state)]
    leading = set(ends)
    waiting = list(ends)
    while waiting:
        for name in back[waiting.pop()]:
            if name not in leading:
                leading.add(name)
                waiting.append(name)
    for name in container.states:
        if name not in leading:
            message = f'No way leads from "{name}" to an end: the execution goes on until its history is full'
            yield Diagnostic("HINT", "NO_WAY_OUT", message, f"{container.where}/States/{name}")


def choice_without_default(container: Container) -> Iterator[Diagnostic]:
    for name, state in container.states.items():
        if state["Type"] == "Choice" and "Default" not in state and not _always_matches(state):
            message = "If no rule matches, the execution fails with States.NoChoiceMatched: set Default"
            yield Diagnostic("HINT", "CHOICE_WITHOUT_DEFAULT", message, f"{container.where}/States/{name}")


def _always_matches(state: dict[str, Any]) -> bool:
    """Whether some rule is true whatever comes: a literal, or a comparison together with its opposite."""
    annotations = ("Next", "Comment", "Assign", "Output")
    rules = [{key: rule[key] for key in rule if key not in annotations} for rule in state["Choices"]]
    if any(rule == {"Condition": True} for rule in rules):
        return True
    for rule in rules:
        if {"Not": rule} in rules:
            return True
        for operator, wanted in rule.items():
            if isinstance(wanted, bool) and operator.startswith("Is") and {**rule, operator: not wanted} in rules:
                return True
    return False


def _closure(begin: Iterable[str], states: dict[str, dict[str, Any]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name in reached or name not in states:
            continue
        reached.add(name)
        waiting.extend(_targets(states[name]))
    return reached


def _targets(state: dict[str, Any]) -> Iterator[str]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field]
    for field in ("Choices", "Catch"):
        for entry in state.get(field) or ():
            yield entry["Next"]


def _is_end(state: dict[str, Any]) -> bool:
    return state.get("End") is True or state["Type"] in ("Succeed", "Fail")


FLOW_RULES = (unreachable_islands, no_way_out, choice_without_default)
