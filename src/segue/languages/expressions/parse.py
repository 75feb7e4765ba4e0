"""From an expression's text to its nodes, by recursive descent; parsed texts are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TypeVar

from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.nodes import (
    Action,
    Arithmetic,
    Between,
    Both,
    Comparison,
    Condition,
    Either,
    Element,
    Function,
    In,
    NameRef,
    Not,
    Operand,
    Path,
    ValueRef,
)
from segue.languages.expressions.tokens import Token, tokenize

T = TypeVar("T")

COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
MAX_TEXT_BYTES = 4_096
"""Longest expression: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
MAX_OPERATORS = 300
_MAX_DEPTH = 100


@lru_cache(maxsize=2_048)
def parse_condition(text: str, label: str) -> Condition:
    """A condition, filter or key condition; ``label`` is the parameter's name, for messages.

    Raises:
        ExpressionError: it is not one.
    """
    parser = _Parser(text, label)
    condition = parser.either()
    parser.expect_end()
    return condition


@lru_cache(maxsize=2_048)
def parse_update(text: str, label: str = "UpdateExpression") -> tuple[Action, ...]:
    """The actions of an update expression, in the order written.

    Raises:
        ExpressionError: it is none.
    """
    parser = _Parser(text, label)
    actions = parser.sections()
    parser.expect_end()
    return tuple(actions)


@lru_cache(maxsize=2_048)
def parse_projection(text: str, label: str = "ProjectionExpression") -> tuple[Path, ...]:
    """The paths of a projection expression.

    Raises:
        ExpressionError: it is none.
    """
    parser = _Parser(text, label)
    paths = parser.many(parser.path)
    parser.expect_end()
    return tuple(paths)


class _Parser:
    """One pass over one text."""

    def __init__(self, text: str, label: str) -> None:
        self.text = text
        self.label = label
        if not text.strip():
            raise self.invalid("The expression can not be empty;")
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_TEXT_BYTES:
            raise self.invalid(f"Expression size has exceeded the maximum allowed size; expression size: {size}")
        self.tokens = tokenize(text)
        self.at = 0
        self.depth = 0
        self.operators = 0

    # words

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def invalid(self, what: str) -> ExpressionError:
        return ExpressionError(f"Invalid {self.label}: {what}")

    def unexpected(self) -> ExpressionError:
        first = self.tokens[max(self.at - 1, 0)].start
        last = self.tokens[min(self.at + 1, len(self.tokens) - 1)].end
        return self.invalid(f'Syntax error; token: "{self.token.text}", near: "{self.text[first:last]}"')

    def take(self, *texts: str) -> Token | None:
        token = self.token
        if token.kind in ("symbol", "keyword") and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise self.unexpected()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    def many(self, one: Callable[[], T]) -> list[T]:
        found = [one()]
        while self.take(","):
            found.append(one())
        return found

    # conditions

    def either(self) -> Condition:
        condition = self.both()
        while self.take("OR"):
            self.count_operator()
            condition = Either(condition, self.both())
        return condition

    def both(self) -> Condition:
        condition = self.negation()
        while self.take("AND"):
            self.count_operator()
            condition = Both(condition, self.negation())
        return condition

    def negation(self) -> Condition:
        negations = 0
        while self.take("NOT"):
            self.count_operator()
            negations += 1
        condition = self.primary()
        for _ in range(negations):
            condition = Not(condition)
        return condition

    def primary(self) -> Condition:
        if self.token.text == "(" and self.token.kind == "symbol":
            return self.parenthesized()
        left = self.operand()
        if comparator := self.take(*COMPARATORS):
            self.count_operator()
            return Comparison(comparator.text, left, self.operand())
        if self.take("BETWEEN"):
            self.count_operator()
            low = self.operand()
            self.expect("AND")
            return Between(left, low, self.operand())
        if self.take("IN"):
            self.count_operator()
            self.expect("(")
            choices = tuple(self.many(self.operand))
            self.expect(")")
            return In(left, choices)
        if isinstance(left, Function):
            return left
        raise self.unexpected()

    def parenthesized(self) -> Condition:
        self.at += 1
        self.deeper()
        doubled = self.token.text == "(" and self.closes_twice()
        condition = self.either()
        self.expect(")")
        self.depth -= 1
        if doubled:
            raise self.invalid("The expression has redundant parentheses;")
        return condition

    def closes_twice(self) -> bool:
        """Whether the parenthesis that opens here is closed right before the one that opened before it."""
        open_count = 0
        for at in range(self.at, len(self.tokens)):
            open_count += {"(": 1, ")": -1}.get(self.tokens[at].text, 0)
            if open_count == 0:
                return self.tokens[at + 1].text == ")"
        return False

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.invalid("The expression is nested too deeply;")

    def count_operator(self) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise self.invalid(
                "The expression contains too many operators or functions; "
                f"operator and function count: {self.operators}, maximum allowed: {MAX_OPERATORS}"
            )

    # operands

    def operand(self) -> Operand:
        token = self.token
        if token.kind == "value":
            self.at += 1
            return ValueRef(token.text)
        if token.kind == "word" and self.tokens[self.at + 1].text == "(":
            return self.function()
        return self.path()

    def function(self) -> Function:
        name = self.token.text
        self.at += 2
        self.deeper()
        self.count_operator()
        arguments = tuple(self.many(self.operand))
        self.expect(")")
        self.depth -= 1
        return Function(name, arguments)

    def path(self) -> Path:
        elements: list[Element] = [self.attribute()]
        while True:
            if self.take("."):
                elements.append(self.attribute())
            elif self.take("["):
                if self.token.kind != "index":
                    raise self.unexpected()
                elements.append(int(self.token.text[:10]))
                self.at += 1
                self.expect("]")
            else:
                return Path(tuple(elements))

    def attribute(self) -> Element:
        token = self.token
        if token.kind == "name":
            self.at += 1
            return NameRef(token.text)
        if token.kind == "word":
            self.at += 1
            return token.text
        raise self.unexpected()

    # updates

    def sections(self) -> list[Action]:
        actions: list[Action] = []
        seen: set[str] = set()
        while section := self.take("SET", "REMOVE", "ADD", "DELETE"):
            if section.text in seen:
                raise self.invalid(f'The "{section.text}" section can only be used once in an update expression;')
            seen.add(section.text)
            one = {"SET": self.set_action, "REMOVE": self.remove_action}.get(section.text)
            actions += self.many(one or partial(self.value_action, section.text))
        if not actions:
            raise self.unexpected()
        return actions

    def set_action(self) -> Action:
        path = self.path()
        self.expect("=")
        return Action("SET", path, self.sum())

    def remove_action(self) -> Action:
        return Action("REMOVE", self.path())

    def value_action(self, section: str) -> Action:
        path = self.path()
        if self.token.kind != "value":
            raise self.unexpected()
        return Action(section, path, self.operand())

    def sum(self) -> Operand:
        left = self.term()
        if operator := self.take("+", "-"):
            self.count_operator()
            return Arithmetic(operator.text, left, self.term())
        return left

    def term(self) -> Operand:
        if self.take("("):
            self.deeper()
            inner = self.sum()
            self.expect(")")
            self.depth -= 1
            return inner
        return self.operand()
