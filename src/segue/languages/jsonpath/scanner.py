"""A cursor over path text."""

from __future__ import annotations

import re
from collections.abc import Container

from segue.languages.jsonpath.segments import InvalidPath

_INTEGER = re.compile(r"-?\d+", re.ASCII)
_INTEGER_DIGITS = 18


class Scanner:
    """Reads ``text`` from left to right; ``in_filter`` narrows what a bare name may contain."""

    __slots__ = ("in_filter", "position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.in_filter = 0

    @property
    def ended(self) -> bool:
        return self.position >= len(self.text)

    def peek(self) -> str:
        """The next character, or the empty string at the end."""
        return self.text[self.position : self.position + 1]

    def take(self, wanted: str) -> bool:
        """Step over ``wanted`` if it stands here."""
        if self.text.startswith(wanted, self.position):
            self.position += len(wanted)
            return True
        return False

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.error(f"{wanted!r} expected")

    def skip_spaces(self) -> None:
        while self.peek() in (" ", "\t", "\n", "\r"):
            self.position += 1

    def take_until(self, ends: Container[str]) -> str:
        start = self.position
        while not self.ended and self.text[self.position] not in ends:
            self.position += 1
        return self.text[start : self.position]

    def take_integer(self) -> int | None:
        match = _INTEGER.match(self.text, self.position)
        if match is None:
            return None
        if len(match.group()) > _INTEGER_DIGITS:
            raise self.error("too large a number")
        self.position = match.end()
        return int(match.group())

    def take_match(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match.group()

    def take_quoted(self) -> str:
        """A string in single or double quotes; a backslash keeps the same quote or a backslash behind it.

        Before anything else it stands for itself (recorded: sfn-scenarios/…ESCAPE_SEQUENCES_JSONPATH).
        """
        quote = self.peek()
        if quote not in ("'", '"'):
            raise self.error("a name in quotes expected")
        self.position += 1
        characters: list[str] = []
        while not self.ended:
            character = self.text[self.position]
            self.position += 1
            if character == quote:
                return "".join(characters)
            if character == "\\" and self.peek() in (quote, "\\"):
                character = self.text[self.position]
                self.position += 1
            characters.append(character)
        raise self.error("the string has no end")

    def error(self, reason: str) -> InvalidPath:
        return InvalidPath(self.text, f"{reason} at position {self.position}")
