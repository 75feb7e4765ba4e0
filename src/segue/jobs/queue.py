"""The queue of jobs in the store: enqueue, claim, settle, park, wake.

A job is due when ``visible_at`` has come: claiming it moves ``visible_at`` on by a lease, so that a worker that dies
loses nothing. A parked job waits for its ``wait_key`` or its time, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import msgpack

from segue.jobs.job import Job
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        id BIGINT PRIMARY KEY,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        visible_at BIGINT NOT NULL,
        attempts BIGINT NOT NULL DEFAULT 0,
        receipt BIGINT NOT NULL DEFAULT 0,
        wait_key TEXT,
        payload BYTEA NOT NULL,
        created_at BIGINT NOT NULL,
        trace TEXT NOT NULL,
        last_error TEXT
    );
    CREATE INDEX jobs_due ON jobs (visible_at, id);
    CREATE INDEX jobs_key ON jobs (key);
    CREATE INDEX jobs_parked ON jobs (wait_key) WHERE wait_key IS NOT NULL;
    """,
)

PARTITION_KEYS = {"jobs": "key"}

DUE = "jobs:due"
"""The wake key of the worker: some job became due or will be due earlier than before."""

LEFT = "jobs:left"
"""The wake key of all nodes' workers: a node has gone, and what it held is due."""

LEASE_MS = 30_000
"""How long a claimed job stays with its worker without a sign of life; workers renew at a third of it."""

NODES = 1_023
"""The bits of a receipt that say which node holds the lease."""

HEAD_START_MS = 300
"""How long what leaves the building is left to others by a node that is far ahead of them."""

_COLUMNS = "id, kind, key, payload, attempts, visible_at, created_at, trace, receipt"


def enqueue(tx: Transaction, kind: str, key: str, payload: Any, *, at_ms: int | None = None, trace: str = "") -> int:
    """Have ``kind``'s handler run with ``payload`` at ``at_ms`` (now unless told); the job's id."""
    return _insert(tx, kind, key, payload, tx.now_ms if at_ms is None else at_ms, trace, None)


def enqueue_parked(tx: Transaction, kind: str, key: str, payload: Any, *, wait_key: str, until_ms: int) -> int:
    """Have ``kind``'s handler run when ``wait_key`` is woken (see :func:`wake`), at the latest at ``until_ms``."""
    return _insert(tx, kind, key, payload, until_ms, "", wait_key)


def wake(tx: Transaction, key: str) -> None:
    """Wake whoever waits for ``key``: callers parked in memory after the commit, parked jobs with it."""
    tx.wake(key)
    if tx.one("SELECT 1 FROM jobs WHERE wait_key = ? LIMIT 1", key) is not None:
        tx.run("UPDATE jobs SET visible_at = ?, wait_key = NULL WHERE wait_key = ?", tx.now_ms, key)
        tx.wake(DUE)


def hurry(tx: Transaction, kind: str, key: str) -> None:
    """Let the waiting or parked job of that kind and key run now; one that is under way stays so."""
    tx.run(
        "UPDATE jobs SET visible_at = ?, wait_key = NULL WHERE key = ? AND kind = ? AND receipt = 0",
        tx.now_ms,
        key,
        kind,
    )
    tx.wake(DUE)


def exists(tx: Transaction, kind: str, key: str) -> bool:
    """Whether there is a job of that kind and key, waiting or running."""
    return tx.one("SELECT 1 FROM jobs WHERE key = ? AND kind = ? LIMIT 1", key, kind) is not None


def cancel(tx: Transaction, kind: str, key: str) -> int:
    """Remove the jobs of that kind and key, leased ones included (their settling is then dropped); how many."""
    return tx.run("DELETE FROM jobs WHERE key = ? AND kind = ?", key, kind)


def cancel_all(tx: Transaction, key: str) -> int:
    """Remove the jobs of that key, whatever their kind; how many."""
    return tx.run("DELETE FROM jobs WHERE key = ?", key)


def due(tx: Transaction, limit: int, without: Collection[str] = (), after_others: Collection[str] = ()) -> list[Job]:
    """Jobs whose time has come, oldest first; not those of the kinds ``without``, and of the kinds ``after_others``
    only what is due for :data:`HEAD_START_MS`."""
    condition, args = f"visible_at <= ?{_not_of(without)}", [tx.now_ms, *without]
    if after_others:
        marks = ", ".join("?" * len(after_others))
        condition += f" AND (visible_at <= ? OR kind NOT IN ({marks}))"
        args += [tx.now_ms - HEAD_START_MS, *after_others]
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM jobs WHERE {condition} ORDER BY visible_at, id LIMIT ?{tx.skip_locked}", *args, limit
    )
    return [_job(row) for row in rows]


def of_conversation(tx: Transaction, root: str, limit: int) -> list[Job]:
    """Jobs whose trace has this root, those that are due first. Looks at no more than the newest 20,000."""
    newest = f"SELECT {_COLUMNS} FROM jobs ORDER BY id DESC LIMIT 20000"
    sql = f"SELECT {_COLUMNS} FROM ({newest}) AS newest WHERE trace LIKE ? ORDER BY visible_at, id LIMIT ?"
    return [_job(row) for row in tx.all(sql, f"%{root[:200]}%", limit)]


def next_due_ms(tx: Transaction) -> int | None:
    """When the next job will be due, or ``None``."""
    row = tx.one("SELECT visible_at FROM jobs ORDER BY visible_at LIMIT 1")
    return None if row is None else int(row[0])


