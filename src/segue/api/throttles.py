"""Token buckets, as rows: how often something may happen.

A bucket holds up to ``burst`` tokens and gets ``rate`` of them a second; whoever finds less than one is refused. What
was counted outlives the process, and with several of them is counted once for all.

Source: API Gateway developer guide, "Throttle requests to your REST APIs" (the token bucket algorithm).
"""

from __future__ import annotations

from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE throttles (
        id TEXT PRIMARY KEY,
        tokens DOUBLE PRECISION NOT NULL,
        at BIGINT NOT NULL
    );
    CREATE INDEX throttles_at ON throttles (at);
    """,
)

_FORGOTTEN_AFTER_MS = 86_400_000


def take(tx: Transaction, bucket: str, rate: float, burst: int) -> bool:
    """Take a token; whether there was one.

    Args:
        bucket: whose.
        rate: tokens a second.
        burst: the most that it holds.
    """
    row = tx.one("SELECT tokens, at FROM throttles WHERE id = ?", bucket)
    tokens = float(burst)
    if row is not None:
        tokens = min(tokens, row[0] + max(0, tx.now_ms - row[1]) / 1000 * rate)
    allowed = tokens >= 1
    tx.run(
        "INSERT INTO throttles (id, tokens, at) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens, at = excluded.at",
        bucket,
        tokens - 1 if allowed else tokens,
        tx.now_ms,
    )
    return allowed


def prune(tx: Transaction, most: int) -> int:
    """Forget some of the buckets that nobody has asked for a day (they are full); how many."""
    rows = tx.all("SELECT id FROM throttles WHERE at < ? LIMIT ?", tx.now_ms - _FORGOTTEN_AFTER_MS, most)
    for row in rows:
        tx.run("DELETE FROM throttles WHERE id = ?", row[0])
    return len(rows)
