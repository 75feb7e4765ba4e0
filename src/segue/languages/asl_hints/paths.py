"""Traps about the context object: ``$.Execution.Id`` for ``$$.Execution.Id``, and names that it does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl.validate_values import is_jsonata
from segue.languages.asl_hints.containers import Place
from segue.languages.asl_hints.tasks import waits_for_callback
from segue.languages.asl_hints.texts import texts

CONTEXT: dict[str, Any] = {
    "Execution": {
        "Id": None,
        "Input": ...,
        "Name": None,
        "RedriveCount": None,
        "RedriveTime": None,
        "RoleArn": None,
        "StartTime": None,
    },
    "Map": {"Item": {"Index": None, "Key": None, "Source": None, "Value": ...}},
    "State": {"EnteredTime": None, "Name": None, "RetryCount": None, "PreviousStateName": None},
    "StateMachine": {"Id": None, "Name": None},
    "Task": {"Token": None},
}
"""Developer guide, "Accessing execution data from the Context object"; ``...``: whatever is there."""

_INPUT_LIKE_CONTEXT = re.compile(
    r"(?<!\$)\$\.(Execution\.(?:Id|Name|StartTime|RoleArn|Input)|StateMachine\.(?:Id|Name)"
    r"|State\.(?:EnteredTime|RetryCount)|Task\.Token|Map\.Item\.(?:Index|Value))(?![A-Za-z0-9_])"
)
_CONTEXT_PATH = re.compile(r"\$\$((?:\.[A-Za-z_][A-Za-z0-9_]*)+)")
_CONTEXT_FIELD = re.compile(r"\$states\.context((?:\.[A-Za-z_][A-Za-z0-9_]*)+)")


def _expressions(place: Place) -> Iterator[tuple[str, str]]:
    """Strings of a state that are evaluated."""
    for key, text, at in texts(place.state, place.where):
        if place.language == "JSONata":
            if is_jsonata(text):
                yield text, at
        elif key.endswith(("Path", ".$")) or key == "Variable":
            yield text, at


def context_without_second_dollar(place: Place) -> Iterator[Diagnostic]:
    if place.language == "JSONata":
        return
    for text, at in _expressions(place):
        found = _INPUT_LIKE_CONTEXT.search(text)
        if found is not None:
            path = found.group(1)
            message = f"$.{path} is read from the state's input; the context object's is $$.{path}"
            yield place.hint("CONTEXT_PATH", message, at)


def unknown_context_names(place: Place) -> Iterator[Diagnostic]:
    pattern, root = (_CONTEXT_FIELD, "$states.context") if place.language == "JSONata" else (_CONTEXT_PATH, "$$")
    for text, at in _expressions(place):
        for found in pattern.finditer(text):
            message = _unknown(found.group(1).lstrip(".").split("."), root)
            if message:
                yield place.hint("CONTEXT_PATH", message, at)


def _unknown(names: list[str], root: str) -> str:
    known: Any = CONTEXT
    walked = root
    for name in names:
        if known is ...:
            return ""
        if known is None or name not in known:
            near = difflib.get_close_matches(name, known or (), 1, 0.3)
            meant = f": did you mean {walked}.{near[0]}?" if near else ""
            return f"The context object has no {walked}.{name}{meant}"
        known = known[name]
        walked += f".{name}"
    return ""


def token_without_callback(place: Place) -> Iterator[Diagnostic]:
    if waits_for_callback(place):
        return
    token = "$states.context.Task.Token" if place.language == "JSONata" else "$$.Task.Token"
    for text, at in _expressions(place):
        if token in text:
            message = f"{token} is there only in tasks that wait for it: end the Resource in .waitForTaskToken"
            yield place.hint("TOKEN_WITHOUT_CALLBACK", message, at)


PATH_RULES = (context_without_second_dollar, unknown_context_names, token_without_callback)
