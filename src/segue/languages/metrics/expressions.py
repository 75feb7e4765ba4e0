"""Metric math: expressions over metrics, compiled and evaluated.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from segue.languages.metrics.functions import FUNCTIONS, MISSING, OPERATORS, Argument
from segue.languages.metrics.series import MathError, Scope, Value

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<sign>\|\||&&|==|!=|<=|>=|[-+*/^()\[\],<>]))""",
    re.VERBOSE | re.ASCII,
)
_DEPTH: Final = 64
_MOST_CHARACTERS: Final = 2_048
_WORDS: Final = frozenset(("REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM"))

Node = Callable[[Scope], Argument]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        names: the ids that it speaks of, each once.
        uses_metrics: whether it takes all metrics there are (``METRICS()``).
    """

    names: tuple[str, ...]
    uses_metrics: bool
    _node: Node

    def evaluate(self, scope: Scope) -> Value:
        """Its value.

        Raises:
            MathError: in words.
        """
        value = self._node(scope)
        if isinstance(value, str):
            raise MathError("an expression is no text")
        return value


@lru_cache(maxsize=512)
def compile_expression(text: str) -> Expression:
    """Compile an expression.

    Raises:
        NotImplementedError: it calls a function that AWS has and we do not: its name.
        MathError: in words: it is none.
    """
    if len(text) > _MOST_CHARACTERS:
        raise MathError(f"it is longer than {_MOST_CHARACTERS} characters")
    if text.lstrip().upper().startswith("SELECT "):
        raise NotImplementedError("Metrics Insights queries")
    parser = _Parser(_tokens(text))
    node = parser.either(0)
    parser.end()
    return Expression(tuple(dict.fromkeys(parser.names)), parser.uses_metrics, node)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise MathError(f"unexpected {text[at : at + 20].strip()!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _value(argument: Argument) -> Value:
    if isinstance(argument, str):
        raise MathError("a text is no operand")
    return argument


class _Parser:
    """By descent; each level of nesting counts."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at = tokens, 0
        self.names: list[str] = []
        self.uses_metrics = False

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise MathError(f"unexpected {self._tokens[self._at][1]!r}")

    def _take(self, *signs: str) -> str:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in ("sign", "name") and text in signs:
                self._at += 1
                return text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise MathError(f"{sign!r} is missing")

    def either(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise MathError("it is nested too deeply")
        return self._left(depth, self._both, {"OR": "OR", "||": "OR"})

    def _both(self, depth: int) -> Node:
        return self._left(depth, self._compared, {"AND": "AND", "&&": "AND"})

    def _compared(self, depth: int) -> Node:
        return self._left(depth, self._sum, {sign: sign for sign in ("==", "!=", "<=", ">=", "<", ">")})

    def _sum(self, depth: int) -> Node:
        return self._left(depth, self._product, {"+": "+", "-": "-"})

    def _product(self, depth: int) -> Node:
        return self._left(depth, self._signed, {"*": "*", "/": "/"})

    def _left(self, depth: int, inner: Callable[[int], Node], signs: dict[str, str]) -> Node:
        node = inner(depth)
        while sign := self._take(*signs):
            node = _binary(signs[sign], node, inner(depth))
        return node

    def _signed(self, depth: int) -> Node:
        negative = False
        while sign := self._take("-", "+"):
            negative ^= sign == "-"
        node = self._power(depth)
        if not negative:
            return node
        return lambda scope: OPERATORS["*"](-1.0, _value(node(scope)))

    def _power(self, depth: int) -> Node:
        node = self._plain(depth)
        while self._take("^"):
            sign = -1.0 if self._take("-") else 1.0
            exponent = self._plain(depth)
            node = _binary("^", node, _binary("*", lambda _scope, sign=sign: sign, exponent))  # type: ignore[misc]
        return node

    def _plain(self, depth: int) -> Node:
        if self._take("("):
            node = self.either(depth + 1)
            self._expect(")")
            return node
        if self._take("["):
            return self._array(depth)
        if self._at >= len(self._tokens):
            raise MathError("it ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            number = float(text)
            return lambda _scope: number
        if kind == "text":
            return lambda _scope: text[1:-1]
        if kind == "name":
            return self._named(text, depth)
        raise MathError(f"unexpected {text!r}")

    def _array(self, depth: int) -> Node:
        nodes = [self.either(depth + 1)]
        while self._take(","):
            nodes.append(self.either(depth + 1))
        self._expect("]")

        def node(scope: Scope) -> Argument:
            found = []
            for value in (inner(scope) for inner in nodes):
                if isinstance(value, (str, float, int)):
                    raise MathError("an array holds time series")
                found += value if isinstance(value, list) else [value]
            return found

        return node

    def _named(self, name: str, depth: int) -> Node:
        if self._take("("):
            return self._call(name, depth)
        if name in _WORDS:
            return lambda _scope: name
        self.names.append(name)

        def node(scope: Scope) -> Argument:
            if name not in scope.named:
                raise MathError(f"there is no {name!r}")
            return scope.named[name]

        return node

    def _call(self, name: str, depth: int) -> Node:
        if name in MISSING:
            raise NotImplementedError(f"the function {name}")
        function = FUNCTIONS.get(name)
        if function is None:
            raise MathError(f"there is no function {name!r}")
        self.uses_metrics = self.uses_metrics or name == "METRICS"
        nodes: list[Node] = []
        if not self._take(")"):
            nodes.append(self.either(depth + 1))
            while self._take(","):
                nodes.append(self.either(depth + 1))
            self._expect(")")
        return lambda scope: function(scope, [node(scope) for node in nodes])


def _binary(sign: str, left: Node, right: Node) -> Node:
    operate = OPERATORS[sign]
    return lambda scope: operate(_value(left(scope)), _value(right(scope)))
