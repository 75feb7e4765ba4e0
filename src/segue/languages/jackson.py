"""JSON syntax errors as AWS words them: those of the Jackson parser.

Recorded: sfn-validate-definition/*not_a_definition*, eventbridge-patterns/*. Jackson reports where it stood when it
noticed: behind the token or character that it did not expect.
"""

from __future__ import annotations

import json
import re

EXCERPT_CHARACTERS = 500
"""As much of the text as Jackson shows in a location."""

_VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_TOKEN = re.compile(r"[A-Za-z0-9_$\u0080-\uffff]+")


def explain(text: str, error: ValueError, source: str = "String") -> str:
    """What AWS says of a text that is no JSON, with its place on a second line.

    Args:
        error: why our own parser refused it (``json.JSONDecodeError``; another one speaks for itself).
        source: how AWS held the text: ``String``, or ``byte[]`` of a request's body.
    """
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    message, place = syntax_error(text, error, source)
    return f"{message}\n at {place}"


def syntax_error(text: str, error: json.JSONDecodeError, source: str = "String") -> tuple[str, str]:
    """The message, and the place."""
    message, position = _in_jackson_words(text, error, source)
    return message, _place(text, position, source)


def _place(text: str, position: int, source: str) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    excerpt = f'({source})"{text[:EXCERPT_CHARACTERS]}"'
    if len(text) > EXCERPT_CHARACTERS:
        excerpt += f"[truncated {len(text) - EXCERPT_CHARACTERS} chars]"
    return f"[Source: {excerpt}; line: {line}, column: {column}]"


def _in_jackson_words(text: str, error: json.JSONDecodeError, source: str) -> tuple[str, int]:
    """The message, and the position behind what was read."""
    position, reason = error.pos, error.msg
    if reason.startswith("Unterminated string") or (reason.startswith("Invalid \\u") and '"' not in text[position:]):
        return "Unexpected end-of-input: was expecting closing quote for a string value", len(text)
    if position >= len(text):
        return _end_of_input(text, source), len(text)
    character = text[position]
    if reason.startswith("Invalid control character"):
        return (
            f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)})): "
            "has to be escaped using backslash to be included in string value",
            position + 1,
        )
    if reason.startswith("Invalid \\"):
        escaped = text[position + 1 : position + 2]
        return f"Unrecognized character escape '{escaped}' (code {ord(escaped or chr(0))})", position + 2
    if reason.startswith(("Expecting value", "Extra data")):
        token = _TOKEN.match(text, position)
        if token is not None:
            return f"Unrecognized token '{token.group()}': was expecting {_VALUE}", token.end()
        return _unexpected(character, f"expected a valid value {_VALUE}"), position + 1
    if reason.startswith("Expecting property name"):
        return _unexpected(character, "was expecting double-quote to start field name"), position + 1
    if reason.startswith("Expecting ':'"):
        return _unexpected(character, "was expecting a colon to separate field name and value"), position + 1
    container = "Object" if _open_containers(text[:position])[-1:] == [("{")] else "Array"
    return _unexpected(character, f"was expecting comma to separate {container} entries"), position + 1


def _unexpected(character: str, expected: str) -> str:
    return f"Unexpected character ('{character}' (code {ord(character)})): {expected}"


def _end_of_input(text: str, source: str) -> str:
    starts = _container_starts(text)
    if not starts:
        return "No content to map due to end-of-input"
    container = "Object" if text[starts[-1]] == "{" else "Array"
    place = _place(text, starts[-1], source)
    return f"Unexpected end-of-input: expected close marker for {container} (start marker at {place})"


def _open_containers(text: str) -> list[str]:
    return [text[start] for start in _container_starts(text)]


def _container_starts(text: str) -> list[int]:
    """Where the containers begin that are still open at the end of the text."""
    starts: list[int] = []
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', text, re.DOTALL):
        symbol = match.group()
        if symbol in "[{":
            starts.append(match.start())
        elif symbol in "]}" and starts:
            starts.pop()
    return starts
