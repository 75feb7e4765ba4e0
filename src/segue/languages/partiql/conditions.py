"""What a condition says of single attributes."""

from __future__ import annotations

from segue.languages.expressions import Value
from segue.languages.expressions.nodes import Both, Comparison, Condition, Literal, Path


def conjuncts(condition: Condition | None) -> list[Condition]:
    """The conditions that must all hold."""
    found: list[Condition] = []
    left = [] if condition is None else [condition]
    while left:
        one = left.pop()
        if isinstance(one, Both):
            left += [one.right, one.left]
        else:
            found.append(one)
    return found


def equalities(condition: Condition | None) -> dict[str, Value]:
    """The attributes that a condition holds to one value."""
    found: dict[str, Value] = {}
    for one in conjuncts(condition):
        if not isinstance(one, Comparison) or one.operator != "=":
            continue
        path, literal = (one.left, one.right) if isinstance(one.left, Path) else (one.right, one.left)
        if isinstance(path, Path) and len(path.elements) == 1 and isinstance(literal, Literal):
            found.setdefault(str(path.elements[0]), literal.value)
    return found
