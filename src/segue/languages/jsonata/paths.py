"""Paths: steps over items, predicates, order and groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from segue.languages.jsonata.compiler import TRANSFORMS, Compiler, Run, Transform, builds
from segue.languages.jsonata.errors import failure
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Frame
from segue.languages.jsonata.sorting import merge_sorted
from segue.languages.jsonata.tuples import tuple_step
from segue.languages.jsonata.values import (
    UNDEFINED,
    Constructed,
    Sequence,
    append,
    is_number,
    lookup,
    to_boolean,
    unwrapped,
)

Step = Callable[[list[Any], Frame], Any]
"""The items of one step in, those of the next out."""


@builds("path")
def _path(compiler: Compiler, node: Node, depth: int) -> Run:
    names = _plain_names(node)
    whole = _general_path(compiler, node, depth)
    if names is None:
        return whole
    compiler.deepest = max(compiler.deepest, depth + 1)
    variable, members = names
    return _members_of_variable(variable, members, whole) if variable is not None else _members(members, whole)


def _plain_names(node: Node) -> tuple[str | None, tuple[str, ...]] | None:
    """The variable and the member names of ``$a.b.c`` or ``b.c``; None if there is more to the path."""
    if node.group is not None or node.keeps_array:
        return None
    for position, step in enumerate(node.steps):
        if step.type != "name" and not (position == 0 and step.type == "variable"):
            return None
        if step.filters or step.group is not None or step.is_tuple or step.keeps_array:
            return None
    first = node.steps[0]
    if first.type == "variable":
        return str(first.value), tuple(str(step.value) for step in node.steps[1:])
    return None, tuple(str(step.value) for step in node.steps)


def _members_of_variable(variable: str, members: tuple[str, ...], whole: Run) -> Run:
    if not variable:
        return whole

    def run(input: Any, frame: Frame) -> Any:
        value = frame.look_up(variable)
        for member in members:
            if type(value) is not dict:
                return whole(input, frame) if isinstance(value, list) else UNDEFINED
            value = value.get(member, UNDEFINED)
        return value

    return run


def _members(members: tuple[str, ...], whole: Run) -> Run:
    def run(input: Any, frame: Frame) -> Any:
        value = input
        for member in members:
            if type(value) is not dict:
                return whole(input, frame) if isinstance(value, list) else UNDEFINED
            value = value.get(member, UNDEFINED)
        return value

    return run


def _general_path(compiler: Compiler, node: Node, depth: int) -> Run:
    if any(step.is_tuple for step in node.steps):
        return _tuple_path(compiler, node, depth)
    steps: list[Step] = []
    last = len(node.steps) - 1
    for position, step in enumerate(node.steps):
        steps.append(_step(compiler, step, depth, position == 0, position == last))
    starts_with_variable = node.steps[0].type == "variable"
    group = compiler.group(node.group, depth) if node.group is not None else None
    keeps = node.keeps_array

    def run(input: Any, frame: Frame) -> Any:
        items: Any = input if isinstance(input, list) and not starts_with_variable else [input]
        for step in steps:
            items = step(items, frame)
            if not items:
                break
        return _finished(items, keeps, group, frame)

    return run


def _finished(items: Any, keeps: bool, group: Transform | None, frame: Frame) -> Any:
    if keeps:
        if type(items) is Constructed:
            items = Sequence([items])
        if type(items) is Sequence:
            items.keeps = True
    if group is not None:
        return group(items, frame)
    return unwrapped(items)


def _step(compiler: Compiler, step: Node, depth: int, is_first: bool, is_last: bool) -> Step:
    if step.type == "sort":
        return _with_stages(compiler, step, depth, _sort(compiler, step, depth))
    filters = [compiler.filter(filter, depth) for filter in step.filters]
    own, step.filters = step.filters, []
    run = compiler.compile(step, depth + 1)
    step.filters = own
    if is_first and step.is_constructor:

        def construct(items: list[Any], frame: Frame) -> Any:
            value = run(items, frame)
            for filter in filters:
                value = filter(value, frame)
            return value if isinstance(value, list) else Sequence() if value is UNDEFINED else Sequence([value])

        return construct
    if step.type == "name" and not filters and step.group is None and not step.keeps_array:
        return _name_step(str(step.value), is_last)

    def evaluate(items: list[Any], frame: Frame) -> Any:
        frame.runtime.spend(len(items))
        found: list[Any] = []
        for item in items:
            value = run(item, frame)
            for filter in filters:
                value = filter(value, frame)
            if value is not UNDEFINED:
                found.append(value)
        return _flattened(found, is_last, frame)

    return evaluate


def _name_step(name: str, is_last: bool) -> Step:
    def evaluate(items: list[Any], frame: Frame) -> Any:
        frame.runtime.spend(len(items))
        found: list[Any] = []
        for item in items:
            value = item.get(name, UNDEFINED) if type(item) is dict else unwrapped(lookup(item, name, frame.runtime))
            if value is not UNDEFINED:
                found.append(value)
        return _flattened(found, is_last, frame)

    return evaluate


def _flattened(found: list[Any], is_last: bool, frame: Frame) -> list[Any]:
    if is_last and len(found) == 1 and isinstance(found[0], list) and type(found[0]) is not Sequence:
        return found[0]
    flat = Sequence()
    for value in found:
        if isinstance(value, list) and type(value) is not Constructed:
            frame.runtime.items(len(flat) + len(value))
            flat.extend(value)
        else:
            flat.append(value)
    return flat


def _with_stages(compiler: Compiler, step: Node, depth: int, run: Step) -> Step:
    filters = [compiler.filter(filter, depth) for filter in step.filters]
    if not filters:
        return run

    def evaluate(items: list[Any], frame: Frame) -> Any:
        value = run(items, frame)
        for filter in filters:
            value = filter(value, frame)
        return value

    return evaluate


def _tuple_path(compiler: Compiler, node: Node, depth: int) -> Run:
    """A path with ``@``, ``#`` or ``%``: from there on each item carries its bindings."""
    first = next(position for position, step in enumerate(node.steps) if step.is_tuple)
    plain = [_step(compiler, step, depth, position == 0, False) for position, step in enumerate(node.steps[:first])]
    bound = []
    for step in node.steps[first:]:
        sort = _sort(compiler, step, depth) if step.type == "sort" else None
        bound.append(tuple_step(compiler, step, depth, sort))
    starts_with_variable = node.steps[0].type == "variable"
    group = compiler.group(node.group, depth) if node.group is not None else None
    keeps, carries_on = node.keeps_array, node.is_tuple

    def run(input: Any, frame: Frame) -> Any:
        items: Any = input if isinstance(input, list) and not starts_with_variable else [input]
        for step in plain:
            items = step(items, frame)
            if not items:
                return UNDEFINED
        tuples: Sequence | None = None
        for step_over in bound:
            tuples = step_over(items, tuples, frame)
        assert tuples is not None
        if group is not None:
            return group(tuples, frame)
        return _finished(tuples if carries_on else Sequence([one["@"] for one in tuples]), keeps, None, frame)

    return run


