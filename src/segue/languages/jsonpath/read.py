"""Segments to closures that read.

Two compilations: a reference path becomes a short function over one value (in ``path``); every other path becomes a
chain that gathers results into a list. What is missing on the way gives no result and no error: so an indefinite path
that finds nothing is the empty list (recorded: sfn-base/base__json_path_array_wildcard_or_slice_with_no_input_*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from segue.languages.jsonpath.functions import FUNCTIONS, NotApplicable
from segue.languages.jsonpath.segments import (
    Descent,
    Filter,
    Function,
    Indices,
    Names,
    Segment,
    Slice,
    Wildcard,
    is_definite,
)
from segue.languages.work import WORK

Visit = Callable[[Any, Any, list[Any]], None]
"""(value, root, results): add to the results what the rest of the path finds from this value."""


def compile_read_all(segments: tuple[Segment, ...]) -> Callable[[Any, Any], list[Any]]:
    """A function of (value, root) that gives everything the path finds, in document order."""
    if segments and isinstance(segments[-1], Function):
        return _compile_function(segments)
    visit: Visit = _found
    for position in range(len(segments) - 1, -1, -1):
        visit = _compile_segment(segments[position], visit, is_last=position == len(segments) - 1)

    def read_all(value: Any, root: Any) -> list[Any]:
        results: list[Any] = []
        visit(value, root, results)
        return results

    return read_all


def _compile_function(segments: tuple[Segment, ...]) -> Callable[[Any, Any], list[Any]]:
    function = segments[-1]
    assert isinstance(function, Function)
    before = segments[:-1]
    compute, read_before, definite = FUNCTIONS[function.name], compile_read_all(before), is_definite(before)

    def read_all(value: Any, root: Any) -> list[Any]:
        found = read_before(value, root)
        try:
            if definite:
                return [compute(found[0])] if found else []
            return [compute(found)]
        except NotApplicable:
            return []

    return read_all


def _found(value: Any, root: Any, results: list[Any]) -> None:
    results.append(value)


def _compile_segment(segment: Segment, rest: Visit, *, is_last: bool) -> Visit:
    match segment:
        case Names(names) if len(names) > 1 and is_last:
            return _merged_names(names, rest)
        case Names(names):
            return _each_name(names, rest)
        case Indices(indices):
            return _each_index(indices, rest)
        case Slice(start, end):
            return _slice(start, end, rest)
        case Wildcard():
            return _wildcard(rest)
        case Filter(accepts):
            return _filter(accepts, rest)
        case Descent(target):
            return _descent(_compile_segment(target, rest, is_last=is_last), target)
        case Function(name):
            raise AssertionError(f"{name}() is compiled with the whole path")


def _merged_names(names: tuple[str, ...], rest: Visit) -> Visit:
    """A union of names at the end of a path gives one object with those of them that are there."""

    def visit(value: Any, root: Any, results: list[Any]) -> None:
        if isinstance(value, dict):
            rest({name: value[name] for name in names if name in value}, root, results)

    return visit


def _each_name(names: tuple[str, ...], rest: Visit) -> Visit:
    def visit(value: Any, root: Any, results: list[Any]) -> None:
        if isinstance(value, dict):
            for name in names:
                if name in value:
                    rest(value[name], root, results)

    return visit


def _each_index(indices: tuple[int, ...], rest: Visit) -> Visit:
    def visit(value: Any, root: Any, results: list[Any]) -> None:
        if isinstance(value, list):
            length = len(value)
            WORK.read(len(indices))
            for index in indices:
                if -length <= index < length:
                    rest(value[index], root, results)

    return visit


def _slice(start: int | None, end: int | None, rest: Visit) -> Visit:
    # Bounds of different signs with the start behind the end as written find nothing: Jayway compares them unresolved.
    never = start is not None and end is not None and start >= end

    def visit(value: Any, root: Any, results: list[Any]) -> None:
        if isinstance(value, list) and not never:
            items = value[start:end]
            WORK.read(len(items))
            for item in items:
                rest(item, root, results)

    return visit


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _wildcard(rest: Visit) -> Visit:
    def visit(value: Any, root: Any, results: list[Any]) -> None:
        if isinstance(value, (dict, list)):
            WORK.read(len(value))
            for child in _children(value):
                rest(child, root, results)

    return visit


def _filter(accepts: Callable[[Any, Any], bool], rest: Visit) -> Visit:
    """The items of an array that are accepted; an object is itself the candidate."""

    def visit(value: Any, root: Any, results: list[Any]) -> None:
        candidates = value if isinstance(value, list) else (value,) if isinstance(value, dict) else ()
        WORK.read(len(candidates))
        for candidate in candidates:
            if accepts(candidate, root):
                rest(candidate, root, results)

    return visit


def _descent(visit_target: Visit, target: Segment) -> Visit:
    # An object found by a filter is found where it stands, not once more as an item of its array.
    skip_lists = isinstance(target, Filter)

    def visit(value: Any, root: Any, results: list[Any]) -> None:
        waiting = [value]
        while waiting:
            current = waiting.pop()
            WORK.read(1)
            if not (skip_lists and isinstance(current, list)):
                visit_target(current, root, results)
            waiting.extend(reversed(list(_children(current))))

    return visit
