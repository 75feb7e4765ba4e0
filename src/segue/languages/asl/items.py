"""The items of a Map state."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.errors import QueryEvaluationError, StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import Read, no_results
from segue.languages.asl.query_evaluation import compile_typed
from segue.languages.asl.scope import Scope
from segue.languages.jsonpath import PathNotFound


def compile_items(spec: dict[str, Any], is_jsonata: bool) -> Read:
    """What a Map goes over: ItemsPath finds it, or Items says it; without either it is the state's input.

    The function raises ``StatesError`` where that is nothing, or no array (recorded: sfn-map/*items_*).
    """
    if not is_jsonata:
        path = spec.get("ItemsPath", "$")
        read = compile_expression(path).read
        return lambda scope: _read_items(read, path, scope)
    if "Items" in spec:
        return compile_typed(spec["Items"], "Items", "array")
    return _input_items


def _input_items(scope: Scope) -> Any:
    if type(scope.input) is not list:
        cause = f"Map state input must be an array but was: {json_text.dump(scope.input)}"
        raise QueryEvaluationError(cause, None)
    return scope.input


def _read_items(read: Read, path: str, scope: Scope) -> list[Any]:
    try:
        items = read(scope)
    except PathNotFound as missing:
        raise no_results(path, missing.value) from None
    if type(items) is not list:
        # A context path is named without its first sign (sfn-teststate/…state_map_context_object_EXECUTION_INPUT).
        shown = path.replace("$$", "$", 1)
        raise StatesError("States.Runtime", f'Reference path "{shown}" must point to array.')
    return items
