"""The parts of a parsed path. Plain values; ``parse`` makes them, ``read`` and ``write`` turn them into closures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Names:
    """``.a``, ``['a']`` or ``['a','b']``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indices:
    """``[0]``, ``[-1]`` or ``[0,2]``."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """``[start:end]``; a bound that is not written is None."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``.*`` or ``[*]``."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(...)]``: the predicate takes the candidate (``@``) and the root (``$``)."""

    accepts: Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True)
class Function:
    """``.length()`` and its like, at the end of a path."""

    name: str


@dataclass(frozen=True, slots=True)
class Descent:
    """``..`` followed by the segment that is looked for at every depth."""

    target: Names | Indices | Slice | Wildcard | Filter


Segment = Names | Indices | Slice | Wildcard | Filter | Function | Descent


class InvalidPath(ValueError):
    """The text is not a JSONPath. ``text`` is the whole path, ``reason`` says what is wrong."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r}: {reason}")
        self.text = text
        self.reason = reason


def is_definite(segments: tuple[Segment, ...]) -> bool:
    """Whether the path can only mean one value: no wildcard, slice, filter, descent, nor a union but of last names."""
    if segments and isinstance(segments[-1], Function):
        return True  # a function makes one value of whatever stands before it
    last = len(segments) - 1
    for position, segment in enumerate(segments):
        match segment:
            case Names(names) if len(names) == 1 or position == last:
                continue
            case Indices(indices) if len(indices) == 1:
                continue
            case _:
                return False
    return True


def is_reference(segments: tuple[Segment, ...]) -> bool:
    """Whether this is what the language calls a Reference Path: single names and indices only, so it can be written."""
    return all(
        (isinstance(segment, Names) and len(segment.names) == 1)
        or (isinstance(segment, Indices) and len(segment.indices) == 1 and segment.indices[0] >= 0)
        for segment in segments
    )
