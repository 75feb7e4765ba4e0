"""JSONata in states: fields that hold expressions, ``{% … %}``, at any depth, and what AWS says when one fails.

Causes as recorded: sfn-variables/*undefined_reference*, sfn-map/*items_eval_jsonata_fail_*, sfn-intrinsics/*jsonata*; a
bound that is reached follows a colon instead of a code (measured by others: floci-io/floci#2783).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages import jsonata
from segue.languages.asl import json_text
from segue.languages.asl.errors import InvalidExpression, QueryEvaluationError
from segue.languages.asl.scope import Scope
from segue.languages.work import WORK

Evaluate = Callable[[Scope], Any]


def is_expression(value: Any) -> bool:
    """``{% … %}`` and nothing around it (recorded: sfn-output/*BASE_LITERALS)."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def compile_jsonata(value: Any, field: str) -> Evaluate:
    """Compile a field: its expressions are evaluated, everything else is itself.

    Args:
        value: any JSON.
        field: where it stands in its state, such as ``Output`` or ``Choices[0]/Assign``.

    Raises:
        InvalidExpression: an expression does not parse.
    """
    evaluate = _compile(value, field)
    return evaluate if evaluate is not None else lambda scope: value


def compile_typed(value: Any, field: str, type: str) -> Evaluate:
    """Compile a field whose expression must come to a value of one type.

    Args:
        value: an expression, or a literal of the type.
        field: where it stands.
        type: as AWS calls it: ``array``, ``boolean``, ``number``, ``string``.
    """
    if not is_expression(value):
        return compile_jsonata(value, field)
    evaluate, text = _compile_expression(value, field), _inside(value)

    def evaluate_typed(scope: Scope) -> Any:
        found = evaluate(scope)
        if type_name(found) != type:
            cause = (
                f"The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result "
                f"type. Expected '{type}', but was '{type_name(found)}' for value: {json_text.dump(found)}"
            )
            raise QueryEvaluationError(cause, field)
        return found

    return evaluate_typed


def type_name(value: Any) -> str:
    """The type of a JSON value, as AWS calls it."""
    return _TYPES[type(value)]


_TYPES = {
    list: "array",
    bool: "boolean",
    type(None): "null",
    int: "number",
    float: "number",
    dict: "object",
    str: "string",
}


def _compile(value: Any, field: str) -> Evaluate | None:
    """None when the value is literal."""
    if isinstance(value, str):
        return _compile_expression(value, field) if is_expression(value) else None
    if isinstance(value, dict):
        parts = [(key, _compile(item, f"{field}/{key}")) for key, item in value.items()]
        return _filling(value, [(key, part) for key, part in parts if part is not None])
    if isinstance(value, list):
        items = [(index, _compile(item, f"{field}[{index}]")) for index, item in enumerate(value)]
        return _filling(value, [(index, part) for index, part in items if part is not None])
    return None


def _filling(value: Any, moving: list[tuple[Any, Evaluate]]) -> Evaluate | None:
    """A copy of an object or array with those members evaluated, in its own order."""
    if not moving:
        return None

    def evaluate(scope: Scope) -> Any:
        filled = value.copy()
        for key, part in moving:
            filled[key] = part(scope)
        return filled

    return evaluate


def _inside(text: str) -> str:
    return text[2:-2].strip()


def _compile_expression(value: str, field: str) -> Evaluate:
    text = _inside(value)
    try:
        expression = jsonata.compile(text)
    except jsonata.InvalidJsonata as error:
        raise InvalidExpression(f"the expression of {field!r}: {error}") from None
    run = expression.evaluate
    undefined = jsonata.UNDEFINED

    def evaluate(scope: Any) -> Any:  # a JsonataScope
        WORK.check_state()
        try:
            found = run(scope.bindings(), scope.moment)
        except jsonata.JsonataError as error:
            why = f". {error.code}: " if error.code else ": "
            raise _failed(text, field, f"threw an error during evaluation{why}{error.message}") from None
        except jsonata.UnsupportedResult:
            raise _failed(text, field, "returned an unsupported result type.") from None
        if found is undefined:
            raise _failed(text, field, "returned nothing (undefined).")
        return found

    return evaluate


def _failed(text: str, field: str, what: str) -> QueryEvaluationError:
    return QueryEvaluationError(f"The JSONata expression '{text}' specified for the field '{field}' {what}", field)