# Order


def _sort(compiler: Compiler, step: Node, depth: int) -> Step:
    terms = [(descending, compiler.compile(term, depth + 1)) for descending, term in step.terms]

    def evaluate(items: list[Any], frame: Frame) -> Any:
        is_tuples = type(items) is Sequence and items.is_tuples
        frame.runtime.spend(len(items) * max(1, len(items).bit_length()) * len(terms))

        def keys(item: Any) -> list[Any]:
            if is_tuples:
                return [run(item["@"], frame.inner(item)) for _, run in terms]
            return [run(item, frame) for _, run in terms]

        if len(items) <= 1:
            return items
        pairs: list[tuple[list[Any], Any]] = [(keys(item), item) for item in items]
        pairs = merge_sorted(pairs, lambda left, right: _compare(left[0], right[0], terms) > 0)
        result = Sequence([item for _, item in pairs])
        result.is_tuples = is_tuples
        return result

    return evaluate


def _compare(left: list[Any], right: list[Any], terms: list[tuple[bool, Run]]) -> int:
    for one, other, (descending, _) in zip(left, right, terms, strict=True):
        if one is UNDEFINED or other is UNDEFINED:
            if one is other:
                continue
            return 1 if one is UNDEFINED else -1
        one_is_text, other_is_text = type(one) is str, type(other) is str
        for value, is_text in ((one, one_is_text), (other, other_is_text)):
            if not is_text and type(value) not in (int, float):
                raise failure("T2008", value=value)
        if one_is_text != other_is_text:
            raise failure("T2007", value=one, value2=other)
        if one == other:
            continue
        return (-1 if one < other else 1) * (-1 if descending else 1)
    return 0


# What stands in brackets


def _filter(compiler: Compiler, node: Node, depth: int) -> Transform:
    if node.type == "index":
        return _number_items(str(node.value))
    predicate = node.lhs
    run = compiler.compile(predicate, depth + 1)
    if predicate.type == "number":
        return _item_at(math.floor(predicate.value))

    def filter(value: Any, frame: Frame) -> Any:
        # Nothing is an item here, too, as in the reference: a predicate that is true for nothing leaves a null.
        items = value if isinstance(value, list) else [value]
        frame.runtime.spend(len(items))
        is_tuples = type(items) is Sequence and items.is_tuples
        kept, count = Sequence(), len(items)
        kept.is_tuples = is_tuples
        for index, item in enumerate(items):
            verdict = run(item["@"], frame.inner(item)) if is_tuples else run(item, frame)
            if _chooses(verdict, index, count, frame):
                kept.append(item)
                if item is UNDEFINED:
                    frame.runtime.is_plain = False
        return kept

    return filter


