"""What all states have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from segue.languages.asl.flow import Flow
from segue.languages.asl.retry import Catcher, Retrier

if TYPE_CHECKING:
    from segue.languages.asl.frames import Branch
    from segue.languages.asl.run import Run


class State(ABC):
    """A compiled state.

    Attributes:
        name, type, next: as in the definition; ``next`` is None at an end.
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
        self.retriers = tuple(Retrier.of(one) for one in spec.get("Retry", ()))
        self.catchers = tuple(Catcher.of(one) for one in spec.get("Catch", ()))
        self.flow = Flow(spec)
        self.look_for_uses(spec)

    def look_for_uses(self, spec: dict[str, Any]) -> None:
        """Find out what the state's expressions may need; making it for states that do not is most of their cost."""
        text = json.dumps(spec)
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
