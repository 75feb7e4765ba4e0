"""Text to a tree of nodes, by binding powers.

Facts: docs.jsonata.org (grammar, precedence) and the errors of jsonata-js 2, which Step Functions shows as they are
(floci-io/floci#2745, measured on AWS).
"""

from __future__ import annotations

import json
from collections.abc import Callable

from segue.languages.jsonata_syntax.nodes import Node
from segue.languages.jsonata_syntax.tokens import SyntaxProblem, Token, Tokens

MAX_DEPTH = 120
"""Deepest nesting of an expression; nobody writes such a thing by hand, and the parser recurses."""

_BINDING: dict[str, int] = {
    ".": 75,
    "[": 80,
    "{": 70,
    "(": 80,
    "@": 80,
    "#": 80,
    "?": 20,
    "?:": 42,
    "??": 42,
    "^": 40,
    "*": 60,
    "/": 60,
    "%": 60,
    "+": 50,
    "-": 50,
    "&": 50,
    "=": 40,
    "!=": 40,
    "<": 40,
    ">": 40,
    "<=": 40,
    ">=": 40,
    "~>": 40,
    "in": 40,
    "and": 30,
    "or": 25,
    ":=": 10,
}

_LITERALS = frozenset(["string", "number", "value", "regex", "variable", "name"])


