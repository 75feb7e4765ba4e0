"""What expressions are parsed into: plain values, shared by the expression language and the older parameters."""

from __future__ import annotations

from dataclasses import dataclass

from segue.languages.expressions.values import Value


@dataclass(frozen=True, slots=True)
class NameRef:
    """A placeholder for an attribute's name: ``#n``."""

    text: str


Element = str | int | NameRef


@dataclass(frozen=True, slots=True)
class Path:
    """A document path; ``checked`` where its names are written out in an expression, so that reserved words matter."""

    elements: tuple[Element, ...]
    checked: bool = True


@dataclass(frozen=True, slots=True)
class ValueRef:
    """A placeholder for a value: ``:v``."""

    text: str


@dataclass(frozen=True)
class Literal:
    """A value given outright (the older parameters have no placeholders)."""

    value: Value


@dataclass(frozen=True, slots=True)
class Function:
    """A function's call, as operand or as condition."""

    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left + right`` or ``left - right`` in an update."""

    operator: str
    left: Operand
    right: Operand


Operand = Path | ValueRef | Literal | Function | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """``=``, ``<>``, ``<``, ``<=``, ``>``, ``>=``."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """``operand BETWEEN low AND high``."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """``operand IN (…)``."""

    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT condition``."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """``left AND right``."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """``left OR right``."""

    left: Condition
    right: Condition


Condition = Comparison | Between | In | Not | Both | Either | Function


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update: ``SET path = operand``, ``REMOVE path``, ``ADD`` or ``DELETE path operand``."""

    section: str
    path: Path
    operand: Operand | None = None
