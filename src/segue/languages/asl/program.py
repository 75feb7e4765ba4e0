"""A compiled definition. Nothing in it changes, so executions share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segue.languages.asl.frames import Branch

if TYPE_CHECKING:
    from segue.languages.asl.state import State


@dataclass(frozen=True, slots=True)
class Level:
    """States that lead to each other: the definition's own, a Parallel's branch, a Map's processor."""

    start_at: str
    states: dict[str, State]


@dataclass(frozen=True, slots=True)
class Program:
    """What ``compile`` makes of a definition.

    Attributes:
        levels: the definition's own states first; a level's number never changes for one definition, frames name it.
        timeout_seconds: the machine's TimeoutSeconds, None when not stated.
        uses_variables: some state assigns variables.
    """

    levels: tuple[Level, ...]
    timeout_seconds: int | None
    uses_variables: bool

    def state(self, branch: Branch) -> State:
        """The state that a branch stands in."""
        return self.levels[branch.level].states[branch.state]
