"""Calls of intrinsic functions, ``States.Format('{} of {}', $.a, States.ArrayLength($.b))``: parsing and compiling.

The functions themselves stand in ``intrinsic_functions``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.intrinsic_functions import FUNCTIONS, IntrinsicFailure, MissingArgument
from segue.languages.asl.scope import Scope
from segue.languages.jsonpath import PathNotFound

Read = Callable[[Scope], Any]
CompilePath = Callable[[str], Read]

MAX_NESTING = 10
"""Intrinsic functions nest up to ten deep (developer guide, "Intrinsic functions for JSONPath states")."""

_CALL = re.compile(r"\s*States\.([A-Za-z0-9]+)\s*\(")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*[,)])")
_WORD = re.compile(r"(true|false|null)(?=\s*[,)])")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_ESCAPABLE = ("\\", "'", "{", "}")
_ESCAPED = re.compile(r"\\([\\'{}])")


def compile_call(text: str, compile_path_read: CompilePath) -> Read:
    """Compile a whole call.

    Args:
        text: from ``States.`` to the closing parenthesis.
        compile_path_read: how a path among the arguments is compiled.

    Raises:
        InvalidExpression: the text is not a call of a function that exists with arguments that it may have.
    """
    call, end = _Compiler(text, compile_path_read).call(0, 1)
    if text[end:].strip():
        raise InvalidExpression(f"{text!r}: unexpected {text[end:]!r} behind the call")
    return call


class _Compiler:
    def __init__(self, text: str, compile_path_read: CompilePath) -> None:
        self.text = text
        self.compile_path_read = compile_path_read

    def call(self, start: int, nesting: int) -> tuple[Read, int]:
        """The call that begins at ``start``, and where it ends."""
        if nesting > MAX_NESTING:
            raise InvalidExpression(f"{self.text!r}: more than {MAX_NESTING} nested intrinsic functions")
        match = _CALL.match(self.text, start)
        if match is None or match.group(1) not in FUNCTIONS:
            raise InvalidExpression(f"{self.text!r}: no intrinsic function at position {start}")
        arguments: list[Read] = []
        position = self._skip(match.end())
        while self.text[position : position + 1] != ")":
            if arguments:
                if self.text[position : position + 1] != ",":
                    raise InvalidExpression(f"{self.text!r}: ',' or ')' expected at position {position}")
                position += 1
            position = self._skip(position)
            if self.text[position : position + 1] == "'":
                literal, position = self._string(position)
                # States.Format must tell '{' from '\\{' in its template, so only there the backslashes stay.
                is_template = match.group(1) == "Format" and not arguments
                arguments.append(_constant(literal if is_template else _ESCAPED.sub(r"\1", literal)))
            else:
                argument, position = self._argument(position, nesting)
                arguments.append(argument)
            position = self._skip(position)
        end = position + 1
        name = match.group(1)
        function, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise InvalidExpression(f"{self.text!r}: States.{name} does not take {len(arguments)} arguments")
        return _invocation(self.text[start:end].strip(), function, tuple(arguments)), end

    def _number(self, text: str) -> int | float:
        try:
            number: int | float = json.loads(text)
        except ValueError:  # 007, or more digits than a number may have
            raise InvalidExpression(f"{self.text!r}: {text[:40]} is no number") from None
        return number

    def _argument(self, start: int, nesting: int) -> tuple[Read, int]:
        character = self.text[start : start + 1]
        if character == "$":
            end = self._path_end(start)
            return self._path(self.text[start:end].rstrip()), end
        if character == "S":
            return self.call(start, nesting + 1)
        number = _NUMBER.match(self.text, start)
        if number is not None:
            return _constant(self._number(number.group())), number.end()
        word = _WORD.match(self.text, start)
        if word is not None:
            return _constant(_WORDS[word.group(1)]), word.end()
        raise InvalidExpression(f"{self.text!r}: no argument at position {start}")

    def _path(self, path: str) -> Read:
        read = self.compile_path_read(path)

        def read_argument(scope: Scope) -> Any:
            try:
                return read(scope)
            except PathNotFound as missing:
                raise MissingArgument(
                    f"The JsonPath argument for the field '{path}' could not be found in the input "
                    f"'{json_text.dump(missing.value)}'"
                ) from None

        return read_argument

    def _string(self, start: int) -> tuple[str, int]:
        """The text between the quotes, escapes as written. A backslash must escape something (states-language.net)."""
        position = start + 1
        while position < len(self.text):
            if self.text[position] == "\\":
                if self.text[position + 1 : position + 2] not in _ESCAPABLE:
                    raise InvalidExpression(f"{self.text!r}: the backslash at position {position} escapes nothing")
                position += 2
            elif self.text[position] == "'":
                return self.text[start + 1 : position], position + 1
            else:
                position += 1
        raise InvalidExpression(f"{self.text!r}: the string at position {start} has no end")

    def _path_end(self, start: int) -> int:
        """Where a path ends: at the first comma or parenthesis outside of brackets, quotes and its own parentheses."""
        depth, quote, position = 0, "", start
        while position < len(self.text):
            character = self.text[position]
            if quote:
                if character == "\\":
                    position += 1
                elif character == quote:
                    quote = ""
            elif character in "'\"" and depth:
                quote = character
            elif character in "[(":
                depth += 1
            elif character in "])" and depth:
                depth -= 1
            elif character in ",)" and not depth:
                return position
            position += 1
        raise InvalidExpression(f"{self.text!r}: ')' expected at the end")

    def _skip(self, position: int) -> int:
        while self.text[position : position + 1].isspace():
            position += 1
        return position


def _constant(value: Any) -> Read:
    return lambda scope: value


def _invocation(text: str, function: Callable[..., Any], arguments: tuple[Read, ...]) -> Read:
    def invoke(scope: Scope) -> Any:
        try:
            return function(scope, *[argument(scope) for argument in arguments])
        except IntrinsicFailure as failure:
            cause = f"The function '{text}' had the following error: {failure}"
            raise StatesError(failure.error, cause) from None
        except RecursionError:
            cause = f"The function '{text}' had the following error: an argument is nested too deeply"
            raise StatesError("States.IntrinsicFailure", cause) from None

    return invoke
