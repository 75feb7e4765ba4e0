"""Choice rules of JSONPath states, compiled to functions of the scope.

A value of another type than the operator compares makes the rule false; a path that finds nothing fails the state
(recorded: sfn-choice-tables/*).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from segue.languages import globs
from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.scope import Scope
from segue.languages.asl.timestamps import parse_timestamp
from segue.languages.jsonpath import PathNotFound

Rule = Callable[[Scope], bool]
Compare = Callable[[Any, Any], bool]
Convert = Callable[[Any], Any]
"""Makes the comparable form of a value, or None if it is of another type."""


def _as_number(value: Any) -> Any:
    return value if type(value) in (int, float) else None


def _as_string(value: Any) -> Any:
    """Strings compare as Java does, by UTF-16 unit: the same as by code point but beyond the basic plane."""
    if type(value) is not str:
        return None
    return value if value.isascii() else _Utf16(value)


def _as_boolean(value: Any) -> Any:
    return value if type(value) is bool else None


def _as_timestamp(value: Any) -> Any:
    return parse_timestamp(value) if type(value) is str else None


class _Utf16(str):
    """A string that orders by its UTF-16 units."""

    def __lt__(self, other: str) -> bool:
        return _units(self) < _units(other)

    def __le__(self, other: str) -> bool:
        return _units(self) <= _units(other)

    def __gt__(self, other: str) -> bool:
        return _units(self) > _units(other)

    def __ge__(self, other: str) -> bool:
        return _units(self) >= _units(other)


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


_ORDERS: dict[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_TYPES: dict[str, Convert] = {"String": _as_string, "Numeric": _as_number, "Timestamp": _as_timestamp}

COMPARISONS: dict[str, tuple[Convert, Compare]] = {
    **{kind + order: (convert, compare) for kind, convert in _TYPES.items() for order, compare in _ORDERS.items()},
    "BooleanEquals": (_as_boolean, operator.eq),
}
"""Operators that compare with a literal; each has a twin that ends in ``Path``."""

TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsBoolean": lambda value: type(value) is bool,
    "IsNumeric": lambda value: type(value) in (int, float),
    "IsString": lambda value: type(value) is str,
    "IsTimestamp": lambda value: _as_timestamp(value) is not None,
}

OPERATORS: frozenset[str] = frozenset(
    [*COMPARISONS, *[name + "Path" for name in COMPARISONS], *TYPE_TESTS, "IsPresent", "StringMatches"]
)
"""Every comparison operator of JSONPath choice rules."""


def compile_choice_rule(rule: dict[str, Any]) -> Rule:
    """Compile one rule with all that is nested in it.

    Returns:
        A function of the scope that says whether the rule matches. It raises StatesError when a path finds nothing.

    Raises:
        InvalidExpression: the rule has no operator that is known, or a path that is none.
    """
    if "And" in rule:
        return _compile_all([compile_choice_rule(part) for part in rule["And"]])
    if "Or" in rule:
        return _compile_any([compile_choice_rule(part) for part in rule["Or"]])
    if "Not" in rule:
        inner = compile_choice_rule(rule["Not"])
        return lambda scope: not inner(scope)
    return _compile_comparison(rule)


def _compile_all(parts: list[Rule]) -> Rule:
    def matches(scope: Scope) -> bool:
        for part in parts:  # a loop costs half of all() over a generator  # noqa: SIM110
            if not part(scope):
                return False
        return True

    return matches


def _compile_any(parts: list[Rule]) -> Rule:
    def matches(scope: Scope) -> bool:
        for part in parts:  # noqa: SIM110
            if part(scope):
                return True
        return False

    return matches


def _compile_comparison(rule: dict[str, Any]) -> Rule:
    variable = rule.get("Variable")
    name = next((key for key in rule if key in OPERATORS), None)
    if not isinstance(variable, str) or name is None:
        raise InvalidExpression("a choice rule needs a Variable and a comparison operator")
    operand = rule[name]
    if name == "IsPresent":
        return _compile_presence(variable, bool(operand))
    read = _compile_reader(variable)
    if name in TYPE_TESTS:
        test, wanted = TYPE_TESTS[name], bool(operand)
        return lambda scope: test(read(scope)) is wanted
    if name == "StringMatches":
        matches = _compile_wildcards(operand)
        return lambda scope: isinstance(value := read(scope), str) and matches(value)
    if name in COMPARISONS:
        return _compare_literal(variable, operand, *COMPARISONS[name])
    return _compare_paths(read, _compile_reader(operand), *COMPARISONS[name.removesuffix("Path")])


def _compile_reader(path: str) -> Callable[[Scope], Any]:
    read = compile_expression(path).read

    def read_or_fail(scope: Scope) -> Any:
        try:
            return read(scope)
        except PathNotFound:
            raise _not_found(path) from None

    return read_or_fail


def _not_found(path: str) -> StatesError:
    cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
    return StatesError("States.Runtime", cause)


def _compile_presence(path: str, wanted: bool) -> Rule:
    read = compile_expression(path).read

    def is_present(scope: Scope) -> bool:
        try:
            read(scope)
        except PathNotFound:
            return not wanted
        return wanted

    return is_present


def _compare_literal(path: str, literal: Any, convert: Convert, compare: Compare) -> Rule:
    read, right = compile_expression(path).read, convert(literal)

    def matches(scope: Scope) -> bool:
        try:  # not by _compile_reader: the most used rule, and each call costs a fifth of it
            left = convert(read(scope))
        except PathNotFound:
            raise _not_found(path) from None
        return left is not None and right is not None and compare(left, right)

    return matches


def _compare_paths(
    read_left: Callable[[Scope], Any], read_right: Callable[[Scope], Any], convert: Convert, compare: Compare
) -> Rule:
    def matches(scope: Scope) -> bool:
        left, right = convert(read_left(scope)), convert(read_right(scope))
        return left is not None and right is not None and compare(left, right)

    return matches


def _compile_wildcards(pattern: str) -> globs.Matcher:
    """``*`` stands for any characters; a backslash makes ``*`` and a backslash mean themselves."""
    parts = re.findall(r"\\[\\*]|\*|[^\\*]+|\\", pattern)
    return globs.compile_tokens([globs.ANY_RUN if part == "*" else _unescaped(part) for part in parts])


def _unescaped(part: str) -> str:
    return part[1:] if len(part) == 2 and part[0] == "\\" else part
