"""A compiled template and its rendering: bounded work, bounded text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST_STEPS: Final = 200_000
MOST_CHARACTERS: Final = 10_000_000
DEEPEST: Final = 60
"""How deep blocks and partials nest, written and rendered."""


class MissingAttribute(ValueError):
    """What the template wants is not among the data; ``name`` is how it names it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Attribute '{name}' is not present in the rendering data.")
        self.name = name


class RenderingTooLarge(ValueError):
    """The template and its data make more text, or more work, than any mail needs."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is: ``up`` contexts outward, then by segments; ``data`` names (``@index``) belong to a loop."""

    text: str
    up: int
    data: str
    segments: tuple[str, ...]
    here_only: bool


@dataclass(frozen=True, slots=True)
class Value:
    """The text of an attribute."""

    path: Path


@dataclass(frozen=True, slots=True)
class Partial:
    """A part of the template that has a name."""

    name: str
    path: Path | None


@dataclass(slots=True)
class Block:
    """``#if``, ``#unless``, ``#each``, ``#with``: what is rendered if it holds, and else."""

    kind: str
    path: Path
    body: list[Node] = field(default_factory=list)
    inverse: list[Node] = field(default_factory=list)


Node = str | Value | Partial | Block


@dataclass(frozen=True, slots=True)
class _Context:
    value: Any
    parent: _Context | None
    data: Mapping[str, Any]


_NOWHERE: Final = object()


@dataclass(frozen=True, slots=True)
class Program:
    """A template, ready to be rendered."""

    nodes: list[Node]
    partials: dict[str, list[Node]]

    def render(self, data: Mapping[str, Any]) -> str:
        """The text for these data.

        Raises:
            MissingAttribute: an attribute whose text is wanted is not there.
            RenderingTooLarge: see there.
        """
        rendering = _Rendering(self.partials)
        rendering.nodes(self.nodes, _Context(data, None, {"root": data}), 0)
        return "".join(rendering.text)


class _Rendering:
    def __init__(self, partials: Mapping[str, list[Node]]) -> None:
        self._partials = partials
        self.text: list[str] = []
        self._steps = 0
        self._characters = 0

    def nodes(self, nodes: Sequence[Node], context: _Context, depth: int) -> None:
        if depth > DEEPEST:
            raise RenderingTooLarge(f"Partials nest deeper than {DEEPEST}.")
        for node in nodes:
            self._count()
            match node:
                case str():
                    self._add(node)
                case Value():
                    self._add(_text(node.path, _find(node.path, context)))
                case Partial():
                    self._partial(node, context, depth)
                case Block():
                    self._block(node, context, depth)

    def _partial(self, node: Partial, context: _Context, depth: int) -> None:
        found = self._partials.get(node.name)
        if found is None:
            raise MissingAttribute(f"> {node.name}")
        inner = context
        if node.path is not None:
            value = _find(node.path, context)
            if value is _NOWHERE:
                raise MissingAttribute(node.path.text)
            inner = _Context(value, context, context.data)
        self.nodes(found, inner, depth + 1)

    def _block(self, block: Block, context: _Context, depth: int) -> None:
        value = _find(block.path, context)
        holds = _holds(value)
        if block.kind == "unless":
            holds = not holds
        if not holds:
            self.nodes(block.inverse, context, depth + 1)
        elif block.kind == "each":
            self._each(block, value, context, depth)
        else:
            inner = _Context(value, context, context.data) if block.kind == "with" else context
            self.nodes(block.body, inner, depth + 1)

    def _each(self, block: Block, value: Any, context: _Context, depth: int) -> None:
        if isinstance(value, Mapping):
            pairs = list(value.items())
        else:
            pairs = list(enumerate(value if isinstance(value, list) else [value]))
        for index, (key, item) in enumerate(pairs):
            self._count()
            place = {"index": index, "key": key, "first": index == 0, "last": index == len(pairs) - 1}
            self.nodes(block.body, _Context(item, context, {**context.data, **place}), depth + 1)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise RenderingTooLarge(f"The template takes more than {MOST_STEPS} steps to render.")

    def _add(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            raise RenderingTooLarge(f"The template renders to more than {MOST_CHARACTERS} characters.")
        self.text.append(text)


def _find(path: Path, context: _Context) -> Any:
    if path.data:
        return _walk(context.data.get(path.data, _NOWHERE), path.segments)
    place: _Context | None = context
    for _ in range(path.up):
        place = place.parent if place is not None else None
    while place is not None:
        found = _walk(place.value, path.segments[:1])
        if found is not _NOWHERE or path.here_only or path.up:
            return _walk(found, path.segments[1:])
        place = place.parent
    return _NOWHERE


def _walk(value: Any, segments: Sequence[str]) -> Any:
    for segment in segments:
        if isinstance(value, Mapping) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and segment.isascii() and segment.isdigit() and len(segment) < 10:
            index = int(segment)
            value = value[index] if index < len(value) else _NOWHERE
        elif isinstance(value, list) and segment == "length":
            value = len(value)
        else:
            return _NOWHERE
    return value


def _holds(value: Any) -> bool:
    return value is not _NOWHERE and value not in (None, False, "", 0) and value != [] and value != {}


def _text(path: Path, value: Any) -> str:
    if value is _NOWHERE or value is None:
        raise MissingAttribute(path.text)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
