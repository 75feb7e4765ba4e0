"""What all states have in common."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from segue.languages.asl.flow import Flow
from segue.languages.asl.query_flow import JsonataFlow
from segue.languages.asl.retry import Catcher, Retrier

if TYPE_CHECKING:
    from segue.languages.asl.frames import Branch
    from segue.languages.asl.run import Run

_STATES_BUT_INPUT = re.compile(r"\$states(?!\.(?:input|result|errorOutput)\b)")


class State(ABC):
    """A compiled state.

    Attributes:
        name, type, next: as in the definition; ``next`` is None at an end.
        is_jsonata: its QueryLanguage is JSONata; the compiler hands down the definition's.
        entered_type, exited_type: its history event types.
        flow: its data fields.
        retriers, catchers: in their order.
        uses_context, uses_chance: whether any of its expressions may look at ``$$``, or draw random numbers.
        counts_retries: ``$$.State.RetryCount`` is there.
        has_token: ``$$.Task.Token`` is there.
    """

    counts_retries = False
    has_token = False

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        self.name = name
        self.type: str = spec["Type"]
        self.next: str | None = spec.get("Next")
        self.entered_type = f"{self.type}StateEntered"
        self.exited_type = f"{self.type}StateExited"
        self.is_jsonata = spec.get("QueryLanguage") == "JSONata"
        self.retriers = tuple(Retrier.of(one) for one in spec.get("Retry", ()))
        self.catchers = tuple(
            Catcher.of(one, f"Catch[{index}]" if self.is_jsonata else None)
            for index, one in enumerate(spec.get("Catch", ()))
        )
        self.flow = JsonataFlow(spec) if self.is_jsonata else Flow(spec)
        self.look_for_uses(spec)

    def look_for_uses(self, spec: dict[str, Any]) -> None:
        """Find out what the state's expressions may need; making it for states that do not is most of their cost."""
        text = json.dumps(spec)
        if self.is_jsonata:
            self.uses_context = _STATES_BUT_INPUT.search(text) is not None
            self.uses_chance = any(name in text for name in ("$random", "$uuid", "$shuffle"))
        else:
            self.uses_context = "$$" in text
            self.uses_chance = "States.UUID" in text or "States.MathRandom" in text

    @abstractmethod
    def attempt(self, run: Run, branch: Branch) -> None:
        """Do what the state does; again for each retry. Raises StatesError when it fails."""

    def given_up(self, run: Run, branch: Branch) -> None:  # noqa: B027
        """The state has failed and is not tried again: write the event that says so, if there is one."""


class Composite(State):
    """A state with branches below it."""

    counts_retries = True

    @abstractmethod
    def child_ended(self, run: Run, child: Branch, text: str, value: Any) -> None:
        """A branch below ended with this output."""

    @abstractmethod
    def child_failed(self, run: Run, child: Branch) -> Branch:
        """A branch below failed: call off the others. Gives the branch that stands in this state."""
