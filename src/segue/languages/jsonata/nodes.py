"""The tree of an expression."""

from __future__ import annotations

from typing import Any


class Node:
    """One node. Which attributes it has beside ``type``, ``value`` and ``position`` follows from its type.

    Types after parsing: ``path`` (steps), ``name``, ``string``, ``number``, ``value``, ``regex``, ``variable``,
    ``wildcard``, ``descendant``, ``parent``, ``binary`` (lhs, rhs), ``negation`` (lhs), ``array`` (items), ``object``
    (pairs), ``bind`` (value, rhs), ``apply`` (lhs, rhs), ``condition`` (test, lhs, rhs), ``block`` (items), ``lambda``
    (parameters, body, signature), ``function`` and ``partial`` (procedure, items), ``placeholder``, ``transform``
    (pattern, lhs: update, rhs: delete), ``sort`` (terms).

    Attributes of all: ``filters`` what follows in brackets, in order: predicates and, in steps, ``index`` bindings;
    ``group`` pairs of a grouping; ``keeps_array`` for ``[]``; ``focus``, ``index`` for ``@$v`` and ``#$i``;
    ``slot`` of a parent, ``slots`` of those that look for their parent, ``ancestor`` the slot that is found here.
    """

    __slots__ = (
        "ancestor",
        "body",
        "filters",
        "focus",
        "group",
        "index",
        "is_constructor",
        "is_tuple",
        "items",
        "keeps_array",
        "lhs",
        "pairs",
        "parameters",
        "pattern",
        "position",
        "procedure",
        "rhs",
        "signature",
        "slot",
        "slots",
        "steps",
        "terms",
        "test",
        "type",
        "value",
    )

    def __init__(self, type: str, value: Any = None, position: int = 0) -> None:
        self.type = type
        self.value = value
        self.position = position
        self.lhs: Any = None
        self.rhs: Any = None
        self.test: Any = None
        self.body: Any = None
        self.pattern: Any = None
        self.procedure: Any = None
        self.signature: Any = None
        self.items: list[Node] = []
        self.steps: list[Node] = []
        self.filters: list[Node] = []
        self.terms: list[tuple[bool, Node]] = []
        self.pairs: list[tuple[Node, Node]] = []
        self.parameters: list[str] = []
        self.group: list[tuple[Node, Node]] | None = None
        self.keeps_array = False
        self.is_constructor = False
        self.is_tuple = False
        self.focus: str | None = None
        self.index: str | None = None
        self.ancestor: Slot | None = None
        self.slot: Slot | None = None
        self.slots: list[Slot] = []

    def __repr__(self) -> str:
        return f"Node({self.type}, {self.value!r})"


class Slot:
    """Where a ``%`` will find its parent: a label in the bindings of the step that many levels up."""

    __slots__ = ("label", "level")

    def __init__(self, label: str) -> None:
        self.label = label
        self.level = 1
