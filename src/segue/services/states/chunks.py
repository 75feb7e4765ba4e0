"""One commit's history events and journal, as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from segue.languages.asl.history import HistoryEvent
from segue.languages.asl.tree import Journal, Tree


def pack_events(events: Sequence[HistoryEvent]) -> bytes:
    """Events as kept in a chunk."""
    packed: bytes = msgpack.packb(events)
    return packed


def unpack_events(packed: bytes) -> list[HistoryEvent]:
    """Events of a chunk, in order."""
    return [HistoryEvent(*event) for event in msgpack.unpackb(packed)]


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
