"""Text to tree: a parser by binding powers (Pratt's). ``shape`` then puts paths in order.

Behind ``^(…)``, ``[]``, a function's body and a transform, a ``/`` begins a regular expression, as in the reference.
"""

from __future__ import annotations

from collections.abc import Callable

from segue.languages.jsonata.errors import invalid
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.shape import shape
from segue.languages.jsonata.signatures import Signature
from segue.languages.jsonata.tokens import BINDING_POWERS, Token, Tokenizer

MAX_NESTING = 150
"""Deepest nesting of brackets and operators in a text: what is deeper could never be evaluated."""

MAX_CHARACTERS = 262_144

_VALUE_TYPES = frozenset(("string", "number", "value", "name", "variable", "regex"))
_INFIX = frozenset(
    (".", "+", "-", "*", "/", "%", "=", "<", ">", "!=", "<=", ">=", "&", "in", "and", "or", "~>"),
)
_NEVER_INFIX = frozenset((":", ";", "..", "|", "**"))


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        InvalidJsonata: it is none.
    """
    if len(text) > MAX_CHARACTERS:
        raise invalid("S0201", MAX_CHARACTERS, token=text[:40])
    parser = _Parser(text)
    node = parser.expression(0)
    if parser.token.type != "end":
        raise invalid("S0201", parser.token.position, token=parser.token.value)
    tree = shape(node)
    if tree.type == "parent" or tree.slots:
        raise invalid("S0217", tree.position, token=tree.type)
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = Tokenizer(text)
        self._depth = 0
        self.token: Token
        self.take_next(False)

    def take_next(self, after_value: bool) -> None:
        self.token = self._tokens.next(after_value)

    @property
    def symbol(self) -> str:
        """The operator that stands here; empty for anything else."""
        if self.token.type == "end":
            return "(end)"
        return str(self.token.value) if self.token.type == "operator" else ""

    def expect(self, symbol: str, after_value: bool = False) -> None:
        if self.symbol != symbol:
            if self.token.type == "end":
                raise invalid("S0203", self.token.position, value=symbol, token="(end)")
            raise invalid("S0202", self.token.position, value=symbol, token=self.token.value)
        self.take_next(after_value)

    def expression(self, power: int) -> Node:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise invalid("S0201", self.token.position, token=self.token.value)
        token = self.token
        self.take_next(True)
        left = self._beginning(token)
        while power < self._power():
            token = self.token
            self.take_next(False)
            left = self._continuation(token, left)
        self._depth -= 1
        return left

    def _power(self) -> int:
        symbol = self.symbol
        return 0 if symbol in _NEVER_INFIX else BINDING_POWERS.get(symbol, 0)

    # What an expression may begin with

    def _beginning(self, token: Token) -> Node:
        if token.type in _VALUE_TYPES:
            return Node(token.type, token.value, token.position)
        if token.type == "end":
            return Node("end", None, token.position)
        begin = _BEGINNINGS.get(token.value)
        if begin is None:
            raise invalid("S0211", token.position, token=token.value)
        return begin(self, token)

    def begin_negation(self, token: Token) -> Node:
        node = Node("negation", "-", token.position)
        # After a sign a number is being looked for, so what the token before it was does not matter here.
        node.lhs = self.expression(70)
        return node

    def begin_word(self, token: Token) -> Node:
        """Where a value is expected, ``and``, ``or`` and ``in`` are names."""
        return Node("name", token.value, token.position)

    def begin_wildcard(self, token: Token) -> Node:
        return Node("wildcard" if token.value == "*" else "descendant", token.value, token.position)

    def begin_parent(self, token: Token) -> Node:
        return Node("parent", token.value, token.position)

    def begin_block(self, token: Token) -> Node:
        node = Node("block", None, token.position)
        while self.symbol != ")":
            node.items.append(self.expression(0))
            if self.symbol != ";":
                break
            self.expect(";")
        self.expect(")", True)
        return node

    def begin_array(self, token: Token) -> Node:
        node = Node("array", "[", token.position)
        if self.symbol != "]":
            while True:
                item = self.expression(0)
                if self.symbol == "..":
                    span = Node("binary", "..", self.token.position)
                    self.expect("..")
                    span.lhs, span.rhs = item, self.expression(0)
                    item = span
                node.items.append(item)
                if self.symbol != ",":
                    break
                self.expect(",")
        self.expect("]", True)
        return node

    def begin_object(self, token: Token) -> Node:
        node = Node("object", "{", token.position)
        node.pairs = self._pairs()
        return node

    def begin_transform(self, token: Token) -> Node:
        node = Node("transform", None, token.position)
        node.pattern = self.expression(0)
        self.expect("|")
        node.lhs = self.expression(0)
        if self.symbol == ",":
            self.expect(",")
            node.rhs = self.expression(0)
        self.expect("|")
        return node

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs = []
        if self.symbol != "}":
            while True:
                key = self.expression(0)
                self.expect(":")
                pairs.append((key, self.expression(0)))
                if self.symbol != ",":
                    break
                self.expect(",")
        self.expect("}", True)
        return pairs

    # What may follow one

    def _continuation(self, token: Token, left: Node) -> Node:
        go_on = _CONTINUATIONS.get(token.value)
        if go_on is not None:
            return go_on(self, token, left)
        if token.value in _INFIX:
            node = Node("binary", token.value, token.position)
            node.lhs, node.rhs = left, self.expression(BINDING_POWERS[token.value])
            return node
        raise invalid("S0201", token.position, token=token.value)

    def follow_call(self, token: Token, left: Node) -> Node:
        node = Node("function", None, token.position)
        node.procedure = left
        if self.symbol != ")":
            while True:
                if self.symbol == "?":
                    node.type = "partial"
                    node.items.append(Node("placeholder", "?", self.token.position))
                    self.take_next(True)
                else:
                    node.items.append(self.expression(0))
                if self.symbol != ",":
                    break
                self.expect(",")
        self.expect(")", True)
        if left.type == "name" and left.value in ("function", "λ"):
            return self._lambda(node)
        return node

    def _lambda(self, node: Node) -> Node:
        for number, parameter in enumerate(node.items, 1):
            if parameter.type != "variable":
                raise invalid("S0208", parameter.position, value=number)
        node.type, node.parameters, node.items = "lambda", [str(item.value) for item in node.items], []
        if self.symbol == "<":
            node.signature = self._signature()
        self.expect("{")
        node.body = self.expression(0)
        self.expect("}")
        return node

    def _signature(self) -> Signature:
        start, depth, text = self.token.position, 1, "<"
        while depth > 0 and self.symbol not in ("{", "(end)"):
            self.take_next(False)
            depth += (self.symbol == "<") - (self.symbol == ">")
            text += str(self.token.value)
        self.expect(">")
        return Signature.parse(text, start)

    def follow_bracket(self, token: Token, left: Node) -> Node:
        if self.symbol == "]":
            step = left
            while step.type == "binary" and step.value == "[":
                step = step.lhs
            step.keeps_array = True
            self.expect("]")
            return left
        node = Node("binary", "[", token.position)
        node.lhs, node.rhs = left, self.expression(0)
        self.expect("]", True)
        return node

    def follow_sort(self, token: Token, left: Node) -> Node:
        node = Node("binary", "^", token.position)
        node.lhs = left
        self.expect("(")
        while True:
            descending = self.symbol == ">"
            if self.symbol in ("<", ">"):
                self.take_next(False)
            node.terms.append((descending, self.expression(0)))
            if self.symbol != ",":
                break
            self.expect(",")
        self.expect(")")
        return node

    def follow_group(self, token: Token, left: Node) -> Node:
        node = Node("binary", "{", token.position)
        node.lhs, node.pairs = left, self._pairs()
        return node

    def follow_bind(self, token: Token, left: Node) -> Node:
        if left.type != "variable":
            raise invalid("S0212", left.position, token=left.value)
        node = Node("binary", ":=", token.position)
        node.lhs, node.rhs = left, self.expression(BINDING_POWERS[":="] - 1)
        return node

    def follow_variable(self, token: Token, left: Node) -> Node:
        node = Node("binary", token.value, token.position)
        node.lhs, node.rhs = left, self.expression(BINDING_POWERS[token.value])
        if node.rhs.type != "variable":
            raise invalid("S0214", node.rhs.position, token=token.value)
        return node

    def follow_question(self, token: Token, left: Node) -> Node:
        node = Node("condition", None, token.position)
        node.test, node.lhs = left, self.expression(0)
        if self.symbol == ":":
            self.expect(":")
            node.rhs = self.expression(0)
        return node


_BEGINNINGS: dict[str, Callable[[_Parser, Token], Node]] = {
    "-": _Parser.begin_negation,
    "and": _Parser.begin_word,
    "or": _Parser.begin_word,
    "in": _Parser.begin_word,
    "*": _Parser.begin_wildcard,
    "**": _Parser.begin_wildcard,
    "%": _Parser.begin_parent,
    "(": _Parser.begin_block,
    "[": _Parser.begin_array,
    "{": _Parser.begin_object,
    "|": _Parser.begin_transform,
}
_CONTINUATIONS: dict[str, Callable[[_Parser, Token, Node], Node]] = {
    "(": _Parser.follow_call,
    "[": _Parser.follow_bracket,
    "^": _Parser.follow_sort,
    "{": _Parser.follow_group,
    ":=": _Parser.follow_bind,
    "@": _Parser.follow_variable,
    "#": _Parser.follow_variable,
    "?": _Parser.follow_question,
}
