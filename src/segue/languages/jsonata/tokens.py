"""The tokens of JSONata: names, variables, operators, literals, regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from segue.languages.jsonata.errors import invalid
from segue.languages.jsonata.values import plain

BINDING_POWERS: dict[str, int] = {
    ".": 75,
    "[": 80,
    "]": 0,
    "{": 70,
    "}": 0,
    "(": 80,
    ")": 0,
    ",": 0,
    "@": 80,
    "#": 80,
    ";": 80,
    ":": 80,
    "?": 20,
    "+": 50,
    "-": 50,
    "*": 60,
    "/": 60,
    "%": 60,
    "|": 20,
    "=": 40,
    "<": 40,
    ">": 40,
    "^": 40,
    "**": 60,
    "..": 20,
    ":=": 10,
    "!=": 40,
    "<=": 40,
    ">=": 40,
    "~>": 40,
    "and": 30,
    "or": 25,
    "in": 40,
    "&": 50,
    "!": 0,
    "~": 0,
}
"""How strongly an operator binds what stands to its left."""

_SPACE = re.compile(r"[ \t\n\r\v]*")
_DOUBLE = ("..", ":=", "!=", ">=", "<=", "**", "~>")
_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?", re.ASCII)
_NAME = re.compile("[^ \\t\\n\\r\\v" + re.escape("".join(key for key in BINDING_POWERS if len(key) == 1)) + "]*")
_HEX = re.compile(r"[0-9A-Fa-f]{4}", re.ASCII)
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, tuple[str, Any]] = {
    "or": ("operator", "or"),
    "in": ("operator", "in"),
    "and": ("operator", "and"),
    "true": ("value", True),
    "false": ("value", False),
    "null": ("value", None),
}
MAX_NUMBER_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its type (``name``, ``variable``, ``operator``, ``string``, ``number``, ``value``, ``regex``, ``end``),
    its value and where it begins."""

    type: str
    value: Any
    position: int


class Tokenizer:
    """Gives the tokens of a text, one by one: what a ``/`` means, only the parser knows."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def next(self, after_value: bool) -> Token:
        """The next token; ``after_value`` says that an operator is expected."""
        text = self._text
        self._skip()
        if self._at >= len(text):
            return Token("end", "(end)", len(text))
        start, char = self._at, text[self._at]
        if not after_value and char == "/":
            self._at += 1
            return self._regex(start)
        pair = text[start : start + 2]
        if pair in _DOUBLE:
            self._at += 2
            return Token("operator", pair, start)
        if char in BINDING_POWERS:
            self._at += 1
            return Token("operator", char, start)
        if char in "\"'":
            return self._string(char, start)
        number = _NUMBER.match(text, start)
        if number is not None:
            return self._number(number, start)
        if char == "`":
            return self._quoted(start)
        return self._name(start)

    def _skip(self) -> None:
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if not self._text.startswith("/*", self._at):
                return
            end = self._text.find("*/", self._at + 2)
            if end < 0:
                raise invalid("S0106", self._at)
            self._at = end + 2

    def _string(self, quote: str, start: int) -> Token:
        text, at, parts = self._text, start + 1, []
        while at < len(text):
            char = text[at]
            if char == "\\":
                part, at = self._escape(at + 1)
                parts.append(part)
            elif char == quote:
                self._at = at + 1
                return Token("string", _joined("".join(parts)), start)
            else:
                parts.append(char)
                at += 1
        raise invalid("S0101", len(text))

    def _escape(self, at: int) -> tuple[str, int]:
        char = self._text[at : at + 1]
        if char in _ESCAPES:
            return _ESCAPES[char], at + 1
        if char == "u":
            digits = _HEX.match(self._text, at + 1)
            if digits is None:
                raise invalid("S0104", at)
            return chr(int(digits.group(), 16)), digits.end()
        raise invalid("S0103", at, token=char)

    def _number(self, match: re.Match[str], start: int) -> Token:
        self._at = match.end()
        digits = match.group()
        value = float(digits)
        if value in (float("inf"), float("-inf")) or len(digits) > MAX_NUMBER_CHARACTERS:
            raise invalid("S0102", start, token=digits)
        if match.group(2) is None and match.group(3) is None and abs(value) < 2**63:
            return Token("number", int(digits), start)
        return Token("number", plain(value), start)

    def _quoted(self, start: int) -> Token:
        end = self._text.find("`", start + 1)
        if end < 0:
            raise invalid("S0105", len(self._text))
        self._at = end + 1
        return Token("name", self._text[start + 1 : end], start)

    def _name(self, start: int) -> Token:
        match = _NAME.match(self._text, start)
        name = match.group() if match else ""
        self._at = start + len(name)
        if name.startswith("$"):
            return Token("variable", name[1:], start)
        if name in _WORDS:
            type, value = _WORDS[name]
            return Token(type, value, start)
        return Token("name", name, start)

    def _regex(self, start: int) -> Token:
        text, at, depth = self._text, self._at, 0
        while at < len(text):
            char = text[at]
            if char == "/" and depth == 0 and not _is_escaped(text, at):
                pattern = text[self._at : at]
                if not pattern:
                    raise invalid("S0301", at)
                end = at + 1
                while text[end : end + 1] in ("i", "m"):
                    end += 1
                self._at = end
                return Token("regex", (pattern, text[at + 1 : end]), start)
            if not _is_escaped(text, at):
                depth += (char in "([{") - (char in ")]}")
            at += 1
        raise invalid("S0302", len(text))


def _is_escaped(text: str, at: int) -> bool:
    backslashes = 0
    while at > 0 and text[at - 1] == "\\":
        backslashes += 1
        at -= 1
    return backslashes % 2 == 1


def _joined(text: str) -> str:
    """Two escapes of a character beyond the basic plane are that character."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
