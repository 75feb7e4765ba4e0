"""A compiled pattern: an event against its alternatives, walked as trees of names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from segue.languages.eventpattern.parse import Alternative, Leaf, Path, parse


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why an event does not match: the first leaf that failed.

    Attributes:
        path: the field, its names joined by dots.
        expected: the leaf as the pattern has it.
        found: the field's values in the event; empty where it is absent.
        together: every leaf finds a value, but not within one element of an array.
    """

    path: str
    expected: str
    found: tuple[Any, ...]
    together: bool = False

    def __str__(self) -> str:
        if self.together:
            return f"{self.path}: no element of the array matches {self.expected} and the fields beside it"
        values = ", ".join(json.dumps(value, ensure_ascii=False, default=str) for value in self.found)
        return f"{self.path}: {self.expected} does not match {values or 'an absent field'}"


@dataclass(slots=True)
class _Node:
    """What is asked of a value: to be a leaf's, to have fields that match, or both."""

    leaf: Leaf | None = None
    path: Path = ()
    fields: dict[str, _Node] = field(default_factory=dict)


class Pattern:
    """A compiled event pattern. Immutable; share it freely."""

    __slots__ = ("_alternatives", "_trees", "text")

    def __init__(self, text: str, alternatives: list[Alternative]) -> None:
        self.text = text
        self._alternatives = alternatives
        self._trees = [_tree(alternative) for alternative in alternatives]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event answers the pattern."""
        return any(_matches(tree, event, event) for tree in self._trees)

    def strings_of(self, name: str) -> frozenset[str] | None:
        """The strings that a top-level field must be one of, if the pattern says so in every alternative."""
        found: frozenset[str] = frozenset()
        for alternative in self._alternatives:
            leaf = alternative.get((name,))
            if leaf is None or leaf.strings is None:
                return None
            found |= leaf.strings
        return found

    def explain(self, event: Mapping[str, Any]) -> Mismatch | None:
        """The first leaf that failed, of the alternative that came furthest; ``None`` where the event matches."""
        if self.matches(event):
            return None
        return max((_first_failure(alternative, event) for alternative in self._alternatives), key=lambda at: at[0])[1]


@lru_cache(maxsize=4_096)
def compile(text: str) -> Pattern:
    """Compile a pattern (the last 4,096 texts are kept). :class:`InvalidPattern` where it is none."""
    return Pattern(text, parse(text))


def _tree(alternative: Alternative) -> _Node:
    root = _Node()
    for path, leaf in alternative.items():
        node = root
        for name in path:
            node = node.fields.setdefault(name, _Node())
        node.leaf, node.path = leaf, path
    _cheapest_first(root)
    return root


def _cheapest_first(node: _Node) -> None:
    """Leaves before subtrees: what most events fail on is looked at first."""
    node.fields = dict(sorted(node.fields.items(), key=lambda item: bool(item[1].fields)))
    for below in node.fields.values():
        _cheapest_first(below)


def _matches(node: _Node, value: Any, event: Mapping[str, Any]) -> bool:
    """Whether ``value`` answers ``node``; of an array, one element must answer all of it."""
    if isinstance(value, dict):
        if node.leaf is not None and not _absence_holds(node, event):
            return False
        for name, below in node.fields.items():
            inner = value.get(name, _MISSING)
            if inner is _MISSING and below.fields:
                inner = _dotted(value, name)
            if inner is _MISSING:
                if not _absent_will_do(below, event):
                    return False
            elif not _matches(below, inner, event):
                return False
        return True
    if isinstance(value, list):
        for element in value:  # a loop, not any(): arrays nest deeply, and a generator is one more frame a level
            if _matches(node, element, event):
                return True
        return not value and _absent_will_do(node, event)
    if node.leaf is not None and not node.leaf.matches(value):
        return False
    return not node.fields or all(_absent_will_do(below, event) for below in node.fields.values())


_MISSING = object()


def _dotted(value: Mapping[str, Any], name: str) -> Any:
    """AWS joins names by dots, so that the event's field "a.b" is what a pattern calls a → b."""
    start = name + "."
    return {key[len(start) :]: inner for key, inner in value.items() if key.startswith(start)} or _MISSING


def _absent_will_do(node: _Node, event: Mapping[str, Any]) -> bool:
    """Whether the pattern is content with nothing here (that is: nothing anywhere in the event at this path)."""
    if node.leaf is not None and not _absence_holds(node, event):
        return False
    return all(_absent_will_do(below, event) for below in node.fields.values())


def _absence_holds(node: _Node, event: Mapping[str, Any]) -> bool:
    return node.leaf is not None and node.leaf.absent and next(_values(event, node.path), _MISSING) is _MISSING


def _values(value: Any, path: Path) -> Iterator[Any]:
    """The scalar values at a path, in every element of every array on the way."""
    if isinstance(value, list):
        for element in value:
            yield from _values(element, path)
    elif not path:
        if not isinstance(value, dict):
            yield value
    elif isinstance(value, dict):
        for size in range(1, len(path) + 1):
            inner = value.get(".".join(path[:size]), _MISSING)
            if inner is not _MISSING:
                yield from _values(inner, path[size:])


def _first_failure(alternative: Alternative, event: Mapping[str, Any]) -> tuple[int, Mismatch]:
    last: Mismatch | None = None
    for passed, (path, leaf) in enumerate(alternative.items()):
        found = tuple(_values(event, path))
        if not (any(leaf.matches(value) for value in found) or (leaf.absent and not found)):
            return passed, Mismatch(".".join(path), leaf.text, found[:10])
        last = Mismatch(".".join(path), leaf.text, found[:10], together=True)
    assert last is not None  # a pattern has at least one leaf
    return len(alternative), last