def next_due_without_ms(tx: Transaction, without: Collection[str], until_ms: int) -> int:
    """When the next job will be due that is not of the kinds ``without``, at the latest ``until_ms``: what is due
    later, however much of these kinds, is not looked at."""
    condition = f"visible_at <= ?{_not_of(without)}"
    row = tx.one(f"SELECT visible_at FROM jobs WHERE {condition} ORDER BY visible_at LIMIT 1", until_ms, *without)
    return until_ms if row is None else int(row[0])


def _not_of(kinds: Collection[str]) -> str:
    return f" AND kind NOT IN ({', '.join('?' * len(kinds))})" if kinds else ""


def count_waiting(tx: Transaction, limit: int) -> int:
    """How many jobs are due or out being done, at most ``limit``.

    Very many timers may be due within a lease's time: what is out is looked for among the last ten times ``limit``.
    """
    due = tx.one("SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE visible_at <= ? LIMIT ?) AS due", tx.now_ms, limit)
    count = 0 if due is None else int(due[0])
    if count < limit:
        last = "SELECT receipt FROM jobs WHERE visible_at > ? AND visible_at <= ? ORDER BY visible_at DESC LIMIT ?"
        out = tx.one(
            f"SELECT COUNT(*) FROM ({last}) AS last WHERE receipt <> 0", tx.now_ms, tx.now_ms + LEASE_MS, 10 * limit
        )
        count += 0 if out is None else int(out[0])
    return min(count, limit)


def lease(tx: Transaction, job: Job) -> Job:
    """Claim a due job for :data:`LEASE_MS`; the job as leased."""
    receipt = (tx.ids.seed() | NODES + 1) & ~NODES | tx.ids.node
    tx.run(
        "UPDATE jobs SET visible_at = ?, attempts = ?, receipt = ?, wait_key = NULL WHERE id = ? AND key = ?",
        tx.now_ms + LEASE_MS,
        job.attempts,
        receipt,
        job.id,
        job.key,
    )
    return replace(job, receipt=receipt)


def renew(tx: Transaction, leased: list[Job]) -> None:
    """A sign of life: the leases run on from now."""
    for job in leased:
        tx.run(
            "UPDATE jobs SET visible_at = ? WHERE id = ? AND key = ? AND receipt = ?",
            tx.now_ms + LEASE_MS,
            job.id,
            job.key,
            job.receipt,
        )


def holds(tx: Transaction, job: Job) -> bool:
    """Whether the lease is still this one; a job that was cancelled, or leased anew, is not to be settled."""
    found = tx.one("SELECT 1 FROM jobs WHERE id = ? AND key = ? AND receipt = ?", job.id, job.key, job.receipt)
    return found is not None


def is_due(tx: Transaction, job: Job) -> bool:
    """Whether the job is still as :func:`due` found it: one that ran before in the same unit may have cancelled it."""
    row = tx.one("SELECT visible_at, receipt FROM jobs WHERE id = ? AND key = ?", job.id, job.key)
    return row is not None and row[0] <= tx.now_ms and row[1] == job.receipt


def done(tx: Transaction, job: Job) -> None:
    """The job has run; forget it."""
    tx.run("DELETE FROM jobs WHERE id = ? AND key = ?", job.id, job.key)


def reschedule(
    tx: Transaction, job: Job, at_ms: int, *, payload: Any = None, wait_key: str | None = None, error: str | None = None
) -> None:
    """Let the job run again at ``at_ms``, or at the wake of ``wait_key``."""
    tx.run(
        "UPDATE jobs SET visible_at = ?, wait_key = ?, receipt = 0, attempts = ?, last_error = ?,"
        " payload = COALESCE(?, payload) WHERE id = ? AND key = ?",
        at_ms,
        wait_key,
        0 if wait_key else job.attempts,
        error,
        None if payload is None else msgpack.packb(payload),
        job.id,
        job.key,
    )
    tx.wake(DUE)


def release_leases_of(tx: Transaction, node: int) -> None:
    """A node has gone: what it held is due at once."""
    tx.run(
        "UPDATE jobs SET visible_at = ?, receipt = 0 WHERE visible_at > ? AND visible_at <= ? AND receipt <> 0"
        " AND (receipt & ?) = ?",
        tx.now_ms,
        tx.now_ms,
        tx.now_ms + LEASE_MS,
        NODES,
        node,
    )
    tx.wake(LEFT)


def release_leases(tx: Transaction) -> int:
    """At the start of the only worker: what an earlier process held is due at once; how many jobs."""
    return tx.run("UPDATE jobs SET visible_at = ?, receipt = 0 WHERE receipt <> 0", tx.now_ms)


def _insert(tx: Transaction, kind: str, key: str, payload: Any, at_ms: int, trace: str, wait_key: str | None) -> int:
    job_id = tx.ids.ordered(tx.now_ms)
    tx.run(
        "INSERT INTO jobs (id, kind, key, visible_at, wait_key, payload, created_at, trace)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        job_id,
        kind,
        key,
        at_ms,
        wait_key,
        msgpack.packb(payload),
        tx.now_ms,
        trace,
    )
    tx.wake(DUE)
    return job_id


def _job(row: Row) -> Job:
    return Job(
        id=row[0],
        kind=row[1],
        key=row[2],
        payload=msgpack.unpackb(row[3], strict_map_key=False),
        attempts=row[4] + 1,
        due_at_ms=row[5],
        created_at_ms=row[6],
        trace=row[7],
        receipt=row[8],
    )
