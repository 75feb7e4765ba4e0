"""The items of a Map state."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.errors import StatesError
from segue.languages.asl.flow import Read, no_results
from segue.languages.asl.scope import Scope
from segue.languages.jsonpath import PathNotFound


def read_items(read: Read, path: str, scope: Scope) -> list[Any]:
    """What an ItemsPath finds; ``StatesError`` where that is nothing, or no array."""
    try:
        items = read(scope)
    except PathNotFound as missing:
        raise no_results(path, missing.value) from None
    if type(items) is not list:
        # A context path is named without its first sign (sfn-teststate/…state_map_context_object_EXECUTION_INPUT).
        shown = path.replace("$$", "$", 1)
        raise StatesError("States.Runtime", f'Reference path "{shown}" must point to array.')
    return items
