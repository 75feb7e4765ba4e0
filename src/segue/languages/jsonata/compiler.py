"""Trees become closures: ``run(input, frame)`` gives a node's value.

Depth is counted as the reference does, by nodes within nodes, because AWS bounds it there. Within one body (the whole
expression, or a function's) the depth of a node is known beforehand, so a body that cannot come to the bound runs
without counting; one that might runs in a second form, which counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.jsonata.errors import MAX_DEPTH, too_deep
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Frame
from segue.languages.jsonata.values import Sequence, unwrapped

Run = Callable[[Any, Frame], Any]
Build = Callable[["Compiler", Node, int], Run]
Transform = Callable[[Any, Frame], Any]
"""What becomes of a value in a frame."""

BUILDERS: dict[str, Build] = {}
"""By the node's type; each gets the compiler, the node and how deep it stands in its body."""

TRANSFORMS: dict[str, Callable[[Compiler, Node, int], Transform]] = {}
"""Filters and groupings."""

PASSES_TAIL = frozenset(("condition", "block", "function"))


def builds(*types: str) -> Callable[[Build], Build]:
    """Declare what compiles nodes of these types."""

    def declare(build: Build) -> Build:
        for type in types:
            BUILDERS[type] = build
        return build

    return declare


class Body:
    """A whole expression or a function's body.

    Attributes:
        cost: steps of work that one run is counted as.
    """

    __slots__ = ("_checked", "_deepest", "_fast", "_is_function", "_node", "cost")

    def __init__(self, node: Node, is_function: bool) -> None:
        self._node = node
        self._is_function = is_function
        compiler = Compiler(is_checked=False)
        self._fast = compiler.compile(node, 1, is_last=is_function)
        self._deepest = compiler.deepest
        self._checked: Run | None = None
        self.cost = compiler.nodes

    def run(self, input: Any, frame: Frame) -> Any:
        if frame.base + self._deepest <= MAX_DEPTH:
            return self._fast(input, frame)
        if self._checked is None:
            self._checked = Compiler(is_checked=True).compile(self._node, 1, is_last=self._is_function)
        return self._checked(input, frame)


class Compiler:
    """Compiles one body.

    Attributes:
        deepest: the deepest node so far.
        nodes: how many there are.
        is_last: the node being built is the last thing that a function does.
    """

    def __init__(self, is_checked: bool) -> None:
        self._is_checked = is_checked
        self.deepest = 0
        self.nodes = 0
        self.is_last = False

    def compile(self, node: Node, depth: int, is_last: bool = False) -> Run:
        """A node with all that follows it in brackets and braces."""
        self.deepest = max(self.deepest, depth)
        self.nodes += 1
        self.is_last = is_last and node.type in PASSES_TAIL and not node.filters and node.group is None
        run = BUILDERS[node.type](self, node, depth)
        if node.type != "path":
            for filter in node.filters:
                run = _then(run, self.filter(filter, depth))
            if node.group is not None:
                run = _then(run, self.group(node.group, depth))
            if node.keeps_array:
                run = _keeping(run)
        return _checking(run, depth) if self._is_checked else run

    def filter(self, node: Node, depth: int) -> Transform:
        """What a predicate in brackets does with the value before it."""
        return TRANSFORMS["filter"](self, node, depth)

    def group(self, pairs: list[tuple[Node, Node]], depth: int) -> Transform:
        """What a grouping in braces does with the value before it."""
        node = Node("group")
        node.pairs = pairs
        return TRANSFORMS["group"](self, node, depth)


def _then(run: Run, transform: Transform) -> Run:
    return lambda input, frame: unwrapped(transform(run(input, frame), frame))


def _keeping(run: Run) -> Run:
    def run_keeping(input: Any, frame: Frame) -> Any:
        value = run(input, frame)
        if type(value) is Sequence:
            value.keeps = True
        return value

    return run_keeping


def _checking(run: Run, depth: int) -> Run:
    def run_checking(input: Any, frame: Frame) -> Any:
        if frame.base + depth > MAX_DEPTH:
            raise too_deep()
        return run(input, frame)

    return run_checking
