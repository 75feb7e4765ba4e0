"""Wakes between nodes: what ``NOTIFY`` carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

CHANNEL = "segue_wakes"
SEND = "SELECT pg_notify('segue_wakes', ?)"
_LONGEST_BYTES = 7_900  # PostgreSQL's own limit is 7,999
EVERYBODY = "*"


def write(node: str, latest: int, keys: Iterable[str]) -> Iterator[str]:
    """Notices that carry these keys, as few as possible. A key that fits into none wakes everybody.

    Args:
        node: whose they are.
        latest: the greatest id that it has made: who hears of it makes greater ones, whatever the clocks say.
    """
    first = f"{node} {latest}"
    lines, size = [first], len(first)
    for key in dict.fromkeys(keys):
        length = len(key.encode(errors="replace")) + 1
        if length > _LONGEST_BYTES // 2 or "\n" in key or not key.isprintable():
            key, length = EVERYBODY, 2
        if size + length > _LONGEST_BYTES:
            yield "\n".join(lines)
            lines, size = [first], len(first)
        lines.append(key)
        size += length
    if len(lines) > 1:
        yield "\n".join(lines)


def read(notice: str) -> tuple[str, int, list[str]]:
    """Whose notice it is, its node's latest id, and its keys."""
    first, *keys = notice.split("\n")
    node, _, latest = first.partition(" ")
    return node, int(latest or 0), keys
