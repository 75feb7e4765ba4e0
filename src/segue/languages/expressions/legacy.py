"""The parameters from before the expressions (``Expected``, ``AttributeUpdates``, ``ScanFilter`` …) as the same nodes.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.keyconditions import KeyCondition
from segue.languages.expressions.nodes import (
    Action,
    Between,
    Both,
    Comparison,
    Condition,
    Either,
    Function,
    In,
    Literal,
    Not,
    Path,
)
from segue.languages.expressions.values import SETS, Value, normalize, type_of

_COMPARATORS = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
_COUNTS = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}
_INVALID = "One or more parameter values were invalid: "


def conditions(given: Mapping[str, Mapping[str, Any]], conditional_operator: str | None) -> Condition | None:
    """``ScanFilter``, ``QueryFilter`` and ``Expected`` as one condition; ``None`` where they are empty.

    Raises:
        ExpressionError: operators and values that do not fit.
    """
    parts = [_condition(name, spec) for name, spec in given.items()]
    if not parts:
        return None
    return reduce(Either if conditional_operator == "OR" else Both, parts)


def key_conditions(given: Mapping[str, Mapping[str, Any]]) -> dict[str, KeyCondition]:
    """``KeyConditions`` by attribute.

    Raises:
        ExpressionError: an operator that keys do not take.
    """
    found = {}
    for name, spec in given.items():
        operator = spec["ComparisonOperator"]
        values = _values(operator, spec.get("AttributeValueList") or [])
        if operator not in ("EQ", "LE", "LT", "GE", "GT", "BETWEEN", "BEGINS_WITH"):
            raise ExpressionError(f"Attempted conditional constraint is not an indexable operation: {operator}")
        text = "begins_with" if operator == "BEGINS_WITH" else _COMPARATORS.get(operator, operator)
        found[name] = KeyCondition(text, tuple(values))
    return found


def updates(given: Mapping[str, Mapping[str, Any]]) -> tuple[Action, ...]:
    """``AttributeUpdates`` as actions.

    Raises:
        ExpressionError: an action without its value.
    """
    actions = []
    for name, spec in given.items():
        action, value = spec.get("Action") or "PUT", spec.get("Value")
        path = Path((name,), checked=False)
        if value is None:
            if action != "DELETE":
                raise ExpressionError(f"{_INVALID}Only DELETE action is allowed when no attribute value is specified")
            actions.append(Action("REMOVE", path))
            continue
        value, _ = normalize(value)
        if action == "DELETE" and type_of(value) not in SETS:
            raise ExpressionError(f"{_INVALID}DELETE action with value is not supported for the type {type_of(value)}")
        if action == "ADD" and "L" in value:
            actions.append(Action("SET", path, Function("list_append", (_or_empty(path), Literal(value)))))
            continue
        if action == "ADD" and type_of(value) not in SETS | {"N"}:
            raise ExpressionError(f"{_INVALID}ADD action is not supported for the type {type_of(value)}")
        actions.append(Action({"PUT": "SET"}.get(action, action), path, Literal(value)))
    return tuple(actions)


def _or_empty(path: Path) -> Function:
    return Function("if_not_exists", (path, Literal({"L": []})))


def _condition(name: str, spec: Mapping[str, Any]) -> Condition:
    path = Path((name,), checked=False)
    operator = spec.get("ComparisonOperator")
    if operator is None:
        return _expected(name, path, spec)
    if "Exists" in spec:
        raise ExpressionError(f"{_INVALID}Exists and ComparisonOperator cannot be used together for Attribute: {name}")
    given = spec.get("AttributeValueList")
    if given is None:
        given = [spec["Value"]] if "Value" in spec else []
    values = [Literal(value) for value in _values(operator, given)]
    if operator in _COMPARATORS:
        return Comparison(_COMPARATORS[operator], path, values[0])
    match operator:
        case "NULL" | "NOT_NULL":
            return Function("attribute_not_exists" if operator == "NULL" else "attribute_exists", (path,))
        case "BETWEEN":
            return Between(path, values[0], values[1])
        case "IN":
            return In(path, tuple(values))
        case "BEGINS_WITH":
            return Function("begins_with", (path, values[0]))
        case "CONTAINS":
            return Function("contains", (path, values[0]))
        case _:
            has = Function("attribute_exists", (path,))
            return Both(has, Not(Function("contains", (path, values[0]))))


def _expected(name: str, path: Path, spec: Mapping[str, Any]) -> Condition:
    value, exists = spec.get("Value"), spec.get("Exists", True)
    if not exists:
        if value is not None:
            raise ExpressionError(f"{_INVALID}Value cannot be used when Exists is set to false for Attribute: {name}")
        return Function("attribute_not_exists", (path,))
    if value is None:
        raise ExpressionError(
            f"{_INVALID}Value must be provided when Exists is "
            f"{'set to true' if 'Exists' in spec else 'null'} for Attribute: {name}"
        )
    return Comparison("=", path, Literal(normalize(value)[0]))


def _values(operator: str, given: list[Value]) -> list[Value]:
    wanted = _COUNTS.get(operator, 1)
    if (operator == "IN" and not given) or (operator != "IN" and len(given) != wanted):
        raise ExpressionError(f"{_INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
    return [normalize(value)[0] for value in given]
