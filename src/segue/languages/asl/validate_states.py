"""Rules about single states. Each rule is a function of (state, where it stands, its language, findings)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_assign import variable_names
from segue.languages.asl.validate_choice import choice_rules
from segue.languages.asl.validate_errors import retriers_and_catchers
from segue.languages.asl.validate_fields import (
    FIELDS_OF_TYPE,
    JSONPATH_ONLY,
    ONE_REQUIRED_OF_TYPE,
    REQUIRED_OF_TYPE,
    STATE_TYPES,
)
from segue.languages.asl.validate_map import map_fields
from segue.languages.asl.validate_members import add_if_wrong, check_exclusive, check_fields, check_values
from segue.languages.asl.validate_resources import NOT_RECOGNIZED, is_recognized

Rule = Callable[[dict[str, Any], str, str, Findings], None]


def check_state(state: Any, where: str, language: str, findings: Findings) -> None:
    """Check one state, but not the states inside it.

    Args:
        state: the state's JSON.
        where: its location, such as ``/States/A``.
        language: ``JSONPath`` or ``JSONata``.
        findings: receives what is wrong.
    """
    if not isinstance(state, dict):
        findings.add("Expected value of type Object", where)
        return
    if "Type" not in state:
        findings.add("These fields are required: [Type]", where)
        return
    message = values.one_of("Type", STATE_TYPES)(state["Type"])
    if message:
        findings.add(message, f"{where}/Type")
        return
    for rule in _RULES:
        rule(state, where, language, findings)
    for rule in _RULES_OF_TYPE.get(state["Type"], ()):
        rule(state, where, language, findings)


def _fields_are_supported(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    check_fields(state, FIELDS_OF_TYPE[state["Type"]], where, language, findings)


def _required_fields_are_there(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    missing = [field for field in REQUIRED_OF_TYPE.get(state["Type"], ()) if field not in state]
    if missing:
        findings.add(f"These fields are required: [{', '.join(missing)}]", where)
    for fields in ONE_REQUIRED_OF_TYPE.get(state["Type"], ()):
        if not any(field in state for field in fields):
            usable = [field for field in fields if language == "JSONPath" or field not in JSONPATH_ONLY]
            findings.add(f"There should be exactly one of the following fields: [{', '.join(usable)}]", where)


def _exclusive_fields_stand_alone(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    check_exclusive(state, where, findings)


def _values_are_valid(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    check_values(state, where, language, findings)


def _resource_is_recognized(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    resource = state.get("Resource")
    if isinstance(resource, str) and not is_recognized(resource):
        findings.add(NOT_RECOGNIZED.format(resource), f"{where}/Resource")


def _credentials_name_a_role(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    credentials = state.get("Credentials")
    names = ("RoleArn",) if language == "JSONata" else ("RoleArn", "RoleArn.$")
    if isinstance(credentials, dict) and not any(name in credentials for name in names):
        findings.add("The field 'RoleArn' is required but was missing", f"{where}/Credentials")


def _heartbeat_is_shorter_than_timeout(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if type(timeout) is int and type(heartbeat) is int and heartbeat >= timeout:
        findings.add("HeartbeatSeconds must be less than TimeoutSeconds", f"{where}/HeartbeatSeconds")


def _branches(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    if "Branches" in state:
        add_if_wrong(values.list_of(values.mapping)(state["Branches"]), f"{where}/Branches", findings)


_RULES: tuple[Rule, ...] = (
    _fields_are_supported,
    _required_fields_are_there,
    _exclusive_fields_stand_alone,
    _values_are_valid,
    retriers_and_catchers,
    variable_names,
)


_RULES_OF_TYPE: dict[str, tuple[Rule, ...]] = {
    "Task": (_resource_is_recognized, _credentials_name_a_role, _heartbeat_is_shorter_than_timeout),
    "Choice": (choice_rules,),
    "Parallel": (_branches,),
    "Map": (map_fields,),
}
