"""Rows of functions and their versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from segue.services.lambda_.names import LATEST, scope_of
from segue.store import Row, Transaction

_CACHED_CONFIGURATIONS = 512
CHANGED = "lambda:changed"
"""The wake key of those who follow which functions there are."""


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a function's role that its code works with; renewed while it is still good for a while."""

    role_arn: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    renew_at_ms: int = 0

    @property
    def is_of_account(self) -> bool:
        """Whether there is no such role, and the function works as its account."""
        return not self.session_token


@dataclass(frozen=True, slots=True)
class Function:
    """What all versions of a function share."""

    arn: str
    name: str
    latest_version: int
    reserved_concurrency: int | None
    session: Session


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """One version's code and configuration. ``ordinal`` 0 is ``$LATEST``; ``revision`` changes with every update.

    ``configuration`` holds the members of AWS's ``FunctionConfiguration`` that are stored as they are answered.
    """

    function_arn: str
    ordinal: int
    revision: str
    code_sha256: str
    code_size: int
    modified_at_ms: int
    configuration: Mapping[str, Any]

    @property
    def version(self) -> str:
        """``$LATEST`` or the number."""
        return str(self.ordinal) if self.ordinal else LATEST

    @property
    def arn(self) -> str:
        """The version's own ARN."""
        return f"{self.function_arn}:{self.version}"


_FUNCTION = (
    "arn, name, latest_version, reserved_concurrency, session_role, session_key, session_secret, session_token,"
    " session_renew_at"
)
_VERSION = "function_arn, ordinal, revision, code_sha256, code_size, modified_at, configuration"


def find_function(tx: Transaction, arn: str) -> Function | None:
    """The function with that unqualified ARN."""
    row = tx.one(f"SELECT {_FUNCTION} FROM lambda_functions WHERE arn = ?", arn)
    return None if row is None else Function(row[0], row[1], row[2], row[3], Session(*row[4:9]))


def find_version(tx: Transaction, arn: str, ordinal: int) -> FunctionVersion | None:
    """One version of a function."""
    row = tx.one(f"SELECT {_VERSION} FROM lambda_versions WHERE function_arn = ? AND ordinal = ?", arn, ordinal)
    return None if row is None else _version(row)


def list_latest(tx: Transaction, scope: str, after_name: str, limit: int) -> list[FunctionVersion]:
    """``$LATEST`` of the functions of an account and region whose names follow ``after_name``."""
    columns = ", ".join(f"v.{column.strip()}" for column in _VERSION.split(","))
    rows = tx.all(
        f"SELECT {columns} FROM lambda_functions f JOIN lambda_versions v ON v.function_arn = f.arn AND v.ordinal = 0"
        " WHERE f.scope = ? AND f.name > ? ORDER BY f.name LIMIT ?",
        scope,
        after_name,
        limit,
    )
    return [_version(row) for row in rows]


def list_versions(tx: Transaction, arn: str, from_ordinal: int, limit: int) -> list[FunctionVersion]:
    """Versions of a function from ``from_ordinal`` on."""
    rows = tx.all(
        f"SELECT {_VERSION} FROM lambda_versions WHERE function_arn = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?",
        arn,
        from_ordinal,
        limit,
    )
    return [_version(row) for row in rows]


def insert_function(tx: Transaction, arn: str, name: str, session: Session) -> None:
    """A new function, without versions yet."""
    tx.run(
        "INSERT INTO lambda_functions VALUES (?, ?, ?, 0, NULL, ?, ?, ?, ?, ?, ?)",
        arn,
        scope_of(arn),
        name,
        tx.now_ms,
        session.role_arn,
        session.access_key_id,
        session.secret_access_key,
        session.session_token,
        session.renew_at_ms,
    )


def save_session(tx: Transaction, arn: str, session: Session) -> None:
    """The function's new session."""
    tx.run(
        "UPDATE lambda_functions SET session_role = ?, session_key = ?, session_secret = ?, session_token = ?,"
        " session_renew_at = ? WHERE arn = ?",
        session.role_arn,
        session.access_key_id,
        session.secret_access_key,
        session.session_token,
        session.renew_at_ms,
        arn,
    )


def save_version(tx: Transaction, version: FunctionVersion) -> None:
    """A new version, or the new content of ``$LATEST``."""
    tx.run(
        f"INSERT INTO lambda_versions ({_VERSION})"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (function_arn, ordinal) DO UPDATE SET revision = excluded.revision,"
        " code_sha256 = excluded.code_sha256, code_size = excluded.code_size, modified_at = excluded.modified_at,"
        " configuration = excluded.configuration",
        version.function_arn,
        version.ordinal,
        version.revision,
        version.code_sha256,
        version.code_size,
        version.modified_at_ms,
        json.dumps(dict(version.configuration)),
    )
    tx.wake(CHANGED)


def delete_version(tx: Transaction, arn: str, ordinal: int) -> None:
    """One published version goes."""
    tx.run("DELETE FROM lambda_versions WHERE function_arn = ? AND ordinal = ?", arn, ordinal)


_BELONGINGS = (
    "versions",
    "aliases",
    "policies",
    "event_invoke_configs",
    "provisioned_concurrency",
    "urls",
    "settings",
)


def delete_function(tx: Transaction, arn: str) -> None:
    """The function and all that belongs to it, event source mappings excepted: AWS leaves them, too."""
    tx.run("DELETE FROM lambda_functions WHERE arn = ?", arn)
    for table in _BELONGINGS:
        tx.run(f"DELETE FROM lambda_{table} WHERE function_arn = ?", arn)
    tx.wake(CHANGED)


def runtimes_in_use(tx: Transaction) -> dict[str, str]:
    """Every function's runtime, by its ARN, for who gets environments ready."""
    rows = tx.all("SELECT function_arn, configuration FROM lambda_versions WHERE ordinal = 0")
    return {row[0]: _configuration(row[1]).get("Runtime", "") for row in rows}


def _version(row: Row) -> FunctionVersion:
    return FunctionVersion(row[0], row[1], row[2], row[3], row[4], row[5], _configuration(row[6]))


@lru_cache(_CACHED_CONFIGURATIONS)
def _configuration(text: str) -> Mapping[str, Any]:
    """The parsed configuration; hashing the text is some twenty times cheaper than parsing it."""
    found: Mapping[str, Any] = json.loads(text)
    return found
