"""References and expressions of templates, read by descent."""

from __future__ import annotations

import re
from typing import Any, Final

from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.tree import (
    Access,
    Binary,
    Expression,
    Interpolated,
    ListOf,
    Literal,
    MapOf,
    Node,
    RangeOf,
    Reference,
    Unary,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_WORD = re.compile(r"[A-Za-z]+", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+(?:[eE][+-]?\d{1,3})?)?", re.ASCII)
_SPACE = re.compile(r"[ \t\r\n]*")
_LEVELS: Final = (
    (("||", "||"), ("or", "||")),
    (("&&", "&&"), ("and", "&&")),
    (("==", "=="), ("!=", "!="), ("eq", "=="), ("ne", "!=")),
    (("<=", "<="), (">=", ">="), ("<", "<"), (">", ">"), ("le", "<="), ("ge", ">="), ("lt", "<"), ("gt", ">")),
    (("+", "+"), ("-", "-")),
    (("*", "*"), ("/", "/"), ("%", "%")),
)
_MAX_NESTING: Final = 50
_MAX_DIGITS: Final = 18


class ExpressionParser:
    """The reader's place in the text, and how expressions are read there."""

    def __init__(self, text: str, depth: int) -> None:
        self.text, self.at, self.depth = text, 0, depth

    def interpolated(self, text: str) -> tuple[Node, ...]:
        raise NotImplementedError

    def error(self, why: str) -> VelocityError:
        line = self.text.count("\n", 0, self.at) + 1
        return VelocityError(f"line {line}: {why}")

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def expect(self, wanted: str) -> None:
        self.space()
        if not self.take(wanted):
            found = self.text[self.at : self.at + 10] or "the end"
            raise self.error(f"'{wanted}' is missing before {found!r}")

    # References

    def reference(self) -> Reference | None:
        """The reference that begins here; ``None`` (and nothing taken) where a dollar sign is just that."""
        start = self.at
        if not self.take("$"):
            return None
        quiet = self.take("!")
        braced = self.take("{")
        found = _NAME.match(self.text, self.at)
        if found is None:
            self.at = start
            return None
        self.at = found.end()
        steps = self._steps()
        if braced and not self.take("}"):
            if steps:
                raise self.error("'}' is missing")
            self.at = start
            return None
        return Reference(found[0], tuple(steps), self.text[start : self.at], quiet)

    def _steps(self) -> list[Access]:
        steps: list[Access] = []
        while True:
            if self.text.startswith("[", self.at):
                self.at += 1
                index = self.expression()
                self.expect("]")
                steps.append(Access("index", "", (index,)))
                continue
            if not self.text.startswith(".", self.at):
                return steps
            found = _NAME.match(self.text, self.at + 1)
            if found is None:
                return steps
            self.at = found.end()
            if self.take("("):
                steps.append(Access("method", found[0], tuple(self._items(")"))))
            else:
                steps.append(Access("property", found[0]))

    def _items(self, end: str) -> list[Expression]:
        items: list[Expression] = []
        self.space()
        if self.take(end):
            return items
        while True:
            items.append(self.expression())
            self.space()
            if self.take(end):
                return items
            self.expect(",")

    # Expressions

    def expression(self) -> Expression:
        """The expression that begins here."""
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error("nested too deeply")
        found = self._level(0)
        self.depth -= 1
        return found

    def _level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        chain = 0
        while True:
            operator = self._operator(level)
            if operator is None:
                return left
            chain += 1
            if chain > 200:
                raise self.error("too many operators")
            left = Binary(operator, left, self._level(level + 1))

    def _operator(self, level: int) -> str | None:
        self.space()
        word = _WORD.match(self.text, self.at)
        for spelled, operator in _LEVELS[level]:
            if spelled.isalpha():
                if word is not None and word[0] == spelled:
                    self.at = word.end()
                    return operator
            elif self.take(spelled):
                return operator
        return None

    def _unary(self) -> Expression:
        self.space()
        word = _WORD.match(self.text, self.at)
        if word is not None and word[0] == "not":
            self.at = word.end()
            return self._nested("!")
        if self.take("!"):
            return self._nested("!")
        if self.text.startswith("-", self.at):
            self.at += 1
            return self._nested("-")
        return self._primary()

    def _nested(self, operator: str) -> Expression:
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error("nested too deeply")
        operand = self._unary()
        self.depth -= 1
        return Unary(operator, operand)

    def _primary(self) -> Expression:
        if self.take("("):
            inner = self.expression()
            self.expect(")")
            return inner
        character = self.text[self.at : self.at + 1]
        if character == "$":
            reference = self.reference()
            if reference is None:
                raise self.error("a name is missing after '$'")
            return reference
        if character in ("'", '"'):
            return self._string(character)
        if character == "[":
            return self._list()
        if character == "{":
            return self._map()
        return self._word_or_number()

    def _word_or_number(self) -> Expression:
        found = _NUMBER.match(self.text, self.at)
        if found is not None and self.text.startswith("..", found.end() - 1):
            found = re.compile(r"\d+").match(self.text, self.at)  # a range: [1..5]
        if found is not None:
            self.at = found.end()
            if len(found[0]) > _MAX_DIGITS:
                raise self.error("the number is too long")
            return Literal(float(found[0]) if "." in found[0] else int(found[0]))
        constants: dict[str, Any] = {"true": True, "false": False, "null": None}
        word = _WORD.match(self.text, self.at)
        if word is not None and word[0] in constants:
            self.at = word.end()
            return Literal(constants[word[0]])
        raise self.error(f"no expression begins with {self.text[self.at : self.at + 10]!r}")

    def _string(self, quote: str) -> Expression:
        self.at += 1
        characters: list[str] = []
        while True:
            end = self._next(quote)
            characters.append(self.text[self.at : end])
            self.at = end + 1
            if self.text[end] == "\\" or self.text.startswith(quote, self.at):
                characters.append(quote)
                self.at += 1
            else:
                break
        text = "".join(characters)
        if quote == '"' and ("$" in text or "#" in text):
            return Interpolated(self.interpolated(text))
        return Literal(text)

    def _next(self, quote: str) -> int:
        """Where the next quote is, or the backslash before it (in double quotes)."""
        end = self.text.find(quote, self.at)
        if end < 0:
            raise self.error(f"a text is not ended by {quote}")
        return end - 1 if quote == '"' and end > self.at and self.text[end - 1] == "\\" else end

    def _list(self) -> Expression:
        self.at += 1
        self.space()
        if self.take("]"):
            return ListOf(())
        first = self.expression()
        self.space()
        if self.take(".."):
            last = self.expression()
            self.expect("]")
            return RangeOf(first, last)
        if self.take("]"):
            return ListOf((first,))
        self.expect(",")
        return ListOf((first, *self._items("]")))

    def _map(self) -> Expression:
        self.at += 1
        items: list[tuple[Expression, Expression]] = []
        self.space()
        if self.take("}"):
            return MapOf(())
        while True:
            key = self.expression()
            self.expect(":")
            items.append((key, self.expression()))
            self.space()
            if self.take("}"):
                return MapOf(tuple(items))
            self.expect(",")
