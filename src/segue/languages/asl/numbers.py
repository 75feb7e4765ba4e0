"""Numbers that a state has or finds by a path: MaxConcurrency, ToleratedFailureCount, MaxItems and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.errors import QueryEvaluationError, StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import no_results
from segue.languages.asl.query_evaluation import compile_typed, is_expression
from segue.languages.asl.scope import Scope
from segue.languages.jsonpath import PathNotFound

Number = Callable[[Scope], Any]


def compile_integer(
    spec: dict[str, Any], field: str, default: int | None, *, checked: bool = True, holder: str = ""
) -> Number:
    """``spec[field]``, or what ``spec[field + "Path"]`` finds, or what a JSONata expression comes to.

    The found value may be written as a text (recorded: …MAP_STATE_REFERENCE_IN_MAX_CONCURRENCY_PATH). The function
    raises ``StatesError`` for what is no integer and, where it is ``checked``, for what is negative (recorded:
    sfn-map/…tolerated_failure_count_path_*).
    """
    return _compile(spec, field, default, "integer", _integer, checked, holder)


def compile_float(spec: dict[str, Any], field: str, default: float | None) -> Number:
    """The same for a number that need not be whole."""
    return _compile(spec, field, default, "float", _float, True, "")


def _compile(
    spec: dict[str, Any],
    field: str,
    default: Any,
    kind: str,
    convert: Callable[[Any], Any],
    checked: bool,
    holder: str,
) -> Number:
    path = spec.get(f"{field}Path")
    if path is None:
        number = spec.get(field, default)
        if is_expression(number):
            return _compile_jsonata(number, f"{holder}/{field}" if holder else field, kind)
        return lambda scope: number
    read = compile_expression(path).read

    def read_number(scope: Scope) -> Any:
        try:
            found = read(scope)
        except PathNotFound as missing:
            raise no_results(path, missing.value) from None
        value = convert(found)
        if value is None:
            shown = found if isinstance(found, str) else json_text.dump(found)
            cause = f'The {field}Path field refers to value "{shown}" which is not a valid {kind}: {path}'
            raise StatesError("States.Runtime", cause)
        if checked and value < 0:
            raise StatesError("States.Runtime", f"{field} cannot be negative.")
        return value

    return read_number


def _compile_jsonata(expression: str, field: str, kind: str) -> Number:
    read = compile_typed(expression, field, "number")

    def read_number(scope: Scope) -> Any:
        value = read(scope)
        if kind == "integer":
            if value != int(value):
                shown = json_text.dump(value)
                raise QueryEvaluationError(f"The {field} field refers to value {shown} which is not an integer", field)
            value = int(value)
        if value < 0:
            raise QueryEvaluationError(f"{field} cannot be negative.", field)
        return value

    return read_number


def _integer(value: Any) -> int | None:
    if type(value) is str and value.removeprefix("-").isdecimal():
        return int(value)
    return value if type(value) is int else None


def _float(value: Any) -> float | None:
    if type(value) is str:
        try:
            value = float(value)
        except ValueError:
            return None
    return value if type(value) in (int, float) else None
