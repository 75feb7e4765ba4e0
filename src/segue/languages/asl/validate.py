"""Validation of a state machine definition: the door of the ``validate_*`` modules.

Order, as far as AWS's answers show it: the text must be JSON; the schema must hold everywhere; then JSONata expressions
and transitions are looked at, container by container.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import (
    DUPLICATE_LABEL_NAME,
    DUPLICATE_STATE_NAME,
    INVALID_STATE_NAME,
    SCHEMA_VALIDATION_FAILED,
    TOO_DEEPLY_NESTED,
    Diagnostic,
    Findings,
    invalid_definition_message,
)
from segue.languages.asl.json_text import nesting
from segue.languages.asl.validate_expressions import check_expressions
from segue.languages.asl.validate_graph import check_graph
from segue.languages.asl.validate_json import Duplicates, parse_definition
from segue.languages.asl.validate_kind import check_kind, kind_inside
from segue.languages.asl.validate_states import check_state
from segue.languages.asl.validate_warnings import find_warnings

__all__ = ["Diagnostic", "invalid_definition_message", "validate", "validate_state"]

MAX_STATE_NAME_CHARACTERS = 80

MAX_DEPTH = 200
"""Deepest nesting of a definition's JSON; what compiles definitions relies on it."""

_MACHINE_FIELDS = frozenset(["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"])
_BRANCH_FIELDS = frozenset(["Comment", "StartAt", "States"])
_PROCESSOR_FIELDS = _BRANCH_FIELDS | {"ProcessorConfig"}


@dataclass(frozen=True, slots=True)
class _Container:
    """The machine, a branch or an item processor; ``kind`` is that of the execution that runs it."""

    body: dict[str, Any]
    where: str
    fields: frozenset[str]
    kind: str


def validate(definition_text: str, *, kind: str, warnings: bool = False) -> list[Diagnostic]:
    """Everything that is wrong with a definition, in AWS's order; no error if it can be created.

    Args:
        definition_text: the definition as the caller sent it.
        kind: ``STANDARD`` or ``EXPRESS``.
        warnings: tell what is suspicious, too.
    """
    definition, duplicates, error = _parse(definition_text)
    if error is not None:
        return [error]
    findings = Findings()
    containers = _check_containers(definition, duplicates, kind, findings)
    language = _language_of_machine(definition)
    if not findings.diagnostics:
        for container in containers:
            _check_container_expressions(container, language, findings)
        for container in containers:
            check_graph(container.body, container.where, findings)
    if warnings:
        for container in containers:
            for state, where in _states(container):
                find_warnings(state, where, _effective_language(state, language), findings)
    return findings.diagnostics


def validate_state(definition_text: str, *, kind: str, name: str = "StateName") -> list[Diagnostic]:
    """Everything that is wrong with a single state's definition, as TestState takes it; transitions lead nowhere there.

    Recorded: sfn-teststate/state_mock_validation__parallel_state_empty_branches (the state is called StateName).
    """
    state, duplicates, error = _parse(definition_text)
    if error is not None:
        return [error]
    findings = Findings()
    for container in _check_containers({"StartAt": name, "States": {name: state}}, duplicates, kind, findings):
        if not findings.failed:
            _check_container_expressions(container, "JSONPath", findings)
    return findings.diagnostics


def _parse(definition_text: str) -> tuple[dict[str, Any], Duplicates, Diagnostic | None]:
    if nesting(definition_text) > MAX_DEPTH:
        message = f"The definition is nested deeper than {MAX_DEPTH} levels"
        return {}, [], Diagnostic("ERROR", TOO_DEEPLY_NESTED, message)
    if definition_text.strip():
        definition, duplicates, error = parse_definition(definition_text)
        if error is not None or isinstance(definition, dict):
            return definition, duplicates, error
    return {}, [], Diagnostic("ERROR", SCHEMA_VALIDATION_FAILED, "Definition must be a valid JSON object")


def _check_containers(
    definition: dict[str, Any], duplicates: Duplicates, kind: str, findings: Findings
) -> list[_Container]:
    """Check the schema of every container, the outer ones first, and give them all."""
    message = _QUERY_LANGUAGE(definition.get("QueryLanguage", "JSONPath"))
    if message:
        findings.add(message, "/QueryLanguage")
    language = _language_of_machine(definition)
    repeated = {id(holder): names for holder, names in duplicates}
    known_names: set[str] = set()
    known_labels: set[str] = set()
    containers: list[_Container] = []
    waiting = [_Container(definition, "", _MACHINE_FIELDS, kind)]
    while waiting:
        container = waiting.pop()
        containers.append(container)
        if not _check_container(container, findings):
            continue
        states = container.body["States"]
        _check_names(states, repeated.get(id(states), []), known_names, container.where, findings)
        inner: list[_Container] = []
        for name, state in states.items():
            where = f"{container.where}/States/{name}"
            _check_language(state, language, where, findings)
            check_state(state, where, _effective_language(state, language), findings)
            if isinstance(state, dict):
                check_kind(state, where, container.kind, findings)
                _check_label(state, known_labels, where, findings)
                inner.extend(_inner_containers(state, where, container.kind))
        waiting.extend(reversed(inner))
    return containers


