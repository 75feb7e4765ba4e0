from __future__ import annotations

import pytest

from segue.store.postgres.known import Known

ASKED = "SELECT n FROM numbers WHERE n = ?"
JOINED = "SELECT a.n FROM letters a JOIN numbers b ON a.n = b.n"


def known() -> Known:
    made = Known()
    made.read(ASKED, (1,), [(1,)])
    made.read(JOINED, (), [])
    return made


def test_what_was_read_is_known_by_its_words_and_arguments() -> None:
    assert known().get(ASKED, (1,)) == [(1,)]
    assert known().get(ASKED, (2,)) is None
    assert known().get(JOINED, ()) == []


@pytest.mark.parametrize(
    ("statement", "asked", "joined"),
    [
        ("INSERT INTO numbers (n) VALUES (?)", False, False),
        ("UPDATE letters SET n = ? RETURNING n", True, False),
        ("DELETE FROM others WHERE n IN (SELECT n FROM numbers)", True, True),
        ("SAVEPOINT inside", True, True),
        ("RELEASE SAVEPOINT inside", True, True),
        ("ROLLBACK TO SAVEPOINT inside", False, False),
        ("WITH gone AS (DELETE FROM numbers RETURNING n) INSERT INTO letters SELECT n FROM gone", False, False),
    ],
)
def test_what_a_statement_may_have_changed_is_forgotten(statement: str, asked: bool, joined: bool) -> None:
    after = known()
    after.write(statement)
    assert (after.get(ASKED, (1,)) is not None, after.get(JOINED, ()) is not None) == (asked, joined)


def test_locks_are_taken_again_and_much_is_not_kept() -> None:
    after = known()
    after.read(locking := ASKED + " FOR UPDATE SKIP LOCKED", (1,), [(1,)])
    after.read(ASKED, (3,), [(n,) for n in range(1_000)])
    assert after.get(locking, (1,)) is after.get(ASKED, (3,)) is None


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("INSERT INTO numbers (n) VALUES (?)", True),
        ("INSERT INTO numbers (n) VALUES (?) ON CONFLICT (n) DO NOTHING", True),
        ("INSERT INTO numbers (n) VALUES (?) ON CONFLICT (n) DO UPDATE SET m = 1", False),
        ("DELETE FROM numbers", False),
    ],
)
def test_that_there_is_a_row_stays_true_when_rows_are_added(statement: str, kept: bool) -> None:
    after = Known()
    after.read(there := "SELECT 1 FROM numbers WHERE n = ? LIMIT 1", (1,), [(1,)])
    after.read(there, (2,), [])
    after.read(none := "SELECT 1 FROM letters WHERE NOT EXISTS (SELECT 1 FROM numbers)", (), [(1,)])
    after.write(statement)
    assert (after.get(there, (1,)) is not None) == kept
    assert after.get(there, (2,)) is after.get(none, ()) is None
