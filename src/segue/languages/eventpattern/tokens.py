"""A pattern's JSON as a stream of tokens, each with the place where EventBridge's reader stands after it.

EventBridge reports where its reader stood, which is one token ahead after a name, and at the start of a string that
nobody has asked the text of. The conformance group ``eventbridge-patterns`` records such places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from segue.languages.eventpattern.errors import InvalidPattern, invalid_at

Kind = Literal["{", "}", "[", "]", "name", "string", "number", "true", "false", "null", "end"]

_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])")
_WORD = re.compile(r"[A-Za-z0-9_$]+")
_LITERALS: dict[str, tuple[Kind, Any]] = {"true": ("true", True), "false": ("false", False), "null": ("null", None)}


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: what it is.
        value: the Python value of a name, string, number or literal.
        seen_at: where the reader stands when it has seen the token.
        read_at: where it stands when it has read the token's text.
    """

    kind: Kind
    value: Any
    seen_at: int
    read_at: int


class Tokens:
    """The stream: :meth:`next` goes on; :meth:`fail` makes the error for the present place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stream = _tokens(text)
        self._at = 0

    @property
    def position(self) -> int:
        """Where the reader stands, as an offset into the text."""
        return self._at

    def next(self) -> Token:
        """The next token. :class:`InvalidPattern` where the text is no JSON."""
        token = next(self._stream)
        self._at = token.seen_at
        return token

    def read(self, token: Token) -> Any:
        """The value of the token just seen; the reader now stands behind it."""
        self._at = token.read_at
        return token.value

    def fail(self, reason: str) -> InvalidPattern:
        """The error with the present place."""
        return invalid_at(reason, self.text, self._at)


def _tokens(text: str) -> Iterator[Token]:
    """One JSON value; what follows it is not looked at."""
    at, closers = 0, ""
    token, at = _value(text, _skip(text, 0))
    yield token
    closers += {"{": "}", "[": "]"}.get(token.kind, "")
    first = True
    while closers:
        at = _skip(text, at)
        closer = closers[-1]
        if text[at : at + 1] == closer:
            at, first, closers = at + 1, False, closers[:-1]
            yield Token("}" if closer == "}" else "]", None, at, at)
            continue
        at = at if first else _comma(text, at, closer)
        if closer == "}":
            name, at = _name(text, at)
            token, at = _value(text, at)
            yield Token("name", name, token.seen_at, token.seen_at)
        else:
            token, at = _value(text, at)
        yield token
        first = token.kind in ("{", "[")
        closers += {"{": "}", "[": "]"}.get(token.kind, "")
    while True:
        yield Token("end", None, at, at)


def _value(text: str, at: int) -> tuple[Token, int]:
    character = text[at : at + 1]
    if character in ("{", "["):
        return Token("{" if character == "{" else "[", None, at + 1, at + 1), at + 1
    if character == '"':
        value, end = _string(text, at, "a string value")
        return Token("string", value, at + 1, end), end
    number = _NUMBER.match(text, at)
    if number is not None:
        return Token("number", json.loads(number[0]), number.end(), number.end()), number.end()
    if not character:
        raise invalid_at("Unexpected end-of-input", text, at)
    word = _WORD.match(text, at)
    if word is None or character.isdigit():
        raise invalid_at(f"{_unexpected(character)}: expected a valid value {_VALUES}", text, at)
    literal = _LITERALS.get(word[0])
    if literal is None:
        raise invalid_at(f"Unrecognized token '{word[0]}': was expecting {_VALUES}", text, word.end())
    return Token(literal[0], literal[1], word.end(), word.end()), word.end()


def _name(text: str, at: int) -> tuple[str, int]:
    character = text[at : at + 1]
    if character != '"':
        if not character:
            raise invalid_at("Unexpected end-of-input: expected close marker for Object", text, at)
        raise invalid_at(f"{_unexpected(character)}: was expecting double-quote to start field name", text, at)
    name, end = _string(text, at, "a field name")
    at = _skip(text, end)
    if text[at : at + 1] != ":":
        if at == len(text):
            raise invalid_at("Unexpected end-of-input within/between Object entries", text, at)
        expected = "was expecting a colon to separate field name and value"
        raise invalid_at(f"{_unexpected(text[at])}: {expected}", text, at)
    return name, _skip(text, at + 1)


def _string(text: str, at: int, what: str) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if found is not None:
        value: str = json.loads(found[0])
        return value, found.end()
    stop = at + 1
    while stop < len(text) and text[stop] != '"' and text[stop] >= " ":
        stop += 2 if text[stop] == "\\" else 1
    if stop >= len(text):
        raise invalid_at(f"Unexpected end-of-input: was expecting closing quote for {what}", text, len(text))
    if text[stop] == '"':
        raise invalid_at("Unrecognized character escape", text, stop)
    kind = "name" if what == "a field name" else "string value"
    raise invalid_at(
        f"Illegal unquoted character ((CTRL-CHAR, code {ord(text[stop])})): "
        f"has to be escaped using backslash to be included in {kind}",
        text,
        stop,
    )


def _comma(text: str, at: int, closer: str) -> int:
    container = "Object" if closer == "}" else "Array"
    if at == len(text):
        raise invalid_at(f"Unexpected end-of-input: expected close marker for {container}", text, at)
    if text[at] != ",":
        reason = f"{_unexpected(text[at])}: was expecting comma to separate {container} entries"
        raise invalid_at(reason, text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _unexpected(character: str) -> str:
    return f"Unexpected character ('{character}' (code {ord(character)}))"
