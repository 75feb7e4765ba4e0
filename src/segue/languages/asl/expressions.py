"""One string that stands for a value: a path, a context path, a variable or an intrinsic function call."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.intrinsics import compile_call
from segue.languages.asl.scope import Scope
from segue.languages.jsonpath import InvalidPath, PathNotFound, compile_path

Read = Callable[[Scope], Any]

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class Expression:
    """A compiled expression.

    Attributes:
        text: as written.
        read: ``read(scope)``; raises PathNotFound where a path finds nothing, for callers with words of their own
            (InputPath, Choice, …), and StatesError where an intrinsic function fails.
        evaluate: ``evaluate(scope)``; the same, but a path that finds nothing raises StatesError with AWS's sentence
            about the field.
    """

    __slots__ = ("evaluate", "field", "read", "text")

    def __init__(self, text: str, read: Read, field: str) -> None:
        self.text = text
        self.field = field
        self.read = read
        self.evaluate = _with_aws_words(text, read, field)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def compile_expression(text: str, field: str = "") -> Expression:
    """Compile ``$…``, ``$$…``, ``$name…`` or ``States.…(…)``.

    Args:
        text: the expression.
        field: the field that it was written in (such as ``Message.$``), for error texts.

    Raises:
        InvalidExpression: it is none of these.
    """
    return _short(text, field) if len(text) <= _SHORT else _made(text, field)


_SHORT = 1_000
"""Of this many characters are expressions that are remembered: so the memory of them is bounded in bytes."""


def _made(text: str, field: str) -> Expression:
    if text.startswith("States."):
        return Expression(text, compile_call(text, _compile_path_read), field)
    return Expression(text, _compile_path_read(text), field)


_short = lru_cache(maxsize=8192)(_made)


def _compile_path_read(text: str) -> Read:
    try:
        if text.startswith("$$"):
            read_context = compile_path(text[1:]).read
            return lambda scope: read_context(scope.context)
        variable = _VARIABLE.match(text)
        if variable is not None:
            return _compile_variable(text, variable.group(1), text[variable.end() :])
        read = compile_path(text).read
    except InvalidPath as error:
        raise InvalidExpression(str(error)) from None
    if text == "$":
        return lambda scope: scope.input
    return lambda scope: read(scope.input)


def _compile_variable(text: str, name: str, rest: str) -> Read:
    read_rest = compile_path("$" + rest).read

    def read(scope: Scope) -> Any:
        if name not in scope.variables:
            raise PathNotFound(text, dict(scope.variables))
        return read_rest(scope.variables[name])

    return read


def _with_aws_words(text: str, read: Read, field: str) -> Read:
    def evaluate(scope: Scope) -> Any:
        try:
            return read(scope)
        except PathNotFound as missing:
            raise StatesError("States.Runtime", path_failure_cause(text, field, missing.value)) from None

    return evaluate


def path_failure_cause(path: str, field: str, value: Any) -> str:
    """AWS's sentence for a path that finds nothing (seen in AWS's workshop "Serverless orchestration", 3.3.3).

    A null input has a sentence of its own (seen in a history of an "API Gateway start" state with null input).
    """
    if value is None:
        return "Unable to apply Path transformation to null or empty input."
    return (
        f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input "
        f"'{json_text.dump(value)}'"
    )
