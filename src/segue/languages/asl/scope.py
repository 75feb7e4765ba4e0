"""What expressions may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Random(Protocol):
    """The chance that is handed in: ``random.Random`` seeded by the engine fits."""

    def getrandbits(self, k: int, /) -> int: ...

    def randrange(self, start: int, stop: int, /) -> int: ...


class Scope:
    """One evaluation's surroundings.

    Attributes:
        input: what ``$`` means.
        context: what ``$$`` means, the context object.
        variables: what ``$name`` means.
        random: source of States.UUID and States.MathRandom.
        state_name: the state that is running, for messages.
        notes: where the evaluation of a state's fields writes what each came to, by the names of TestState's inspection
            data; None when nobody asks, which is all executions.
    """

    __slots__ = ("context", "input", "notes", "random", "state_name", "variables")

    def __init__(
        self,
        input: Any,
        context: Mapping[str, Any],
        variables: Mapping[str, Any],
        random: Random,
        state_name: str = "",
    ) -> None:
        self.input = input
        self.context = context
        self.variables = variables
        self.random = random
        self.state_name = state_name
        self.notes: dict[str, Any] | None = None
