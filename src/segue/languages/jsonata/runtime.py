"""One evaluation at work: its variables, what it may still do, and what it is told about time and chance.

Work is counted, not timed, so that an evaluation ends the same way wherever it is repeated: a step of work is about a
microsecond's, and the bound about the second that AWS gives an expression (developer guide, "Quotas").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from segue.languages.jsonata.errors import too_long, too_much
from segue.languages.jsonata.values import UNDEFINED

MAX_WORK = 1_000_000
MAX_BYTES = 6_990_256
"""The largest value: AWS takes ``[1..873782]``, eight bytes an element, and not one more (floci-io/floci#2737)."""

_CHARACTERS_A_STEP = 32
_ITEMS_A_STEP = 8


class Chance(Protocol):
    """The chance that is handed in; a seeded ``random.Random`` fits."""

    def random(self) -> float: ...

    def getrandbits(self, k: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Moment:
    """When and with what luck an expression is evaluated.

    Attributes:
        now_ms: the present, milliseconds since the epoch.
        chance: for ``$random``, ``$uuid`` and ``$shuffle``.
    """

    now_ms: int
    chance: Chance


class Runtime:
    """What all parts of one evaluation share.

    Attributes:
        moment: see there.
        depth, caller: how deep the call at work stands, and the name that it was called by.
        is_plain: nothing was made yet that JSON does not have: functions, infinities, arrays of a kind of their own.
    """

    __slots__ = ("_work", "caller", "depth", "is_plain", "moment")

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.depth = 0
        self.caller: Any = None
        self.is_plain = True
        self._work = MAX_WORK

    @property
    def spent(self) -> int:
        """The work so far."""
        return MAX_WORK - self._work

    def spend(self, steps: int) -> None:
        """Count work.

        Raises:
            JsonataError: it was too much.
        """
        self._work -= steps
        if self._work < 0:
            raise too_long()

    def text(self, length: int) -> None:
        """A text of this length is about to be made.

        Raises:
            JsonataError: it is too long, or one too many.
        """
        if length > MAX_BYTES:
            raise too_much()
        self._work -= length // _CHARACTERS_A_STEP
        if self._work < 0:
            raise too_long()

    def items(self, count: int) -> None:
        """An array of this length is about to be made, or gone through.

        Raises:
            JsonataError: it is too long, or one too many.
        """
        if count * 8 > MAX_BYTES:
            raise too_much()
        self._work -= count // _ITEMS_A_STEP
        if self._work < 0:
            raise too_long()


class Frame:
    """Variables, and behind them those of the frame around.

    Attributes:
        base: how deep the evaluation was when the function was called whose frame this is.
    """

    __slots__ = ("base", "outer", "runtime", "values")

    def __init__(self, values: dict[str, Any] | Mapping[str, Any], outer: Frame | None, runtime: Runtime, base: int):
        self.values = values
        self.outer = outer
        self.runtime = runtime
        self.base = base

    def look_up(self, name: str) -> Any:
        frame: Frame | None = self
        while frame is not None:
            values = frame.values
            if name in values:
                return values[name]
            frame = frame.outer
        return UNDEFINED

    def inner(self, values: dict[str, Any]) -> Frame:
        """A frame within this one."""
        return Frame(values, self, self.runtime, self.base)
