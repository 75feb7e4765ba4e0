"""What a parsed expression is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an expression.

    Attributes:
        kind: ``name``, ``variable``, ``string``, ``number``, ``value``, ``regex``, ``wildcard``, ``descendants``,
            ``parent``, ``path`` (``a.b``), ``predicate`` (``a[b]``), ``group`` (``a{b}``), ``sort`` (``a^(b)``),
            ``focus`` (``a@$b``), ``index`` (``a#$b``), ``binary``, ``bind`` (``$a := b``), ``condition``, ``array``,
            ``object``, ``block``, ``function``, ``call``, ``partial``, ``argument`` (``?``), ``negative`` and
            ``transform``.
        value: a name, a literal, an operator; of a function, its parameters' names.
        parts: what it is made of, in order.
        position: characters from the beginning of the expression to behind the token that makes it.
    """

    kind: str
    value: Any
    parts: tuple[Node, ...]
    position: int
