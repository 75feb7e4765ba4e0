"""Writing at a reference path (``ResultPath``), sharing all that does not change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.jsonpath.segments import Indices, Names, Segment


class NotWritable(Exception):
    """The path does not fit the value: something on the way is not an object, or an index is out of range."""


def compile_write(segments: tuple[Segment, ...]) -> Callable[[Any, Any], Any]:
    """A function of (root, value) that gives a new root; objects that are missing on the way are made."""
    steps: list[str | int] = []
    for segment in segments:
        match segment:
            case Names((name,)):
                steps.append(name)
            case Indices((index,)):
                steps.append(index)
            case _:
                raise ValueError("not a reference path")
    if not steps:
        return lambda root, value: value
    if len(steps) == 1 and isinstance(steps[0], str):
        return _compile_one_name(steps[0])
    return lambda root, value: _written(root, steps, value)


def _compile_one_name(name: str) -> Callable[[Any, Any], Any]:
    def write(root: Any, value: Any) -> Any:
        if type(root) is not dict:
            raise NotWritable
        return {**root, name: value}

    return write


def _written(root: Any, steps: list[str | int], value: Any) -> Any:
    """Copy the containers along the path, from the root down, and put the value into the last copy."""
    top: list[Any] = [root]
    holder: Any = top
    slot: str | int = 0
    for step in steps:
        current = holder[slot]
        copy: Any
        if isinstance(step, str):
            if not isinstance(current, dict):
                raise NotWritable
            copy = dict(current)
            copy.setdefault(step, {})
        else:
            if not isinstance(current, list) or step >= len(current):
                raise NotWritable
            copy = list(current)
        holder[slot] = copy
        holder, slot = copy, step
    holder[slot] = value
    return top[0]
