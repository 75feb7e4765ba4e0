"""Rules about single states. Each rule is a function of (state, where it stands, its language, findings)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.choice import OPERATORS
from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_fields import (
    CHECKS,
    FIELDS_OF_TYPE,
    JSONATA_ONLY,
    JSONPATH_ONLY,
    MUTUALLY_EXCLUSIVE,
    ONE_REQUIRED_OF_TYPE,
    REQUIRED_OF_TYPE,
    STATE_TYPES,
    TEMPLATES,
)
from segue.languages.asl.validate_resources import is_recognized

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
    supported = FIELDS_OF_TYPE[state["Type"]]
    for field in state:
        if field not in supported:
            findings.add(f"Field '{field}' is not supported", where)
        else:
            check_language(field, where, language, findings)


def check_language(field: str, where: str, language: str, findings: Findings) -> None:
    """A field of the other query language is refused where it stands."""
    other = "JSONata" if field in JSONATA_ONLY else "JSONPath" if field in JSONPATH_ONLY else language
    if other != language:
        findings.add(
            f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{other}' "
            "QueryLanguage",
            where,
        )


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


def check_exclusive(holder: dict[str, Any], where: str, findings: Findings) -> None:
    for fields in MUTUALLY_EXCLUSIVE:
        if sum(field in holder for field in fields) > 1:
            findings.add(f"There should only be one of the following fields: [{', '.join(fields)}]", where)


def _values_are_valid(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    check_values(state, where, language, findings)


def check_values(holder: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    """Check every field that has a check, and every payload template."""
    for field, value in holder.items():
        if language == "JSONata" and values.is_jsonata(value):
            continue
        check = CHECKS.get(field)
        message = check(value) if check else None
        if message:
            findings.add(message, f"{where}/{field}")
        elif field in TEMPLATES and language == "JSONPath":
            check_template(value, f"{where}/{field}", findings)


_NOT_AN_EXPRESSION = "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call"
_NOT_RECOGNIZED = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)


def check_template(template: Any, where: str, findings: Findings) -> None:
    """Every key that ends in ``.$`` must hold an expression, and must not stand beside the key that it makes."""
    waiting = [(template, where)]
    while waiting:
        current, place = waiting.pop()
        if isinstance(current, list):
            waiting.extend((item, f"{place}[{position}]") for position, item in reversed(list(enumerate(current))))
        elif isinstance(current, dict):
            for key, value in current.items():
                if key.endswith(".$"):
                    if values.path_or_call(value):
                        findings.add(_NOT_AN_EXPRESSION.format(key), place)
                    if key[:-2] in current:
                        findings.add(f"The field '{key[:-2]}' must not be used together with '{key}'", place)
            waiting.extend((value, f"{place}/{key}") for key, value in reversed(list(current.items())))


def _resource_is_recognized(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    resource = state.get("Resource")
    if isinstance(resource, str) and not is_recognized(resource):
        findings.add(_NOT_RECOGNIZED.format(resource), f"{where}/Resource")


def _credentials_name_a_role(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    credentials = state.get("Credentials")
    names = ("RoleArn",) if language == "JSONata" else ("RoleArn", "RoleArn.$")
    if isinstance(credentials, dict) and not any(name in credentials for name in names):
        findings.add("The field 'RoleArn' is required but was missing", f"{where}/Credentials")


def _retriers_and_catchers(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for field, required in (("Retry", ("ErrorEquals",)), ("Catch", ("ErrorEquals", "Next"))):
        entries = state.get(field, [])
        if not isinstance(entries, list):
            findings.add("Expected value of type Array", f"{where}/{field}")
            continue
        for position, entry in enumerate(entries):
            place = f"{where}/{field}[{position}]"
            if _is_complete(entry, required, place, findings):
                _check_members(entry, _MEMBERS[field], place, language, findings)
                _check_error_names(entry, place, position == len(entries) - 1, findings)


def _check_members(
    entry: dict[str, Any], members: frozenset[str], where: str, language: str, findings: Findings
) -> None:
    for field in entry:
        if field not in members:
            findings.add(f"Field '{field}' is not supported", where)
        else:
            check_language(field, where, language, findings)
    check_values(entry, where, language, findings)


def _is_complete(entry: Any, required: tuple[str, ...], where: str, findings: Findings) -> bool:
    if not isinstance(entry, dict):
        findings.add("Expected value of type Object", where)
        return False
    missing = [field for field in required if field not in entry]
    if missing:
        findings.add(f"These fields are required: [{', '.join(missing)}]", where)
    return not missing


def _check_error_names(entry: dict[str, Any], where: str, is_last: bool, findings: Findings) -> None:
    names = entry["ErrorEquals"]
    if isinstance(names, list) and "States.ALL" in names and not (is_last and len(names) == 1):
        place = f"{where}/ErrorEquals[{names.index('States.ALL')}]"
        findings.add("States.ALL must appear alone and at end of list", place)


_MEMBERS: dict[str, frozenset[str]] = {
    "Retry": frozenset(
        ["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"]
    ),
    "Catch": frozenset(["ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"]),
}


def _choices(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    choices = state.get("Choices")
    if choices is None:
        return
    if not isinstance(choices, list):
        findings.add("Expected value of type Array", f"{where}/Choices")
        return
    if not choices:
        findings.add("Value cannot be empty", f"{where}/Choices")
    for position, rule in enumerate(choices):
        place = f"{where}/Choices[{position}]"
        required = ("Next",) if language == "JSONPath" else ("Condition", "Next")
        if _is_complete(rule, required, place, findings):
            check_values(rule, place, language, findings)
            if language == "JSONPath":
                _check_rule(rule, place, findings)


_ANNOTATIONS = frozenset(["Next", "Comment", "Assign"])


def _check_rule(rule: Any, where: str, findings: Findings) -> None:
    """One comparison, or one of And, Or, Not over further rules."""
    if not isinstance(rule, dict):
        findings.add("Expected value of type Object", where)
        return
    operators = [field for field in rule if field in OPERATORS or field in ("And", "Or", "Not")]
    for field in rule:
        if field not in operators and field != "Variable" and field not in _ANNOTATIONS:
            check_language(field, where, "JSONPath", findings)
            if field not in JSONATA_ONLY:
                findings.add(f"Field '{field}' is not supported", where)
    if len(operators) != 1:
        findings.add("A Choice rule must have exactly one comparison operator", where)
        return
    operator = operators[0]
    operand, place = rule[operator], f"{where}/{operator}"
    if operator == "Not":
        _check_rule(operand, place, findings)
    elif operator in ("And", "Or"):
        message = values.list_of(values.mapping)(operand)
        if message:
            findings.add(message, place)
            return
        for position, part in enumerate(operand):
            _check_rule(part, f"{place}[{position}]", findings)
    else:
        _check_comparison(rule, operator, where, findings)


def _check_comparison(rule: dict[str, Any], operator: str, where: str, findings: Findings) -> None:
    if "Variable" not in rule:
        findings.add("These fields are required: [Variable]", where)
    else:
        _add_if_wrong(values.path(rule["Variable"]), f"{where}/Variable", findings)
    _add_if_wrong(_check_of_operator(operator)(rule[operator]), f"{where}/{operator}", findings)


def _check_of_operator(operator: str) -> values.Check:
    if operator.endswith("Path"):
        return values.path
    if operator.startswith(("Is", "Boolean")):
        return values.boolean
    if operator.startswith("Numeric"):
        return values.number(float("-inf"))
    if operator.startswith("Timestamp"):
        return values.timestamp
    return values.text


def _add_if_wrong(message: str | None, where: str, findings: Findings) -> None:
    if message:
        findings.add(message, where)


def _branches(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    branches = state.get("Branches")
    if branches is not None:
        _add_if_wrong(values.list_of(values.mapping)(branches), f"{where}/Branches", findings)


def _map_fields(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for field in ("ItemProcessor", "Iterator", "ItemReader", "ItemBatcher", "ResultWriter"):
        if field in state and not values.is_jsonata(state[field]):
            _add_if_wrong(values.mapping(state[field]), f"{where}/{field}", findings)
    batcher = state.get("ItemBatcher")
    reader = state.get("ItemReader")
    for holder, place in (
        (batcher, f"{where}/ItemBatcher"),
        (reader.get("ReaderConfig") if isinstance(reader, dict) else None, f"{where}/ItemReader/ReaderConfig"),
    ):
        if isinstance(holder, dict):
            for field in holder:
                check_language(field, place, language, findings)
            check_exclusive(holder, place, findings)
            check_values(holder, place, language, findings)


_RULES: tuple[Rule, ...] = (
    _fields_are_supported,
    _required_fields_are_there,
    _exclusive_fields_stand_alone,
    _values_are_valid,
    _retriers_and_catchers,
)

_RULES_OF_TYPE: dict[str, tuple[Rule, ...]] = {
    "Task": (_resource_is_recognized, _credentials_name_a_role),
    "Choice": (_choices,),
    "Parallel": (_branches,),
    "Map": (_map_fields,),
}
