"""Reading a statement word by word, and its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from segue.languages.expressions import ExpressionError, Value, normalize
from segue.languages.partiql.tokens import Token, malformed, tokenize

T = TypeVar("T")

MAX_DEPTH = 50
_SET_TYPES = {"S": "SS", "N": "NS", "B": "BS"}


class Words:
    """The words of one statement on their way through a parser, and the values that they make."""

    def __init__(self, text: str, parameters: Sequence[Value]) -> None:
        self.tokens = tokenize(text)
        self.at = 0
        self.parameters = parameters
        self.used = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The next word."""
        return self.tokens[self.at]

    def unexpected(self) -> ExpressionError:
        """The next word cannot stand there."""
        return malformed(f"Unexpected term: {self.token.text or 'end of statement'}")

    def take(self, *keywords: str) -> str:
        """The next word if it is one of these; empty if not."""
        found = self.token.keyword
        if found in keywords and found:
            self.at += 1
            return found
        return ""

    def expect(self, *keywords: str) -> None:
        """Take these words."""
        for keyword in keywords:
            if not self.take(keyword):
                raise self.unexpected()

    def many(self, one: Callable[[], T]) -> list[T]:
        """One or more, with commas between."""
        found = [one()]
        while self.take(","):
            found.append(one())
        return found

    def name(self) -> str:
        """A name, quoted or not."""
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise self.unexpected()
        self.at += 1
        return token.text

    def deeper(self) -> None:
        """Something is nested: within bounds."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise malformed("it is nested too deeply")

    def value(self) -> Value:
        """A value written out, or a parameter's."""
        return normalize(self._plain_value())[0]

    def _plain_value(self) -> Value:
        token = self.token
        self.at += 1
        if token.kind == "text":
            return {"S": token.text}
        if token.kind == "number":
            return {"N": token.text}
        match token.keyword:
            case "TRUE" | "FALSE" as word:
                return {"BOOL": word == "TRUE"}
            case "NULL":
                return {"NULL": True}
            case "?":
                return self._parameter()
            case "-" | "+" as sign if self.token.kind == "number":
                self.at += 1
                return {"N": sign.strip("+") + self.tokens[self.at - 1].text}
            case "[":
                return {"L": self._enclosed("]", self._plain_value)}
            case "{":
                return {"M": dict(self._enclosed("}", self._member))}
            case "<<":
                return self._set_of(self._enclosed(">>", self._plain_value))
        self.at -= 1
        raise self.unexpected()

    def _enclosed(self, closing: str, one: Callable[[], T]) -> list[T]:
        self.deeper()
        found = [] if self.token.keyword == closing else self.many(one)
        self.expect(closing)
        self.depth -= 1
        return found

    def _member(self) -> tuple[str, Value]:
        token = self.token
        if token.kind not in ("text", "quoted"):
            raise self.unexpected()
        self.at += 1
        self.expect(":")
        return token.text, self._plain_value()

    def _set_of(self, members: list[Value]) -> Value:
        kinds = {kind for member in members for kind in member}
        if len(kinds) != 1 or not kinds <= _SET_TYPES.keys():
            raise malformed("a set holds strings, numbers or binaries, of one kind")
        (kind,) = kinds
        return {_SET_TYPES[kind]: [member[kind] for member in members]}

    def _parameter(self) -> Value:
        if self.used == len(self.parameters):
            raise ExpressionError("Number of parameters in request and statement don't match.")
        self.used += 1
        return self.parameters[self.used - 1]
