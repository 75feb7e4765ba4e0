"""One commit's history events and journal, as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from segue.languages.asl.history import HistoryEvent
from segue.languages.asl.tree import Journal, Tree

_PAYLOADS = ("input", "output")
_WORTH_CHARACTERS = 32


def pack_events(events: Sequence[HistoryEvent]) -> bytes:
    """Events as kept in a chunk. A payload that goes through many states is in it once: events have its number."""
    numbers: dict[str, int] = {}
    kept: list[HistoryEvent | tuple[Any, ...]] = []
    for event in events:
        if (details := event.details) is not None:
            for member in _PAYLOADS:
                if (text := details.get(member)) is not None and len(text) > _WORTH_CHARACTERS:
                    details = {**details, member: numbers.setdefault(text, len(numbers))}
        kept.append(event if details is event.details else (*event[:4], details))
    packed: bytes = msgpack.packb({"payloads": list(numbers), "events": kept} if numbers else events)
    return packed


def unpack_events(packed: bytes) -> list[HistoryEvent]:
    """Events of a chunk, in order."""
    unpacked = msgpack.unpackb(packed)
    if isinstance(unpacked, list):
        return [HistoryEvent(*event) for event in unpacked]
    payloads = unpacked["payloads"]
    events = [HistoryEvent(*event) for event in unpacked["events"]]
    for details in (event.details for event in events if event.details is not None):
        for member in _PAYLOADS:
            if isinstance(number := details.get(member), int):
                details[member] = payloads[number]
    return events


def pack_journal(journal: Journal) -> bytes:
    """A commit's changes to the tree."""
    packed: bytes = msgpack.packb(journal)
    return packed


def unpack_journal(packed: bytes) -> Journal:
    """A commit's changes to the tree, for ``Tree.apply``."""
    journal: Journal = msgpack.unpackb(packed, strict_map_key=False)
    return journal


def pack_tree(tree: Tree) -> bytes:
    """A snapshot."""
    packed: bytes = msgpack.packb(tree.dump())
    return packed


def pack_kept(kept: dict[str, Any]) -> bytes:
    """What a Step kept for a redrive."""
    packed: bytes = msgpack.packb(kept)
    return packed


def unpack_kept(packed: bytes) -> dict[str, Any]:
    """What was kept for a redrive."""
    kept: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
    return kept


def unpack_tree(packed: bytes) -> Tree:
    """The tree of a snapshot."""
    plain: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
    return Tree.load(plain)
