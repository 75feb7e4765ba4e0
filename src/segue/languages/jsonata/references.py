"""What an expression refers to: bare names and ``$`` where there is no context item, ``$$``, fields of ``$states``,
variables. Without recursion: ``1+1+…+1`` is a tree as deep as it is long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from segue.languages.jsonata.nodes import Node

_Part = tuple[Node, bool]
"""A node, and whether it is evaluated at the top level, with the context item of the whole expression."""


@dataclass(slots=True)
class References:
    """What an expression refers to, each once, in the order in which it is written.

    Attributes:
        top_level: names that are looked up in the context item of the whole expression (``phone`` in ``phone & "x"``),
            also ``$`` there, and ``$$`` anywhere. Step Functions gives no such item.
        states: first fields of ``$states`` that are read, such as ``input``.
        variables: variables that are read, functions' names too, and not bound in the expression itself.
    """

    top_level: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)


def references(tree: Node) -> References:
    """Everything that a compiled expression's tree refers to."""
    found = References()
    bound: set[str] = set()
    waiting: list[_Part] = [(tree, True)]
    while waiting:
        node, at_top = waiting.pop()
        bound.update(_bindings(node))
        _note(node, at_top, found)
        inner = list(_parts(node, at_top))
        waiting.extend(reversed(inner))
    found.variables = [name for name in found.variables if name not in bound]
    return found


def _bindings(node: Node) -> Iterator[str]:
    if node.type in ("bind", "index"):
        yield str(node.value)
    yield from node.parameters
    if node.focus:
        yield node.focus
    if node.index:
        yield node.index


def _parts(node: Node, at_top: bool) -> Iterator[_Part]:
    for position, step in enumerate(node.steps):
        yield step, at_top and position == 0
    if node.type == "transform":  # it is applied to what it is given
        at_top = False
    procedure = None if node.type == "lambda" else node.procedure  # a lambda's is the word "function"
    for part in (node.test, node.pattern, node.lhs, node.rhs, node.body, procedure):
        if part is not None:
            yield part, at_top
    for item in node.items:
        yield item, at_top
    for pair in node.pairs:
        yield from ((part, at_top) for part in pair)
    # What follows a step is evaluated for each of its items.
    for _, term in node.terms:
        yield term, False
    for filter in node.filters:
        yield filter, False
    for pair in node.group or ():
        yield from ((part, False) for part in pair)


def _note(node: Node, at_top: bool, found: References) -> None:
    if node.type == "path":
        first = node.steps[0]
        second = node.steps[1] if len(node.steps) > 1 else first
        if first.type == "variable" and first.value == "states" and second.type == "name":
            _add(found.states, str(second.value))
    elif node.type == "name" and at_top:
        _add(found.top_level, str(node.value))
    elif node.type == "variable":
        if node.value == "$":
            _add(found.top_level, "$$")
        elif node.value:
            _add(found.variables, str(node.value))
        elif at_top:
            _add(found.top_level, "$")


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
