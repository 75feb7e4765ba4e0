"""Which variables the states of a definition read: ``variableReferences`` of DescribeStateMachine.

API reference, DescribeStateMachine: "A map of state name to a list of variables referenced by that state. States that
do not use variable references will not be shown in the response."
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from segue.languages import jsonata
from segue.languages.asl.query_evaluation import is_expression
from segue.languages.jsonata.functions import FUNCTIONS
from segue.languages.jsonata.references import references

_INNER = frozenset(("States", "Branches", "ItemProcessor", "Iterator"))
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_VARIABLE = re.compile(r"(?<![$\w])\$([^\W\d]\w*)")


def variable_references(definition: dict[str, Any]) -> dict[str, list[str]]:
    """The names of variables by the state that reads them, in alphabetical order; a definition as it was created."""
    found: dict[str, list[str]] = {}
    machine_language = definition.get("QueryLanguage", "JSONPath")
    waiting: list[Any] = [definition]
    while waiting:
        container = waiting.pop()
        for name, state in container["States"].items():
            names = set(_names(state, state.get("QueryLanguage", machine_language) == "JSONata"))
            if names:
                found[name] = sorted(names)
            waiting += state.get("Branches", ())
            waiting += [state[field] for field in ("ItemProcessor", "Iterator") if isinstance(state.get(field), dict)]
    return found


def _names(state: dict[str, Any], is_jsonata: bool) -> Iterator[str]:
    waiting = [(field, value) for field, value in state.items() if field not in _INNER]
    while waiting:
        field, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((field, item) for item in value)
        elif is_jsonata:
            if is_expression(value):
                read = references(jsonata.compile(value[2:-2].strip()).tree).variables
                yield from (name for name in read if name and name != "states" and name not in FUNCTIONS)
        elif isinstance(value, str) and (field.endswith((".$", "Path")) or field == "Variable"):
            yield from _VARIABLE.findall(_QUOTED.sub("", value))
