"""What a transaction has read, so that it is not asked for again: the units of a batch look at the same queue, table or
machine again and again.

Nobody else writes into what a transaction sees, so what it has read stays true until it writes to one of the tables
that the question names. (Any word of a question may be a table's name: what is forgotten needlessly is asked again.)
That there is such a row (``SELECT 1``) stays true if rows are added.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from segue.store.transaction import Row

_ROWS_AT_MOST: Final = 100
_WORDS: Final = re.compile(r"\w+")
_TABLE: Final = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
_WRITES_NOTHING: Final = ("SAVEPOINT", "RELEASE")


class Known:
    """The answers to the questions of one transaction."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: dict[str, dict[tuple[Any, ...], list[Row]]] = {}

    def get(self, sql: str, args: tuple[Any, ...]) -> list[Row] | None:
        """The rows, if they are known. They are not to be changed."""
        answers = self._answers.get(sql)
        return None if answers is None else answers.get(args)

    def read(self, sql: str, args: tuple[Any, ...], rows: list[Row]) -> None:
        """Remember what a ``SELECT`` has answered."""
        if len(rows) <= _ROWS_AT_MOST and not sql.endswith("LOCKED"):  # what took locks is to take them again
            self._answers.setdefault(sql, {})[args] = rows

    def write(self, sql: str) -> None:
        """Forget what a statement may have changed."""
        if not self._answers:
            return
        table = _table(sql)
        for question in [question for question in self._answers if table == "" or table in _words(question)]:
            answers = self._answers.pop(question)
            if _adds(sql) and question.startswith("SELECT 1 ") and "NOT" not in _words(question):
                self._answers[question] = {args: rows for args, rows in answers.items() if rows}


@lru_cache(maxsize=4_096)
def _table(sql: str) -> str | None:
    """Which table a statement writes to; ``None`` if to none, ``""`` where it cannot be told (an undone savepoint)."""
    if sql.startswith(_WRITES_NOTHING):
        return None
    found = _TABLE.match(sql)
    return found[1] if found else ""


@lru_cache(maxsize=4_096)
def _adds(sql: str) -> bool:
    return sql.startswith("INSERT") and "DO UPDATE" not in sql


@lru_cache(maxsize=4_096)
def _words(sql: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(sql))
