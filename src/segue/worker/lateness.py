"""How late jobs are begun."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

_KEPT = 4_096
_REMEMBERED_MS = 60_000


class Lateness:
    """Remembers how late the jobs of the last minute were begun; of very many, the newest 4,096."""

    def __init__(self) -> None:
        self._begun: deque[tuple[int, int]] = deque(maxlen=_KEPT)

    def add(self, now_ms: int, due_ms: Iterable[int]) -> None:
        """Jobs were begun that were due at these times."""
        self._begun.extend((now_ms, now_ms - due) for due in due_ms)

    def percentiles(self, now_ms: int, *wanted: int) -> list[int] | None:
        """How many milliseconds late so many in a hundred were at most; ``None`` where none was begun."""
        while self._begun and self._begun[0][0] <= now_ms - _REMEMBERED_MS:
            self._begun.popleft()
        late = sorted(ms for _, ms in self._begun)
        return [late[(len(late) - 1) * percent // 100] for percent in wanted] if late else None
