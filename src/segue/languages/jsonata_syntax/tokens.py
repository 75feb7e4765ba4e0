"""The words of JSONata, one at a time: ``/`` begins a regular expression only where a value may stand."""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass
from typing import Any

_BLANK_OR_COMMENT = re.compile(r"(?:[ \t\n\r\v]+|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?")
_OPERATOR = re.compile(r"\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?|[.\[\]{}(),@#;:?+\-*/%|=<>^&!~]")
_NAME = re.compile(r"[^ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~'\"`]+")
_STRING = {quote: re.compile(rf"[^{quote}\\]*") for quote in "\"'"}
_BLANKS_OR_SLASH = frozenset(" \t\n\r\v/")
_FIRST_OF_WORDS = frozenset("$_" + string.ascii_letters)
_FLAGS = re.compile(r"[im]*")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class SyntaxProblem(ValueError):
    """An expression that does not parse.

    Attributes:
        code: JSONata's, such as ``S0202``.
        message: JSONata's words.
        position: characters from the beginning of the expression to behind what is wrong.
    """

    def __init__(self, code: str, message: str, position: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: ``operator``, ``name``, ``variable``, ``string``, ``number``, ``value``, ``regex`` or ``end``.
        value: what it says; of an operator, its symbol.
        position: where it ends.
    """

    kind: str
    value: Any
    position: int

    @property
    def quoted(self) -> str:
        """As error messages show it."""
        return json.dumps(self.value, ensure_ascii=False)


class Tokens:
    """Reads tokens from a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, *, value_expected: bool) -> Token:
        """The next token.

        Args:
            value_expected: whether a ``/`` begins a regular expression here, rather than divides.

        Raises:
            SyntaxProblem: what comes is no token.
        """
        text = self._text
        character = text[self._at : self._at + 1]
        if character in _BLANKS_OR_SLASH:
            self._skip_blanks()
            character = text[self._at : self._at + 1]
        start = self._at
        if not character:
            return Token("end", "(end)", start)
        if character in _FIRST_OF_WORDS:
            return self._word()
        if character == "/" and value_expected:
            return self._regex()
        operator = _OPERATOR.match(text, start)
        if operator:
            return self._token("operator", operator.group(), operator.end())
        if character in "\"'":
            return self._string(character)
        if character == "`":
            return self._quoted_name()
        number = _NUMBER.match(text, start)
        if number:
            return self._number(number)
        return self._word()

    def _skip_blanks(self) -> None:
        blanks = _BLANK_OR_COMMENT.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at
        if self._text.startswith("/*", self._at):
            raise SyntaxProblem("S0106", "Comment has no closing tag", self._at)

    def _token(self, kind: str, value: Any, end: int) -> Token:
        self._at = end
        return Token(kind, value, end)

    def _word(self) -> Token:
        found = _NAME.match(self._text, self._at)
        assert found is not None
        word = found.group()
        if word.startswith("$"):
            return self._token("variable", word[1:], found.end())
        if word in WORDS:
            return self._token("value", WORDS[word], found.end())
        if word in ("and", "or", "in"):
            return self._token("operator", word, found.end())
        return self._token("name", word, found.end())

    def _number(self, found: re.Match[str]) -> Token:
        number = float(found.group())
        if number in (float("inf"), float("-inf")):
            raise SyntaxProblem("S0102", f"Number out of range: {found.group()}", found.end())
        return self._token("number", number, found.end())

    def _quoted_name(self) -> Token:
        end = self._text.find("`", self._at + 1)
        if end < 0:
            message = "Quoted property name must be terminated with a backquote (`)"
            raise SyntaxProblem("S0105", message, len(self._text))
        return self._token("name", self._text[self._at + 1 : end], end + 1)

    def _string(self, quote: str) -> Token:
        text, at, parts = self._text, self._at + 1, []
        plain = _STRING[quote]
        while True:
            run = plain.match(text, at)
            assert run is not None
            parts.append(run.group())
            at = run.end()
            if at >= len(text):
                raise SyntaxProblem("S0101", "String literal must be terminated by a matching quote", len(text))
            if text[at] == quote:
                return self._token("string", "".join(parts), at + 1)
            escaped = text[at + 1 : at + 2]
            if escaped == "u":
                digits = _HEX.match(text, at + 2)
                if digits is None:
                    message = "The escape sequence \\u must be followed by 4 hex digits"
                    raise SyntaxProblem("S0104", message, at + 2)
                parts.append(chr(int(digits.group(), 16)))
                at = digits.end()
            elif escaped in _ESCAPES:
                parts.append(_ESCAPES[escaped])
                at += 2
            else:
                raise SyntaxProblem("S0103", f"Unsupported escape sequence: \\{escaped}", at + 1)

    def _regex(self) -> Token:
        text, start = self._text, self._at + 1
        depth, at = 0, start
        while at < len(text):
            character = text[at]
            if character == "\\":
                at += 2
                continue
            if character == "/" and depth == 0:
                if at == start:
                    raise SyntaxProblem("S0301", "Empty regular expressions are not allowed", at)
                flags = _FLAGS.match(text, at + 1)
                assert flags is not None
                return self._token("regex", text[start:at], flags.end())
            depth += (character in "([{") - (character in ")]}")
            at += 1
        raise SyntaxProblem("S0302", "No terminating / in regular expression", len(text))
