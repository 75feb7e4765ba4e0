"""Projection: the parts of an item that lie on given paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from segue.languages.expressions.binding import Binding, Elements
from segue.languages.expressions.nodes import Path
from segue.languages.expressions.paths import check_disjoint
from segue.languages.expressions.values import Item, Value

Projector = Callable[[Item], Item]


def compile_projection(
    paths: Sequence[Path], binding: Binding, label: str = "ProjectionExpression"
) -> tuple[Projector, tuple[Elements, ...]]:
    """The projection as a function of an item, and the paths that it keeps.

    Raises:
        ExpressionError: undefined placeholders, reserved words, overlapping paths.
    """
    bound = tuple(binding.path(path, label) for path in paths)
    check_disjoint(bound, label)
    return projector(bound), bound


def projector(paths: Sequence[Elements]) -> Projector:
    """A function that keeps of an item what lies on the paths; of lists the chosen elements, in their order."""
    if all(len(path) == 1 for path in paths):
        names = [str(path[0]) for path in paths]
        return lambda item: {name: item[name] for name in names if name in item}
    tree = _tree(paths)
    return lambda item: {
        name: kept for name, branch in tree.items() if name in item and (kept := _keep(item[name], branch)) is not None
    }


def _tree(paths: Sequence[Elements]) -> dict[Any, Any]:
    tree: dict[Any, Any] = {}
    for path in paths:
        branch = tree
        for element in path:
            branch = branch.setdefault(element, {})
    return tree


def _keep(value: Value, branch: dict[Any, Any]) -> Value | None:
    if not branch:
        return value
    if "M" in value:
        members = value["M"]
        kept = {
            name: part
            for name, rest in branch.items()
            if isinstance(name, str) and name in members and (part := _keep(members[name], rest)) is not None
        }
        return {"M": kept} if kept else None
    if "L" in value:
        elements = value["L"]
        chosen = [
            part
            for at in sorted(at for at in branch if isinstance(at, int))
            if at < len(elements) and (part := _keep(elements[at], branch[at])) is not None
        ]
        return {"L": chosen} if chosen else None
    return None
