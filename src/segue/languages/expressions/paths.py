"""Document paths: reading along them, and what they must not do to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from segue.languages.expressions.binding import Elements
from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.values import Item, Value


def reader(path: Elements) -> Callable[[Item], Value | None]:
    """A function that finds the path's value in an item (``None``: it is not there)."""
    name = path[0]
    assert isinstance(name, str)
    if len(path) == 1:
        return lambda item: item.get(name)
    return lambda item: read(item, path)


def read(item: Item, path: Elements) -> Value | None:
    """The value at the path, or ``None``."""
    value: Value | None = item.get(path[0])  # type: ignore[arg-type]
    for element in path[1:]:
        if value is None:
            return None
        if isinstance(element, int):
            elements = value.get("L")
            value = elements[element] if elements is not None and element < len(elements) else None
        else:
            members = value.get("M")
            value = None if members is None else members.get(element)
    return value


def show(path: Elements) -> str:
    """A path as DynamoDB's messages show it: ``[a, b, [1]]``."""
    return f"[{', '.join(f'[{element}]' if isinstance(element, int) else element for element in path)}]"


def check_disjoint(paths: Sequence[Elements], label: str) -> None:
    """Refuse two paths of which one holds the other, or which take the same value for a map and a list.

    Raises:
        ExpressionError: naming the two.
    """
    for at, one in enumerate(paths):
        for two in paths[at + 1 :]:
            problem = _clash(one, two)
            if problem:
                raise ExpressionError(
                    f"Invalid {label}: Two document paths {problem} with each other; must remove or rewrite one of "
                    f"these paths; path one: {show(one)}, path two: {show(two)}"
                )


def _clash(one: Elements, two: Elements) -> str:
    for left, right in zip(one, two, strict=False):
        if type(left) is not type(right):
            return "conflict"
        if left != right:
            return ""
    return "overlap"
