"""REST URI templates: ``/2015-03-31/functions/{FunctionName}/versions?List=ALL`` matched through one tree a service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

_MAX_SEGMENTS: Final = 1024


@dataclass(slots=True)
class _Leaf:
    operation_name: str
    labels: tuple[str, ...]
    query: frozenset[tuple[str, str]]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    greedy: _Node | None = None
    methods: dict[str, list[_Leaf]] = field(default_factory=dict)


def template_segments(uri: str) -> tuple[list[str], str]:
    """The path's segments (no empty one at either end) and the query part of a template."""
    path, _, query = uri.partition("?")
    stripped = path.strip("/")
    return (stripped.split("/") if stripped else []), query


class UriTree:
    """All operations of one REST service by method and path. A literal segment beats a label, a label a greedy one."""

    def __init__(self, operations: Iterable[tuple[str, str, str]]) -> None:
        """``operations``: name, method and URI template of each."""
        self._root = _Node()
        for name, method, uri in operations:
            self._add(name, method, uri)

    def _add(self, name: str, method: str, uri: str) -> None:
        segments, query = template_segments(uri)
        node, labels = self._root, []
        for segment in segments:
            if not (segment.startswith("{") and segment.endswith("}")):
                node = node.literals.setdefault(segment, _Node())
                continue
            labels.append(segment[1:-1].rstrip("+"))
            if segment.endswith("+}"):
                node.greedy = node = node.greedy or _Node()
            else:
                node.label = node = node.label or _Node()
        pairs = frozenset((key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part))
        leaves = node.methods.setdefault(method, [])
        leaves.append(_Leaf(name, tuple(labels), pairs))
        leaves.sort(key=lambda leaf: -len(leaf.query))

    def match(self, method: str, path: str, query: str) -> tuple[str, dict[str, str]] | None:
        """The operation's name and its decoded path labels; None if no template fits."""
        stripped = path.strip("/")
        segments = stripped.split("/") if stripped else []
        if len(segments) > _MAX_SEGMENTS:
            return None
        pairs = {(key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part)}
        found = self._walk(self._root, segments, 0, method, pairs)
        if found is None:
            return None
        leaf, values = found
        return leaf.operation_name, {
            label: unquote(value) for label, value in zip(leaf.labels, reversed(values), strict=True)
        }

    def _walk(
        self, node: _Node, segments: list[str], at: int, method: str, pairs: set[tuple[str, str]]
    ) -> tuple[_Leaf, list[str]] | None:
        """The leaf and the label values in reverse order. As deep as the templates are, not as the path is."""
        if at == len(segments):
            for leaf in node.methods.get(method, ()):
                if leaf.query <= pairs:
                    return leaf, []
            return None
        segment = segments[at]
        child = node.literals.get(segment)
        if child is not None and (found := self._walk(child, segments, at + 1, method, pairs)):
            return found
        if node.label is not None and segment and (found := self._walk(node.label, segments, at + 1, method, pairs)):
            found[1].append(segment)
            return found
        return self._walk_greedy(node.greedy, segments, at, method, pairs) if node.greedy else None

    def _walk_greedy(
        self, node: _Node, segments: list[str], at: int, method: str, pairs: set[tuple[str, str]]
    ) -> tuple[_Leaf, list[str]] | None:
        ends = [len(segments)] if not (node.literals or node.label) else range(len(segments), at, -1)
        for end in ends:
            if found := self._walk(node, segments, end, method, pairs):
                found[1].append("/".join(segments[at:end]))
                return found
        return None
