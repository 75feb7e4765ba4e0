"""What an expression reads: bare names and ``$`` where there is no context item, ``$$``, and fields of ``$states``."""

from __future__ import annotations

from dataclasses import dataclass, field

from segue.languages.jsonata_syntax.nodes import Node

_NAMES = """
abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl decodeUrlComponent
distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase formatInteger formatNumber
fromMillis join keys length lookup lowercase map match max merge millis min not now number pad parseInteger power random
reduce replace reverse round shuffle sift single sort split spread sqrt string substring substringAfter substringBefore
sum toMillis trim type uppercase zip
hash parse partition range uuid
"""

FUNCTIONS: frozenset[str] = frozenset(_NAMES.split())
"""JSONata's functions (docs.jsonata.org), and those that Step Functions adds."""


@dataclass(slots=True)
class References:
    """What an expression refers to, each once, in the order in which it is written.

    Attributes:
        top_level: names that are looked up in the context item of the whole expression (``phone`` in ``phone & "x"``),
            also ``$`` there, and ``$$`` anywhere. Step Functions gives no such item.
        states: first fields of ``$states`` that are read, such as ``input``.
        variables: variables that are read and not bound in the expression itself.
        calls: functions that are called by name.
    """

    top_level: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


_Bound = frozenset[str]


def references(expression: Node) -> References:
    """Everything that a parsed expression refers to. Without recursion: ``1+1+…+1`` is a tree as deep as it is long."""
    found = References()
    bound = frozenset(_bound_names(expression))
    waiting: list[tuple[Node, bool]] = [(expression, True)]
    while waiting:
        node, at_top = waiting.pop()
        _note(node, at_top, bound, found)
        inner = _parts(node, at_top)
        waiting.extend(reversed(inner))
    return found


def _bound_names(expression: Node) -> list[str]:
    names: list[str] = []
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if node.kind in ("bind", "focus", "index"):
            names.append(node.value)
        elif node.kind == "function":
            names.extend(node.value)
        waiting.extend(node.parts)
    return names


def _parts(node: Node, at_top: bool) -> list[tuple[Node, bool]]:
    """The parts of a node, and whether each is evaluated at the top level."""
    parts = [(part, at_top) for part in node.parts]
    if node.kind in ("path", "predicate", "group", "sort"):
        # All but the first are evaluated for each item of what stands before.
        return [*parts[:1], *((part, False) for part, _ in parts[1:])]
    if node.kind == "transform":  # it is applied to what it is given
        return [(part, False) for part, _ in parts]
    if node.kind in ("call", "partial") and node.parts[0].kind == "variable":
        return parts[1:]
    return parts


def _note(node: Node, at_top: bool, bound: _Bound, found: References) -> None:
    if node.kind == "path":
        _note_path(node, at_top, found)
    elif node.kind == "name" and at_top:
        _add(found.top_level, str(node.value))
    elif node.kind in ("call", "partial") and node.parts[0].kind == "variable":
        _add(found.calls, node.parts[0].value)
    elif node.kind == "variable":
        if node.value == "$":
            _add(found.top_level, "$$")
        elif node.value == "":
            if at_top:
                _add(found.top_level, "$")
        elif node.value not in bound:
            _add(found.variables, node.value)


def _note_path(node: Node, at_top: bool, found: References) -> None:
    first, second = node.parts[0], node.parts[1]
    if first.kind == "string" and at_top:
        _add(found.top_level, first.value)
    while first.kind in ("predicate", "group", "sort", "focus", "index"):
        first = first.parts[0]
    while second.kind in ("predicate", "group", "sort", "focus", "index"):
        second = second.parts[0]
    if first.kind == "variable" and first.value == "states" and second.kind in ("name", "string"):
        _add(found.states, second.value)


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
