"""Arithmetic and comparisons, as Velocity has them of Java's numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.values import Budget, is_number, same, text_of

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LARGEST = 1 << 63


def compute(name: str, left: Any, right: Any, budget: Budget) -> Any:
    """``left name right``. What cannot be computed is null, as a comparison of what cannot be compared is false."""
    if name in ("==", "!="):
        return same(left, right, budget) == (name == "==")
    if name in _COMPARISONS:
        both_text = isinstance(left, str) and isinstance(right, str)
        comparable = both_text or (is_number(left) and is_number(right))
        return comparable and _COMPARISONS[name](left, right)
    if name == "+" and (isinstance(left, str) or isinstance(right, str)):
        if left is None or right is None:
            return None
        first, second = text_of(left, budget), text_of(right, budget)
        budget.text(len(first) + len(second))
        return first + second
    if not is_number(left) or not is_number(right):
        return None
    return _arithmetic(name, left, right)


def _arithmetic(name: str, left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int)
    try:
        match name:
            case "+":
                found = left + right
            case "-":
                found = left - right
            case "*":
                found = left * right
            case "/":
                found = _truncated(left, right) if whole else left / right
            case _:
                found = left - right * _truncated(left, right) if whole else left - right * int(left / right)
    except (ZeroDivisionError, OverflowError):
        return None
    if whole and abs(found) >= _LARGEST:
        raise VelocityError("a number is too large")
    return found


def _truncated(left: int, right: int) -> int:
    """Division as Java's: toward zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient
