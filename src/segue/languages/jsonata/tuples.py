"""Steps that carry bindings: ``@$v`` names the item, ``#$i`` its place, ``%`` finds what a step came from.

Each item is a dict of bindings, with the item itself under ``@``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.jsonata.compiler import Compiler, Transform
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Frame
from segue.languages.jsonata.values import UNDEFINED, Sequence

TupleStep = Callable[[list[Any], Sequence | None, Frame], Sequence]


def tuple_step(compiler: Compiler, step: Node, depth: int, sort: Callable[[list[Any], Frame], Any] | None) -> TupleStep:
    """Compile a step: it takes plain items, or the bindings of the step before, and gives bindings.

    Args:
        compiler: of the body.
        step: the step.
        depth: of its path.
        sort: what orders the items, when the step does.
    """
    filters = [compiler.filter(filter, depth) for filter in step.filters]
    if sort is not None:
        return _sorting(sort, step.index, filters)
    own, step.filters = step.filters, []
    run = compiler.compile(step, depth + 1)
    step.filters = own
    ancestor = step.ancestor

    def bind(source: dict[str, Any], item: Any, place: int) -> dict[str, Any]:
        bindings = dict(source)
        if step.focus is not None:
            bindings[step.focus] = item
        else:
            bindings["@"] = item
        if step.index is not None:
            bindings[step.index] = place
        if ancestor is not None:
            bindings[ancestor.label] = source["@"]
        return bindings

    def evaluate(items: list[Any], tuples: Sequence | None, frame: Frame) -> Sequence:
        sources = [{"@": item} for item in items] if tuples is None else tuples
        result = Sequence()
        result.is_tuples = True
        for source in sources:
            value = run(source["@"], frame.inner(source))
            if value is UNDEFINED:
                continue
            found = value if isinstance(value, list) else [value]
            frame.runtime.spend(len(found) + 1)
            if type(found) is Sequence and found.is_tuples:
                result.extend({**source, **one} for one in found)
            else:
                result.extend(bind(source, item, place) for place, item in enumerate(found))
        return _through(filters, result, frame)

    return evaluate


def _sorting(sort: Callable[[list[Any], Frame], Any], index: str | None, filters: list[Transform]) -> TupleStep:
    def evaluate(items: list[Any], tuples: Sequence | None, frame: Frame) -> Sequence:
        if tuples is not None:
            return _through(filters, sort(tuples, frame), frame)
        result = Sequence(
            {"@": item, **({index: place} if index else {})} for place, item in enumerate(sort(items, frame))
        )
        result.is_tuples = True
        return _through(filters, result, frame)

    return evaluate


def _through(filters: list[Transform], result: Sequence, frame: Frame) -> Sequence:
    for filter in filters:
        result = filter(result, frame)
    return result
