"""What commands print: colours and a line that changes on terminals, plain lines into pipes and files."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

_CODES = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "dim": "2",
    "bold": "1",
}
ROTATION = ("cyan", "magenta", "yellow", "blue", "green")


@dataclass(slots=True)
class Screen:
    """Where lines go. Threads may share one.

    Args:
        stream: standard output unless given.
        colours: whether to colour; by default on terminals, unless ``NO_COLOR`` is set.
    """

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    colours: bool | None = None
    _passing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.colours is None:
            self.colours = self.live and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def live(self) -> bool:
        """Whether someone looks at a terminal."""
        return self.stream.isatty()

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colours and colour else text

    def line(self, text: str = "") -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def passing(self, text: str) -> None:
        """On terminals, a line that the next one replaces; else nothing."""
        if not self.live:
            return
        with self._lock:
            self._clear()
            width = shutil.get_terminal_size().columns
            self.stream.write(self.paint(text if len(text) < width else text[: width - 2] + "…", "dim"))
            self.stream.flush()
            self._passing = True

    def clear(self) -> None:
        """Remove the passing line."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._passing:
            self.stream.write("\r\x1b[2K")
            self._passing = False


def table(rows: Sequence[tuple[str, ...]], indent: str = "  ") -> list[str]:
    """Rows as lines with their columns below each other; the last column is as wide as it likes."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    return [
        (indent + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])).rstrip()
        for row in rows
    ]
