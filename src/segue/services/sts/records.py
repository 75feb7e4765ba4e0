"""The sessions that have been issued. Identity management reads them to know a caller by its key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE sts_sessions (
        access_key TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        token TEXT NOT NULL,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        arn TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        user_id TEXT NOT NULL,
        policies TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    );
    CREATE INDEX sts_sessions_expiry ON sts_sessions (expires_at);
    """,
)

_EXPIRED_KEPT_MS = 86_400_000
_PRUNED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials.

    Attributes:
        kind: what the caller is with them: ``session`` of a role, a ``user``, or ``root``.
        arn: the caller's ARN (``…:assumed-role/NAME/SESSION``).
        role_arn: of a role's session, the role.
        user_id: ``AROA…:SESSION``.
        policies: documents that narrow the session.
    """

    access_key: str
    secret: str
    token: str
    account: str
    kind: str
    arn: str
    role_arn: str
    user_id: str
    policies: Sequence[str]
    expires_at_ms: int


def save_session(tx: Transaction, session: Session) -> None:
    """Write a session down, and forget some that expired a day ago."""
    tx.run(
        "INSERT INTO sts_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        session.access_key,
        session.secret,
        session.token,
        session.account,
        session.kind,
        session.arn,
        session.role_arn,
        session.user_id,
        json.dumps(list(session.policies)),
        session.expires_at_ms,
    )
    tx.run(
        "DELETE FROM sts_sessions WHERE access_key IN"
        " (SELECT access_key FROM sts_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
        tx.now_ms - _EXPIRED_KEPT_MS,
        _PRUNED_AT_ONCE,
    )


def user_id_of_session(tx: Transaction, access_key: str) -> str | None:
    """The unique id behind a session's key."""
    row = tx.one("SELECT user_id FROM sts_sessions WHERE access_key = ?", access_key)
    return None if row is None else str(row[0])


def account_of_key(tx: Transaction, access_key: str) -> str | None:
    """The account that a key was issued in, whether for a session or a user."""
    row = tx.one("SELECT account FROM sts_sessions WHERE access_key = ?", access_key)
    if row is not None:
        return str(row[0])
    row = tx.one("SELECT user_arn FROM iam_access_keys WHERE id = ?", access_key)
    return None if row is None else str(row[0]).split(":")[4]


CALLER_IDENTITY = "arn:aws:sts:::caller-identity"
"""Stands for asking who one is, which AWS allows everybody whatever their policies."""

_ASKING_WHO_ONE_IS = (
    '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:GetCallerIdentity", "Resource": "*"}}'
)


def resource_policy_of(tx: Transaction, arn: str) -> str | None:
    """Who may assume a role (its trust policy), and who may ask who they are (everybody)."""
    return _ASKING_WHO_ONE_IS if arn == CALLER_IDENTITY else trust_policy_of(tx, arn)


def trust_policy_of(tx: Transaction, role_arn: str) -> str | None:
    """A role's trust policy. Roles are IAM's; the row is read where it lies, as no service imports another."""
    row = tx.one("SELECT trust FROM iam_entities WHERE arn = ? AND kind = 'role'", role_arn)
    return None if row is None else str(row[0])


def unique_id_of(tx: Transaction, arn: str) -> tuple[str, int] | None:
    """The unique id of a role or user, and a role's longest session in seconds."""
    row = tx.one("SELECT id, details FROM iam_entities WHERE arn = ?", arn)
    if row is None:
        return None
    return str(row[0]), int(json.loads(row[1]).get("MaxSessionDuration", 3_600))
