"""Puts a parsed tree in order: dotted operators become paths with steps, brackets become their filters, and each ``%``
finds the step whose context it means. In place, as far as possible."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from segue.languages.jsonata.errors import invalid
from segue.languages.jsonata.matching import matcher
from segue.languages.jsonata.nodes import Node, Slot


def shape(node: Node) -> Node:
    """The tree in order.

    Raises:
        InvalidJsonata: parts that may not stand where they stand.
    """
    return _Shaper().node(node)


class _Shaper:
    def __init__(self) -> None:
        self._labels = count()

    def node(self, node: Node) -> Node:
        shape_one = _SHAPES.get(node.type)
        return shape_one(self, node) if shape_one else node

    # Leaves

    def end(self, node: Node) -> Node:
        raise invalid("S0207", node.position)

    def name(self, node: Node) -> Node:
        path = Node("path", None, node.position)
        path.steps = [node]
        path.keeps_array = node.keeps_array
        return path

    def regex(self, node: Node) -> Node:
        pattern, flags = node.value
        node.value = matcher(pattern, flags, node.position)
        return node

    def parent(self, node: Node) -> Node:
        node.slot = Slot(f"!{next(self._labels)}")
        return node

    # Operators

    def binary(self, node: Node) -> Node:
        special = _OPERATORS.get(node.value)
        if special is not None:
            return special(self, node)
        node.lhs, node.rhs = self.node(node.lhs), self.node(node.rhs)
        _look_on(node, node.lhs, node.rhs)
        return node

    def dot(self, node: Node) -> Node:
        path = _as_path(self.node(node.lhs))
        if path.steps[0].type == "parent" and len(path.steps) == 1 and path.steps[0].slot is not None:
            path.slots.append(path.steps[0].slot)
        rest = self.node(node.rhs)
        if rest.type == "path":
            path.steps.extend(rest.steps)
            path.slots.extend(slot for slot in rest.slots if slot not in path.slots)
            path.keeps_array = path.keeps_array or rest.keeps_array
            if rest.group is not None:
                path.group = rest.group
        else:
            path.steps.append(rest)
        for step in path.steps:
            if step.type in ("number", "value"):
                raise invalid("S0213", step.position, value=step.value)
            if step.type == "string":
                step.type = "name"
            if step.keeps_array:
                path.keeps_array = True
        for step in (path.steps[0], path.steps[-1]):
            if step.type == "array":
                step.is_constructor = True
        _find_parents(path)
        return path

    def predicate(self, node: Node) -> Node:
        result = self.node(node.lhs)
        step = result.steps[-1] if result.type == "path" else result
        if step.group is not None:
            raise invalid("S0209", node.position)
        expression = self.node(node.rhs)
        for slot in expression.slots:
            if slot.level == 1:
                _find_parent(step, slot)
            else:
                slot.level -= 1
        step.slots.extend(expression.slots)
        filter = Node("filter", None, node.position)
        filter.lhs = expression
        step.filters.append(filter)
        return result

    def group(self, node: Node) -> Node:
        result = self.node(node.lhs)
        if result.group is not None:
            raise invalid("S0210", node.position)
        result.group = [(self.node(key), self.node(value)) for key, value in node.pairs]
        return result

    def sort(self, node: Node) -> Node:
        path = _as_path(self.node(node.lhs))
        step = Node("sort", None, node.position)
        for descending, term in node.terms:
            expression = self.node(term)
            _look_on(step, expression)
            step.terms.append((descending, expression))
        path.steps.append(step)
        _find_parents(path)
        return path

    def bind(self, node: Node) -> Node:
        result = Node("bind", node.lhs.value, node.position)
        result.rhs = self.node(node.rhs)
        _look_on(result, result.rhs)
        return result

    def focus(self, node: Node) -> Node:
        result = self.node(node.lhs)
        step = result.steps[-1] if result.type == "path" else result
        if step.filters:
            raise invalid("S0215", node.position)
        if step.type == "sort":
            raise invalid("S0216", node.position)
        step.focus, step.is_tuple = str(node.rhs.value), True
        return result

    def index(self, node: Node) -> Node:
        result = _as_path(self.node(node.lhs))
        step = result.steps[-1]
        if step.filters:
            step.filters.append(Node("index", str(node.rhs.value), node.position))
        else:
            step.index = str(node.rhs.value)
        step.is_tuple = True
        return result

    def application(self, node: Node) -> Node:
        result = Node("apply", node.value, node.position)
        result.lhs, result.rhs = self.node(node.lhs), self.node(node.rhs)
        result.keeps_array = result.lhs.keeps_array or result.rhs.keeps_array
        return result

    # Constructors and the like

    def negation(self, node: Node) -> Node:
        node.lhs = self.node(node.lhs)
        if node.lhs.type == "number":
            node.lhs.value = -node.lhs.value
            return node.lhs  # type: ignore[no-any-return]
        _look_on(node, node.lhs)
        return node

    def items(self, node: Node) -> Node:
        node.items = [self.node(item) for item in node.items]
        _look_on(node, *node.items)
        if node.type == "block":
            node.is_constructor = any(
                item.is_constructor or (item.type == "path" and item.steps[0].is_constructor) for item in node.items
            )
        return node

    def object(self, node: Node) -> Node:
        node.pairs = [(self.node(key), self.node(value)) for key, value in node.pairs]
        for pair in node.pairs:
            _look_on(node, *pair)
        return node

    def function(self, node: Node) -> Node:
        node.items = [self.node(item) for item in node.items]
        _look_on(node, *node.items)
        node.procedure = self.node(node.procedure)
        return node

    def closure(self, node: Node) -> Node:
        node.body = self.node(node.body)
        return node

    def condition(self, node: Node) -> Node:
        node.test, node.lhs = self.node(node.test), self.node(node.lhs)
        _look_on(node, node.test, node.lhs)
        if node.rhs is not None:
            node.rhs = self.node(node.rhs)
            _look_on(node, node.rhs)
        return node

    def transform(self, node: Node) -> Node:
        node.pattern, node.lhs = self.node(node.pattern), self.node(node.lhs)
        node.rhs = self.node(node.rhs) if node.rhs is not None else None
        return node


def _as_path(node: Node) -> Node:
    if node.type == "path":
        return node
    path = Node("path", None, node.position)
    path.steps = [node]
    path.slots = list(node.slots)
    if node.slot is not None:
        path.slots = [node.slot]
    return path


def _look_on(node: Node, *parts: Node) -> None:
    """What a part could not find, the whole looks for."""
    for part in parts:
        node.slots.extend(part.slots)
        if part.type == "parent" and part.slot is not None:
            node.slots.append(part.slot)


def _find_parents(path: Node) -> None:
    """The slots of the last step look back along the path."""
    last = path.steps[-1]
    slots = list(last.slots)
    if last.type == "parent" and last.slot is not None:
        slots.append(last.slot)
    for slot in slots:
        index = len(path.steps) - 2
        while slot.level > 0:
            if index < 0:
                if slot not in path.slots:
                    path.slots.append(slot)
                break
            step = path.steps[index]
            index -= 1
            while index >= 0 and step.focus and path.steps[index].focus:
                step = path.steps[index]
                index -= 1
            _find_parent(step, slot)


def _find_parent(node: Node, slot: Slot) -> None:
    if node.type in ("name", "wildcard"):
        slot.level -= 1
        if slot.level == 0:
            if node.ancestor is None:
                node.ancestor = slot
            else:
                slot.label = node.ancestor.label
            node.is_tuple = True
    elif node.type == "parent":
        slot.level += 1
    elif node.type == "block":
        if node.items:
            node.is_tuple = True
            _find_parent(node.items[-1], slot)
    elif node.type == "path":
        node.is_tuple = True
        index = len(node.steps) - 1
        _find_parent(node.steps[index], slot)
        while slot.level > 0 and index > 0:
            index -= 1
            _find_parent(node.steps[index], slot)
    else:
        raise invalid("S0217", node.position, token=node.type)


_SHAPES: dict[str, Callable[[_Shaper, Node], Node]] = {
    "name": _Shaper.name,
    "end": _Shaper.end,
    "parent": _Shaper.parent,
    "regex": _Shaper.regex,
    "binary": _Shaper.binary,
    "negation": _Shaper.negation,
    "array": _Shaper.items,
    "block": _Shaper.items,
    "object": _Shaper.object,
    "function": _Shaper.function,
    "partial": _Shaper.function,
    "lambda": _Shaper.closure,
    "condition": _Shaper.condition,
    "transform": _Shaper.transform,
}
_OPERATORS: dict[str, Callable[[_Shaper, Node], Node]] = {
    ".": _Shaper.dot,
    "[": _Shaper.predicate,
    "{": _Shaper.group,
    "^": _Shaper.sort,
    ":=": _Shaper.bind,
    "@": _Shaper.focus,
    "#": _Shaper.index,
    "~>": _Shaper.application,
}