def parse(text: str) -> Node:
    """Parse an expression (without ``{%`` and ``%}``).

    Raises:
        SyntaxProblem: it is none, in JSONata's words.
    """
    parser = _Parser(text)
    node = parser.expression(0)
    if parser.token.kind != "end":
        raise SyntaxProblem("S0201", f"Syntax error: {parser.token.quoted}", parser.token.position)
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._depth = 0
        self.token: Token
        self.advance()

    def advance(self, *, after_value: bool = False) -> Token:
        """Step on; gives the token that is left behind."""
        left = getattr(self, "token", None)
        self.token = self._tokens.take(value_expected=not after_value)
        return left or self.token

    def expect(self, symbol: str, *, after_value: bool = False) -> None:
        token = self.token
        if token.kind == "operator" and token.value == symbol:
            self.advance(after_value=after_value)
            return
        if token.kind == "end":
            raise SyntaxProblem("S0203", f'Expected "{symbol}" before end of expression', token.position)
        raise SyntaxProblem("S0202", f'Expected "{symbol}", got {token.quoted}', token.position)

    def at(self, *symbols: str) -> bool:
        return self.token.kind == "operator" and self.token.value in symbols

    def expression(self, binding: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"The expression is nested deeper than {MAX_DEPTH} levels"
            raise SyntaxProblem("U1001", message, self.token.position)
        left = self._beginning()
        while self.token.kind == "operator" and binding < _BINDING.get(self.token.value, 0):
            left = self._continuation(left)
        self._depth -= 1
        return left

    def listed(self, closing: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        """Parts between commas, up to the closing symbol."""
        parts: list[Node] = []
        if not self.at(closing):
            parts.append(part())
            while self.at(","):
                self.advance()
                parts.append(part())
        self.expect(closing, after_value=True)
        return tuple(parts)

    # Where a value may stand

    def _beginning(self) -> Node:
        token = self.token
        if token.kind == "end":
            raise SyntaxProblem("S0207", "Unexpected end of expression", token.position)
        if token.kind in _LITERALS:
            self.advance(after_value=True)
            return Node(token.kind, token.value, (), token.position)
        symbol = token.value
        if symbol in ("*", "**", "%", "and", "or", "in"):
            self.advance(after_value=True)
            kind = {"*": "wildcard", "**": "descendants", "%": "parent"}.get(symbol, "name")
            return Node(kind, symbol, (), token.position)
        begin = {
            "-": self._negative,
            "(": self._block,
            "[": self._array,
            "{": self._object,
            "|": self._transform,
        }.get(symbol)
        if begin is None:
            raise SyntaxProblem(
                "S0211", f"The symbol {token.quoted} cannot be used as a unary operator", token.position
            )
        self.advance()
        return begin(token)

    def _negative(self, token: Token) -> Node:
        return Node("negative", "-", (self.expression(70),), token.position)

    def _block(self, token: Token) -> Node:
        parts: list[Node] = []
        while not self.at(")"):
            parts.append(self.expression(0))
            if not self.at(";"):
                break
            self.advance()
        self.expect(")", after_value=True)
        return Node("block", None, tuple(parts), token.position)

    def _array(self, token: Token) -> Node:
        return Node("array", None, self.listed("]", self._item), token.position)

    def _item(self) -> Node:
        item = self.expression(0)
        if not self.at(".."):
            return item
        token = self.advance()
        return Node("binary", "..", (item, self.expression(0)), token.position)

    def _object(self, token: Token) -> Node:
        return Node("object", None, self._pairs(), token.position)

    def _pairs(self) -> tuple[Node, ...]:
        """Keys and values in turn."""
        found: list[Node] = []

        def pair() -> Node:
            key = self.expression(0)
            self.expect(":")
            found.extend((key, value := self.expression(0)))
            return value

        self.listed("}", pair)
        return tuple(found)

    def _transform(self, token: Token) -> Node:
        pattern = self.expression(0)
        self.expect("|")
        parts = [pattern, self.expression(0)]
        if self.at(","):
            self.advance()
            parts.append(self.expression(0))
        self.expect("|", after_value=True)
        return Node("transform", None, tuple(parts), token.position)

    # Where something follows a value

    def _continuation(self, left: Node) -> Node:
        token = self.advance()
        follow = {
            "(": self._call,
            "[": self._predicate,
            "{": self._group,
            "?": self._condition,
            "^": self._sort,
            ":=": self._bind,
            "@": self._focus,
            "#": self._focus,
        }.get(token.value)
        if follow is not None:
            return follow(left, token)
        right = self.expression(_BINDING[token.value])
        if token.value == ".":
            return self._path(left, right, token)
        return Node("binary", token.value, (left, right), token.position)

    def _path(self, left: Node, right: Node, token: Token) -> Node:
        for step in (left, right):
            if step.kind in ("number", "value"):
                shown = f"{step.value:g}" if step.kind == "number" else json.dumps(step.value)
                message = f"The literal value {shown} cannot be used as a step within a path expression"
                raise SyntaxProblem("S0213", message, step.position)
        steps = (*left.parts, right) if left.kind == "path" else (left, right)
        return Node("path", None, steps, token.position)

    def _predicate(self, left: Node, token: Token) -> Node:
        if self.at("]"):  # a[]: keep an array of one
            self.advance(after_value=True)
            return left
        inside = self.expression(0)
        self.expect("]", after_value=True)
        if left.kind == "group":
            message = "A predicate cannot follow a grouping expression in a step"
            raise SyntaxProblem("S0209", message, token.position)
        return Node("predicate", None, (left, inside), token.position)

    def _group(self, left: Node, token: Token) -> Node:
        pairs = self._pairs()
        if left.kind == "group":
            raise SyntaxProblem("S0210", "Each step can only have one grouping expression", token.position)
        return Node("group", None, (left, *pairs), token.position)

    def _condition(self, left: Node, token: Token) -> Node:
        parts = [left, self.expression(0)]
        if self.at(":"):
            self.advance()
            parts.append(self.expression(0))
        return Node("condition", None, tuple(parts), token.position)

    def _sort(self, left: Node, token: Token) -> Node:
        self.expect("(")
        terms = self.listed(")", self._term)
        return Node("sort", None, (left, *terms), token.position)

    def _term(self) -> Node:
        if self.at("<", ">"):
            self.advance()
        return self.expression(0)

    def _bind(self, left: Node, token: Token) -> Node:
        if left.kind != "variable":
            message = "The left side of := must be a variable name (start with $)"
            raise SyntaxProblem("S0212", message, left.position)
        return Node("bind", left.value, (self.expression(_BINDING[":="] - 1),), token.position)

    def _focus(self, left: Node, token: Token) -> Node:
        right = self.expression(_BINDING[token.value])
        if right.kind != "variable":
            message = f"The right side of {token.quoted} must be a variable name (start with $)"
            raise SyntaxProblem("S0214", message, right.position)
        return Node("focus" if token.value == "@" else "index", right.value, (left,), token.position)

    def _call(self, left: Node, token: Token) -> Node:
        arguments = self.listed(")", self._argument)
        if left.kind == "name" and left.value in ("function", "λ"):
            return self._function(arguments, token)
        kind = "partial" if any(one.kind == "argument" for one in arguments) else "call"
        return Node(kind, None, (left, *arguments), token.position)

    def _argument(self) -> Node:
        if self.at("?"):
            token = self.advance(after_value=True)
            return Node("argument", None, (), token.position)
        return self.expression(0)

    def _function(self, parameters: tuple[Node, ...], token: Token) -> Node:
        for number, parameter in enumerate(parameters, 1):
            if parameter.kind != "variable":
                message = f"Parameter {number} of function definition must be a variable name (must start with $)"
                raise SyntaxProblem("S0208", message, parameter.position)
        if self.at("<"):
            self._skip_signature()
        self.expect("{")
        body = self.expression(0)
        self.expect("}", after_value=True)
        return Node("function", tuple(parameter.value for parameter in parameters), (body,), token.position)

    def _skip_signature(self) -> None:
        depth = 0
        while self.token.kind != "end" and not (self.at("{") and depth == 0):
            depth += self.at("<") - self.at(">")
            self.advance(after_value=True)
            if depth == 0:
                return
