"""Values of templates: their text as Java prints it, their equality, and the bounds on what may be made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from segue.languages.velocity.errors import VelocityError

MAX_STEPS: Final = 200_000
"""The most that one rendering may do; a step is about a microsecond's work."""

MAX_CHARACTERS: Final = 10 * 1024 * 1024
"""The longest text: API Gateway's payloads are no larger."""

MAX_DEPTH: Final = 60


class Budget:
    """What a rendering may still do."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise VelocityError("the template does more than it may")

    def text(self, size: int) -> None:
        """Account for a text of so many characters, before it is made."""
        if size > MAX_CHARACTERS:
            raise VelocityError("the template makes too long a text")
        self.spend(1 + size // 100)


@dataclass(frozen=True, slots=True)
class Host:
    """An object that templates get from outside (``$input``, ``$util``): what it has, and what may be called.

    Attributes:
        methods: by name; each checks its own arguments.
        properties: what a name gives; ``None`` for what is not there.
        put: sets a property (``#set($context.responseOverride.status = 400)``); without it, none can be set.
        text: what is printed of the object.
    """

    methods: Mapping[str, Callable[..., Any]]
    properties: Callable[[str], Any] = lambda name: None
    put: Callable[[str, Any], None] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A map's key and value."""

    key: str
    value: Any


def text_of(value: Any, budget: Budget | None = None) -> str:
    """A value as Java prints it: ``{a=1, b=[x, y]}``, ``1.0``, ``true``, ``null``."""
    pieces: list[str] = []
    _print(value, pieces, Budget() if budget is None else budget, 0)
    return "".join(pieces)


def _print(value: Any, pieces: list[str], budget: Budget, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise VelocityError("a value is nested too deeply")
    match value:
        case str():
            budget.text(len(value))
            pieces.append(value)
        case dict():
            pieces.append("{")
            for index, (key, inner) in enumerate(value.items()):
                budget.text(len(key))
                pieces.append(f"{', ' if index else ''}{key}=")
                _print(inner, pieces, budget, depth + 1)
            pieces.append("}")
        case list():
            pieces.append("[")
            for index, inner in enumerate(value):
                budget.spend()
                pieces.append(", " if index else "")
                _print(inner, pieces, budget, depth + 1)
            pieces.append("]")
        case Entry():
            pieces.append(f"{value.key}=")
            _print(value.value, pieces, budget, depth + 1)
        case _:
            budget.spend()
            pieces.append(_plain(value))


def _plain(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float() if (value.is_integer() and 1e-3 <= abs(value) < 1e7) or value == 0:
            return f"{value:.1f}"
        case float():
            return repr(value).replace("e+", "E").replace("e-", "E-").replace("e", "E").replace("inf", "Infinity")
        case Host():
            return value.text
        case _:
            return str(value)


def is_number(value: Any) -> bool:
    """Whether a value is a number (booleans are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(left: Any, right: Any, budget: Budget) -> bool:
    """Whether ``==`` holds: of numbers by their value, of values of different kinds by their text."""
    if left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, str) and isinstance(right, str):
        budget.text(min(len(left), len(right)))
        return left == right
    return text_of(left, budget) == text_of(right, budget)
