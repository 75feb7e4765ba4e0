"""Rules about the rules of Choice states."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.choice import OPERATORS
from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_fields import CONDITION_RULE
from segue.languages.asl.validate_members import add_if_wrong, check_fields, check_object, check_values, is_complete

_ANNOTATIONS = frozenset(["Next", "Comment", "Assign"])
_NESTED_ANNOTATIONS = frozenset(["Comment"])


def choice_rules(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    if "Choices" not in state:
        return
    choices = state["Choices"]
    if not isinstance(choices, list):
        findings.add("Expected value of type Array", f"{where}/Choices")
        return
    if not choices:
        findings.add("Value cannot be empty", f"{where}/Choices")
    for position, rule in enumerate(choices):
        place = f"{where}/Choices[{position}]"
        if language == "JSONata":
            if not check_object(rule, CONDITION_RULE, place, language, findings) and isinstance(rule, dict):
                check_fields(rule, CONDITION_RULE.fields, place, language, findings)
        elif is_complete(rule, ("Next",), place, findings):
            check_values(rule, place, language, findings)
            _check_rule(rule, place, _ANNOTATIONS, findings)


def _check_rule(rule: Any, where: str, annotations: frozenset[str], findings: Findings) -> None:
    """One comparison, or one of And, Or, Not over further rules, which go nowhere of their own."""
    if not isinstance(rule, dict):
        findings.add("Expected value of type Object", where)
        return
    operators = [field for field in rule if field in OPERATORS or field in ("And", "Or", "Not")]
    for field in rule:
        if field not in operators and field != "Variable" and field not in annotations:
            check_fields({field: None}, annotations, where, "JSONPath", findings)
    if len(operators) != 1:
        findings.add("A Choice rule must have exactly one comparison operator", where)
        return
    operator = operators[0]
    operand, place = rule[operator], f"{where}/{operator}"
    if operator == "Not":
        _check_rule(operand, place, _NESTED_ANNOTATIONS, findings)
    elif operator in ("And", "Or"):
        message = values.list_of(values.mapping)(operand)
        if message:
            findings.add(message, place)
            return
        for position, part in enumerate(operand):
            _check_rule(part, f"{place}[{position}]", _NESTED_ANNOTATIONS, findings)
    else:
        _check_comparison(rule, operator, where, findings)


def _check_comparison(rule: dict[str, Any], operator: str, where: str, findings: Findings) -> None:
    if "Variable" not in rule:
        findings.add("These fields are required: [Variable]", where)
    else:
        add_if_wrong(values.path(rule["Variable"]), f"{where}/Variable", findings)
    add_if_wrong(_check_of_operator(operator)(rule[operator]), f"{where}/{operator}", findings)


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