def _chooses(verdict: Any, index: int, count: int, frame: Frame) -> bool:
    if type(verdict) is bool:
        return verdict
    places = verdict if isinstance(verdict, list) else [verdict]
    frame.runtime.spend(len(places) // 4)
    if places and all(type(place) in (int, float) and is_number(place) for place in places):
        for place in places:
            floor = math.floor(place)
            if (floor + count if floor < 0 else floor) == index:
                return True
        return False
    return to_boolean(verdict, frame.runtime)


def _item_at(place: int) -> Transform:
    def filter(value: Any, frame: Frame) -> Any:
        items = value if isinstance(value, list) else [] if value is UNDEFINED else [value]
        index = place + len(items) if place < 0 else place
        if not 0 <= index < len(items):
            return Sequence()
        item = items[index]
        if isinstance(item, list):
            return item
        found = Sequence([item])
        found.is_tuples = type(items) is Sequence and items.is_tuples
        return found

    return filter


def _number_items(name: str) -> Transform:
    def number(value: Any, frame: Frame) -> Any:
        for place, item in enumerate(value):
            item[name] = place
        return value

    return number


# What stands in braces


def _group(compiler: Compiler, node: Node, depth: int) -> Transform:
    pairs = [(compiler.compile(key, depth + 1), compiler.compile(value, depth + 1)) for key, value in node.pairs]

    def group(value: Any, frame: Frame) -> Any:
        items = value if isinstance(value, list) else [value]
        is_tuples = type(items) is Sequence and items.is_tuples
        frame.runtime.spend(len(items) * len(pairs))
        groups: dict[str, tuple[int, Any]] = {}
        for item in items or [UNDEFINED]:
            inner = frame.inner(item) if is_tuples else frame
            context = item["@"] if is_tuples else item
            for position, (run_key, _) in enumerate(pairs):
                key = run_key(context, inner)
                if key is UNDEFINED:
                    continue
                if type(key) is not str:
                    raise failure("T1003", value=key)
                _gather(groups, key, position, item, frame)
        result = {}
        for key, (position, data) in groups.items():
            inner, context = frame, data
            if is_tuples:
                bindings = _reduced(data)
                context = bindings.pop("@", UNDEFINED)
                inner = frame.inner(bindings)
            one = pairs[position][1](context, inner)
            if one is not UNDEFINED:
                result[key] = _settled(one, frame)
        return result

    return group


def _gather(groups: dict[str, tuple[int, Any]], key: str, position: int, item: Any, frame: Frame) -> None:
    known = groups.get(key)
    if known is None:
        groups[key] = (position, item)
    elif known[0] != position:
        raise failure("D1009", value=key)
    else:
        data = known[1]
        if isinstance(item, list):
            frame.runtime.items(len(data) + len(item) if isinstance(data, list) else len(item))
        if type(data) is Sequence:
            data.extend(item if isinstance(item, list) else [item])
        else:
            groups[key] = (position, Sequence(append(data, item)))


def _reduced(tuples: Any) -> dict[str, Any]:
    if not isinstance(tuples, list):
        return dict(tuples)
    result = dict(tuples[0])
    for name in result:
        values: list[Any] = []
        for one in tuples:
            value = one.get(name, UNDEFINED)
            values.extend(value if isinstance(value, list) else [] if value is UNDEFINED else [value])
        result[name] = values if len(tuples) > 1 else result[name]
    return result


def _settled(value: Any, frame: Frame) -> Any:
    """A value inside another one: an array like any other."""
    if type(value) is Sequence:
        return list(value)
    if type(value) not in _JSON_TYPES:
        frame.runtime.is_plain = False
    return value


_JSON_TYPES = frozenset((str, int, float, bool, type(None), dict, list))

TRANSFORMS["filter"] = _filter
TRANSFORMS["group"] = _group


@builds("object")
def _object(compiler: Compiler, node: Node, depth: int) -> Run:
    if all(key.type == "string" and not key.filters for key, _ in node.pairs):
        keys = [str(key.value) for key, _ in node.pairs]
        if len(set(keys)) == len(keys):
            compiler.deepest = max(compiler.deepest, depth + 1)
            return _literal_object(keys, [compiler.compile(value, depth + 1) for _, value in node.pairs])
    group = compiler.group(node.pairs, depth)
    return lambda input, frame: group(input, frame)


def _gathered(items: list[Any]) -> Any:
    if len(items) <= 1:
        return items[0] if items else UNDEFINED
    if not any(isinstance(item, list) for item in items):
        return items
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def _literal_object(keys: list[str], runs: list[Run]) -> Run:
    """An object whose keys are written out; grouping an array by them is evaluating it once, for all of it."""
    pairs = tuple(zip(keys, runs, strict=True))

    def run(input: Any, frame: Frame) -> Any:
        context = input
        if isinstance(input, list):
            context = _gathered(input)
        result = {}
        for key, run_value in pairs:
            value = run_value(context, frame)
            if value is not UNDEFINED:
                result[key] = _settled(value, frame)
        return result

    return run
