"""A template as a tree: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Access:
    """One step of a reference: ``kind`` is ``property``, ``method`` or ``index``."""

    kind: str
    name: str = ""
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """``$name.step…``. ``source`` is what is shown where there is no such thing, unless it is ``quiet``."""

    name: str
    steps: tuple[Access, ...]
    source: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, true, false or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A text in double quotes: a template of its own."""

    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[a, b]``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """``{a: b}``."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class RangeOf:
    """``[a..b]``, either way."""

    first: Expression
    last: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """``!a`` or ``-a``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``a operator b``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Set:
    """``#set($target = value)``."""

    target: Reference
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    """Branches in order, the last one's condition ``None`` where there is an ``#else``."""

    branches: tuple[tuple[Expression | None, tuple[Node, ...]], ...]


@dataclass(frozen=True, slots=True)
class Foreach:
    """``#foreach($name in items)``."""

    name: str
    items: Expression
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """``#break`` or ``#stop``."""

    what: str


Expression = Reference | Literal | Interpolated | ListOf | MapOf | RangeOf | Unary | Binary
Node = Text | Reference | Set | If | Foreach | Leave
