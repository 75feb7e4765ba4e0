"""What expressions may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from segue.languages.jsonata import Moment


class Random(Protocol):
    """The chance that is handed in: ``random.Random`` seeded by the engine fits."""

    def getrandbits(self, k: int, /) -> int: ...

    def randrange(self, start: int, stop: int, /) -> int: ...

    def random(self) -> float: ...


NOTHING: Final = object()
"""There is no result, or no error, yet."""


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


class JsonataScope(Scope):
    """The surroundings in a JSONata state, where ``input`` stays the raw input.

    Attributes:
        now_ms: what ``$millis()`` is.
        result, error_output: what ``$states.result`` and ``$states.errorOutput`` mean, or NOTHING.
    """

    __slots__ = ("error_output", "now_ms", "result")

    def __init__(
        self,
        input: Any,
        context: Mapping[str, Any],
        variables: Mapping[str, Any],
        random: Random,
        state_name: str = "",
        now_ms: int = 0,
    ) -> None:
        super().__init__(input, context, variables, random, state_name)
        self.now_ms = now_ms
        self.result: Any = NOTHING
        self.error_output: Any = NOTHING

    def bindings(self) -> dict[str, Any]:
        """The variables of an expression."""
        states = {"input": self.input}
        if self.result is not NOTHING:
            states["result"] = self.result
        if self.error_output is not NOTHING:
            states["errorOutput"] = self.error_output
        states["context"] = self.context
        return {**self.variables, "states": states}

    @property
    def moment(self) -> Moment:
        """When and with what luck an expression is evaluated."""
        return Moment(self.now_ms, self.random)
