"""Key conditions: which key attribute is held to which values."""

from __future__ import annotations

from dataclasses import dataclass

from segue.languages.expressions.binding import Binding
from segue.languages.expressions.conditions import check_bounds
from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.nodes import (
    Between,
    Both,
    Comparison,
    Condition,
    Either,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Path,
    ValueRef,
)
from segue.languages.expressions.values import Value

LABEL = "KeyConditionExpression"
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class KeyCondition:
    """``operator`` is ``=``, ``<``, ``<=``, ``>``, ``>=``, ``BETWEEN`` or ``begins_with``; ``values`` one or two."""

    operator: str
    values: tuple[Value, ...]


def compile_key_condition(condition: Condition, binding: Binding) -> dict[str, KeyCondition]:
    """The conditions by key attribute.

    Raises:
        ExpressionError: what is allowed in other conditions only, or two conditions on one attribute.
    """
    found: dict[str, KeyCondition] = {}
    for part in _conjuncts(condition):
        name, key_condition = _part(part, binding)
        if name in found:
            raise ExpressionError(f"Invalid {LABEL}: KeyConditionExpressions must only contain one condition per key")
        found[name] = key_condition
    return found


def _conjuncts(condition: Condition) -> list[Condition]:
    if isinstance(condition, Both):
        return _conjuncts(condition.left) + _conjuncts(condition.right)
    return [condition]


def _part(part: Condition, binding: Binding) -> tuple[str, KeyCondition]:
    match part:
        case Comparison("<>", _, _):
            raise _operator("<>")
        case Comparison(operator, left, right):
            if isinstance(left, ValueRef):
                operator, left, right = _MIRRORED[operator], right, left
            return _name(left, binding), KeyCondition(operator, (_value(right, binding),))
        case Between(operand, low, high):
            least, most = _value(low, binding), _value(high, binding)
            check_bounds(least, most, LABEL)
            return _name(operand, binding), KeyCondition("BETWEEN", (least, most))
        case Function("begins_with", arguments):
            if len(arguments) != 2:
                raise ExpressionError(
                    f"Invalid {LABEL}: Incorrect number of operands for operator or function; "
                    f"operator or function: begins_with, number of operands: {len(arguments)}"
                )
            prefix = _value(arguments[1], binding)
            if "N" in prefix:
                raise ExpressionError(
                    f"Invalid {LABEL}: Incorrect operand type for operator or function; "
                    "operator or function: begins_with, operand type: N"
                )
            return _name(arguments[0], binding), KeyCondition("begins_with", (prefix,))
        case Function(name, _):
            raise _operator(name)
        case Either():
            raise _operator("OR")
        case Not():
            raise _operator("NOT")
        case In():
            raise _operator("IN")
        case Both():
            raise AssertionError("conjunctions are taken apart before")


def _operator(name: str) -> ExpressionError:
    return ExpressionError(f"Invalid operator used in {LABEL}: {name}")


def _name(operand: Operand, binding: Binding) -> str:
    if not isinstance(operand, Path):
        raise ExpressionError(f"Invalid {LABEL}: Key conditions need a key attribute on one side")
    path = binding.path(operand, LABEL)
    if len(path) != 1:
        raise ExpressionError(f"Invalid {LABEL}: KeyConditionExpressions cannot have conditions on nested attributes")
    return str(path[0])


def _value(operand: Operand, binding: Binding) -> Value:
    if isinstance(operand, Literal):
        return operand.value
    if not isinstance(operand, ValueRef):
        raise ExpressionError(f"Invalid {LABEL}: KeyConditionExpressions need a value on one side of each operator")
    return binding.value(operand.text, LABEL)
