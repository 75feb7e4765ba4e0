"""What a world's nodes have to live with, drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a batch: nothing; ``again`` (it met another), ``lost`` (its connection) or ``lost after`` its
    commit. ``at_statement``: 0 is at its commit."""

    what: str = ""
    at_statement: int = 0

    @property
    def before_commit(self) -> bool:
        """Whether the commit does not come to pass."""
        return self.what in ("again", "lost")


_FINE = Fate()


@dataclass(slots=True)
class Weather:
    """How bad it is, each as a probability.

    Attributes:
        crash: of each commit, that its node dies at it, on either side.
        pause: of each commit, that its node is stopped for a while behind it.
        rumour: of each commit, that its node is then taken for dead by the others.
        again, lost: of each batch, that it meets another, that its connection ends.
        silence: of each notice between nodes, that it is lost.
        late: of whatever is on its way, that it comes late.
        unanswered: of each request, that it or its answer is lost.
        skew_ms: how far machines' clocks are off at the most.
    """

    random: Random
    crash: float = 0.0
    pause: float = 0.0
    rumour: float = 0.0
    again: float = 0.0
    lost: float = 0.0
    silence: float = 0.0
    late: float = 0.0
    unanswered: float = 0.0
    skew_ms: int = 0
    crashes_left: int = 0
    calm: bool = True
    """Nothing happens, for now."""

    def draw(self) -> None:
        """Make the weather of a world."""
        choice = self.random.choice
        self.crash = choice((0.0, 0.01, 0.05, 0.1))
        self.pause = choice((0.0, 0.0, 0.005, 0.02))
        self.rumour = choice((0.0, 0.0, 0.005, 0.02))
        self.again = choice((0.0, 0.02, 0.1, 0.3))
        self.lost = choice((0.0, 0.0, 0.01, 0.05))
        self.silence = choice((0.0, 0.0, 0.2, 1.0))
        self.late = choice((0.0, 0.02, 0.2))
        self.unanswered = choice((0.0, 0.02, 0.1))
        self.skew_ms = choice((0, 200, 60_000))
        self.crashes_left = 40

    def clear(self) -> None:
        """Let nothing happen by chance."""
        self.crash = self.pause = self.rumour = self.again = self.lost = 0.0
        self.silence = self.late = self.unanswered = 0.0

    def happens(self, probability: float) -> bool:
        """Whether it happens this time."""
        return not self.calm and probability > 0 and self.random.random() < probability

    def fate(self) -> Fate:
        """Of the batch that begins."""
        bad = self.again + self.lost
        if self.calm or not bad or (drawn := self.random.random()) >= bad:
            return _FINE
        what = "again" if drawn < self.again else self.random.choice(("lost", "lost after"))
        return Fate(what, 0 if what == "lost after" else self.random.choice((0, 0, 3, 10, 30)))

    def latency_seconds(self) -> float:
        """How long it takes until somebody hears of something; mostly too short to matter."""
        if self.happens(self.late):
            return self.random.choice((0.001, 0.01, 0.1, 1.0))
        return 0.0
