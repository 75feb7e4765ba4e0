"""Definitions: each different text kept once, compiled once, and forgotten when nothing refers to it any more.

Executions are started while a state machine, a version or a Map Run refers to their definition; too many to be asked
for theirs. A definition is *released* with a number when nothing refers to it from which an execution could start. So
when all executions that there are have been started behind that number, none of them is of this definition.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from segue.api import Call
from segue.languages.asl import Program, compile
from segue.store import Transaction

_AT_ONCE = 200
_REFERRED = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} WHERE definition_hash = hash)"
    for table in ("states_machines", "states_versions", "states_map_runs")
)


def keep(tx: Transaction, text: str) -> str:
    """Store a definition once, whoever uses it; its hash. To be called by whoever comes to refer to it."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    tx.run(
        "INSERT INTO states_definitions (hash, text) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET released = NULL"
        " WHERE states_definitions.released IS NOT NULL",
        digest,
        text,
    )
    return digest


def text_of(tx: Transaction, digest: str) -> str:
    """The definition of that hash."""
    row = tx.one("SELECT text FROM states_definitions WHERE hash = ?", digest)
    assert row is not None, f"definition {digest} is missing"
    return str(row[0])


class Programs:
    """Compiled definitions by their hash: compiled once, whoever runs them; bounded by the length of their texts."""

    def __init__(self, size_characters: int = 32 * 1024 * 1024) -> None:
        self._room = size_characters
        self._programs: dict[str, tuple[Program, int]] = {}

    def get(self, tx: Transaction, digest: str) -> Program:
        """The program of a stored definition."""
        known = self._programs.get(digest)
        if known is not None:
            return known[0]
        text = text_of(tx, digest)
        program = compile(parsed(text))
        self._programs[digest] = (program, len(text))
        self._room -= len(text)
        while self._room < 0 and len(self._programs) > 1:
            oldest = next(iter(self._programs))
            self._room += self._programs.pop(oldest)[1]
        return program


@lru_cache(maxsize=16)
def parsed(text: str) -> dict[str, Any]:
    """A definition's text as data. Shared: not to be changed."""
    document: dict[str, Any] = json.loads(text)
    return document


def forget_unused(call: Call, place: Any) -> Any:
    """Go through a piece of the state machines for the oldest execution, then of the definitions; where to go on."""
    machine, oldest, digest = place or ("", None, "")
    if machine is None:
        following = _forget(call.tx, oldest, digest)
        return following and [None, oldest, following]
    machine, oldest = _oldest(call.tx, machine, oldest)
    return [machine, oldest, ""]


def _oldest(tx: Transaction, machine_arn: str, oldest: int | None) -> tuple[str | None, int | None]:
    """The number of the oldest execution: so far, and behind which state machine's to look on; ``None``: nowhere."""
    for _ in range(_AT_ONCE):
        found = tx.one(
            "SELECT machine_arn, number FROM states_executions WHERE machine_arn > ? ORDER BY machine_arn, number"
            " LIMIT 1",
            machine_arn,
        )
        if found is None:
            return None, oldest
        machine_arn, number = found
        oldest = number if oldest is None else min(number, oldest)
    return machine_arn, oldest


def _forget(tx: Transaction, oldest: int | None, after: str) -> str:
    """Release or forget a piece of the definitions behind a hash; behind which to go on, if there may be more."""
    rows = tx.all(
        f"SELECT hash, released, {_REFERRED} FROM states_definitions WHERE hash > ? ORDER BY hash LIMIT ?",
        after,
        _AT_ONCE,
    )
    for digest, released, is_referred in rows:
        if bool(is_referred) == (released is not None):  # an older node says nothing of it when it refers
            number = None if is_referred else tx.ids.ordered(tx.now_ms)
            tx.run("UPDATE states_definitions SET released = ? WHERE hash = ?", number, digest)
        elif not is_referred and (oldest is None or oldest > released):
            tx.run("DELETE FROM states_definitions WHERE hash = ?", digest)
    return str(rows[-1][0]) if len(rows) == _AT_ONCE else ""