def _states(container: _Container) -> Iterator[tuple[dict[str, Any], str]]:
    states = container.body.get("States")
    for name, state in states.items() if isinstance(states, dict) else ():
        if isinstance(state, dict):
            yield state, f"{container.where}/States/{name}"


def _check_container_expressions(container: _Container, language: str, findings: Findings) -> None:
    for state, where in _states(container):
        if _effective_language(state, language) == "JSONata":
            check_expressions(state, where, findings)


def _check_container(container: _Container, findings: Findings) -> bool:
    """Whether the container has states that can be looked at."""
    body, where = container.body, container.where
    for field in body:
        if field not in container.fields:
            findings.add(f"Field '{field}' is not supported", where or "/")
    missing = [field for field in ("States", "StartAt") if field not in body]
    if missing:
        findings.add(f"These fields are required: [{', '.join(missing)}]", where or "/")
    for field, check in _CONTAINER_CHECKS.items():
        message = check(body[field]) if field in body else None
        if message:
            findings.add(message, f"{where}/{field}")
    states = body.get("States")
    if states == {}:
        findings.add("Value cannot be empty", f"{where}/States")
    return isinstance(states, dict)


_CONTAINER_CHECKS: dict[str, values.Check] = {
    "Comment": values.text,
    "StartAt": values.text,
    "States": values.mapping,
    "TimeoutSeconds": values.integer(1, 99_999_999),
    "Version": values.one_of("Version", ("1.0",)),
}


def _check_names(
    states: dict[str, Any], repeated: list[str], known_names: set[str], where: str, findings: Findings
) -> None:
    for name in states:
        place = f"{where}/States/{name}"
        if name in repeated or name in known_names:
            findings.add(f"Duplicate State name: {name}", place, DUPLICATE_STATE_NAME)
        known_names.add(name)
        if not name or len(name) > MAX_STATE_NAME_CHARACTERS:
            message = f"State name must be between 1 and {MAX_STATE_NAME_CHARACTERS} characters long"
            findings.add(message, place, INVALID_STATE_NAME)


def _check_label(state: dict[str, Any], known_labels: set[str], where: str, findings: Findings) -> None:
    label = state.get("Label")
    if isinstance(label, str) and state.get("Type") == "Map":
        if label in known_labels:
            findings.add(f"Duplicate Label name: {label}", f"{where}/Label", DUPLICATE_LABEL_NAME)
        known_labels.add(label)


_QUERY_LANGUAGE = values.one_of("QueryLanguage", ("JSONPath", "JSONata"))


def _language_of_machine(definition: dict[str, Any]) -> str:
    """Whatever is not JSONPath counts as JSONata (floci-io/floci#2968, measured on AWS)."""
    return "JSONPath" if definition.get("QueryLanguage", "JSONPath") == "JSONPath" else "JSONata"


def _effective_language(state: Any, machine_language: str) -> str:
    """A state's own or the machine's; containers hand nothing down (floci-io/floci#2968)."""
    language = state.get("QueryLanguage", machine_language) if isinstance(state, dict) else machine_language
    return "JSONPath" if machine_language == "JSONPath" and language == "JSONPath" else "JSONata"


def _check_language(state: Any, machine_language: str, where: str, findings: Findings) -> None:
    """A state may choose JSONata in a JSONPath machine, not the other way round."""
    if not isinstance(state, dict) or "QueryLanguage" not in state:
        return
    message = _QUERY_LANGUAGE(state["QueryLanguage"])
    if message:
        findings.add(message, f"{where}/QueryLanguage")
    elif machine_language == "JSONata" and state["QueryLanguage"] == "JSONPath":
        findings.add("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", where)


def _inner_containers(state: dict[str, Any], where: str, kind: str) -> Iterator[_Container]:
    branches = state.get("Branches") if state.get("Type") == "Parallel" else None
    if isinstance(branches, list):
        for position, branch in enumerate(branches):
            if isinstance(branch, dict):
                yield _Container(branch, f"{where}/Branches[{position}]", _BRANCH_FIELDS, kind)
    if state.get("Type") == "Map":
        for field in ("ItemProcessor", "Iterator"):
            if isinstance(state.get(field), dict):
                yield _Container(state[field], f"{where}/{field}", _PROCESSOR_FIELDS, kind_inside(state, kind))
