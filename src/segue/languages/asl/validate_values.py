"""Checks of single field values: each takes the value and says what is wrong, or None.

Messages known from AWS (measured by others, in public issues): "Value must be a valid JSONPath." (cfn-lint#4078),
"Value is not a Reference Path", "Minimum value is 0", "Maximum value is 100.0" (floci#3733), "Value cannot be empty"
(recorded).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from segue.languages.asl.errors import InvalidExpression
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.timestamps import parse_timestamp
from segue.languages.jsonpath import InvalidPath, compile_path

Check = Callable[[Any], str | None]

_REFERENCE_START = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")


def is_jsonata(value: Any) -> bool:
    """Whether the value is a JSONata expression: ``{% … %}`` and nothing around it (sfn-output/*BASE_LITERALS)."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "Expected value of type String"


def boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def mapping(value: Any) -> str | None:
    return None if isinstance(value, dict) else "Expected value of type Object"


def list_or_mapping(value: Any) -> str | None:
    return None if isinstance(value, list | dict) else "Expected value of type Array"


def pointer(value: Any) -> str | None:
    """A JSON pointer (RFC 6901): ItemReader's ItemsPointer."""
    return None if isinstance(value, str) and (not value or value.startswith("/")) else "Value is not a JSON Pointer"


def integer(minimum: int, maximum: int | None = None) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return "Expected value of type Integer"
        return _bounds(value, minimum, maximum)

    return check


def number(minimum: float, maximum: float | None = None) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return "Expected value of type Number"
        return _bounds(value, minimum, maximum)

    return check


def _bounds(value: float, minimum: float, maximum: float | None) -> str | None:
    if value < minimum:
        return f"Minimum value is {minimum}"
    if maximum is not None and value > maximum:
        return f"Maximum value is {maximum}"
    return None


def one_of(field: str, values: tuple[str, ...]) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, str) and value in values:
            return None
        return f"The field '{field}' should have one of these values: [{', '.join(values)}]"

    return check


def timestamp(value: Any) -> str | None:
    if isinstance(value, str) and parse_timestamp(value) is not None:
        return None
    return "Value must be a valid ISO-8601 extended offset date-time format string"


def path(value: Any) -> str | None:
    """A JSONPath, context path or variable."""
    if isinstance(value, str) and value.startswith("$") and _is_expression(value):
        return None
    return "Value must be a valid JSONPath."


def path_or_null(value: Any) -> str | None:
    return None if value is None else path(value)


def path_or_call(value: Any) -> str | None:
    """A path or an intrinsic function call (Fail's ErrorPath and CausePath)."""
    if isinstance(value, str) and _is_expression(value):
        return None
    return "Value must be a valid JSONPath or a valid intrinsic function call"


def result_path(value: Any) -> str | None:
    return (
        None if value is None or (isinstance(value, str) and _is_reference(value)) else "Value is not a Reference Path"
    )


def reference_path(value: Any) -> str | None:
    """A reference into the input or into a variable."""
    if isinstance(value, str):
        variable = _REFERENCE_START.match(value)
        if _is_reference("$" + value[variable.end() :] if variable else value):
            return None
    return "Value is not a Reference Path"


def reference_or_context_path(value: Any) -> str | None:
    if isinstance(value, str) and value.startswith("$$"):
        return reference_path(value[1:])
    return reference_path(value)


def list_of(check_item: Check) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return "Expected value of type Array"
        if not value:
            return "Value cannot be empty"
        return next((message for message in map(check_item, value) if message), None)

    return check


def _is_expression(value: str) -> bool:
    try:
        compile_expression(value)
    except InvalidExpression:
        return False
    return True


def _is_reference(value: str) -> bool:
    try:
        return compile_path(value).is_reference
    except InvalidPath:
        return False
