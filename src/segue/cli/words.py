"""Times, spans and texts as people read them, within a width. Pure."""

from __future__ import annotations

import time
import unicodedata

MARKS = {"SUCCEEDED": "✓", "FAILED": "✗", "TIMED_OUT": "✗", "ABORTED": "■", "RUNNING": "▶", "CAUGHT": "↷"}
COLOURS = {"SUCCEEDED": "green", "FAILED": "red", "TIMED_OUT": "red", "ABORTED": "yellow", "RUNNING": "cyan"}
COLOURS |= {"CAUGHT": "yellow", "PENDING_REDRIVE": "cyan"}


def clock(at_ms: int, *, day: bool = False) -> str:
    """The time of day, in the zone of whoever looks."""
    local = time.localtime(at_ms // 1000)
    return time.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S", local) + ("" if day else f".{at_ms % 1000:03d}")


def span(ms: int) -> str:
    """``340 ms``, ``4.2 s``, ``3 m 5 s``, ``2 h 10 m``, ``5 d 3 h``."""
    ms = max(0, ms)
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s" if ms < 59_950 else "1 m 0 s"
    seconds = ms // 1000
    for unit, name, below, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= unit:
            return f"{seconds // unit} {name} {seconds % unit // below} {smaller}"
    raise AssertionError(ms)


def printable(text: str) -> str:
    """Without what would move the cursor or hide: line breaks and the like become one space."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """A printable text in at most so many columns; what was cut off shows as ``…``."""
    text = printable(text[: 4 * width + 4] if width > 0 else "")
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…" if width > 0 else ""


def fill(text: str, width: int) -> str:
    """Cut or filled up to exactly this width."""
    text = cut(text, width)
    return text + " " * (width - width_of(text))
