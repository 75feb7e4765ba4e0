"""Who is behind an access key, and which policies speak for them: what the door asks of identity management."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from segue.api.caller import Caller
from segue.arn import is_account, parse_arn
from segue.errors import AwsError
from segue.services.iam.aws_managed import document_of
from segue.store import Transaction

_INLINE = "SELECT document FROM iam_inline_policies WHERE owner_arn = ?"
_ATTACHED = (
    "SELECT a.policy_arn, v.document FROM iam_attachments a"
    " LEFT JOIN iam_policies p ON p.arn = a.policy_arn"
    " LEFT JOIN iam_policy_versions v ON v.policy_arn = p.arn AND v.version = p.default_version"
    " WHERE a.owner_arn = ?"
)


class IamIdentity:
    """The answers from the tables of IAM, and of STS for sessions."""

    def caller(self, tx: Transaction, access_key: str, session_token: str | None) -> Caller | None:
        """The caller behind an access key; ``None`` for a key that nobody issued.

        A key of digits is the root of that account: the convention by which tests pick an account.

        Raises:
            AwsError: ``ExpiredTokenException`` for a session that is over, ``UnrecognizedClientException`` for a key
                that is inactive or comes with another session's token.
        """
        if is_account(access_key):
            return Caller(account=access_key, access_key=access_key)
        if access_key.startswith("ASIA"):
            return self._session(tx, access_key, session_token)
        if not access_key.startswith("AKIA"):
            return None
        row = tx.one("SELECT user_arn, status FROM iam_access_keys WHERE id = ?", access_key)
        if row is None:
            return None
        if row[1] != "Active":
            raise _invalid()
        return Caller(account=parse_arn(row[0]).account, kind="user", arn=row[0], access_key=access_key)

    def secret(self, tx: Transaction, access_key: str) -> str | None:
        """The secret that an issued key signs with."""
        row = tx.one("SELECT secret FROM iam_access_keys WHERE id = ?", access_key) or tx.one(
            "SELECT secret FROM sts_sessions WHERE access_key = ?", access_key
        )
        return None if row is None else str(row[0])

    def policies(self, tx: Transaction, caller: Caller) -> list[dict[str, Any]]:
        """The identity policies that speak for the caller: its own, its groups', or those of a session's role."""
        owner = caller.role_arn or caller.arn
        owners = [owner]
        if caller.kind == "user":
            owners += [str(row[0]) for row in tx.all("SELECT group_arn FROM iam_members WHERE member_arn = ?", owner)]
        return [_parsed(text) for arn in owners for text in documents_of(tx, arn)]

    def _session(self, tx: Transaction, access_key: str, session_token: str | None) -> Caller | None:
        row = tx.one(
            "SELECT account, kind, arn, role_arn, policies, expires_at, token FROM sts_sessions WHERE access_key = ?",
            access_key,
        )
        if row is None:
            return None
        if session_token != row[6]:
            raise _invalid()
        if row[5] <= tx.now_ms:
            raise AwsError("ExpiredTokenException", "The security token included in the request is expired", status=403)
        return Caller(
            account=row[0],
            kind=row[1],
            arn=row[2],
            role_arn=row[3],
            access_key=access_key,
            session_policies=tuple(_parsed(text) for text in json.loads(row[4])),
        )


def _invalid() -> AwsError:
    message = "The security token included in the request is invalid."
    return AwsError("UnrecognizedClientException", message, status=403)


def documents_of(tx: Transaction, owner_arn: str) -> list[str]:
    """The policy documents of a user, group or role: inline ones, and the default versions of the attached."""
    documents = [str(row[0]) for row in tx.all(_INLINE, owner_arn)]
    for arn, document in tx.all(_ATTACHED, owner_arn):
        text = document or document_of(arn)
        if text is not None:
            documents.append(text)
    return documents


@lru_cache(maxsize=2_048)
def _parsed(text: str) -> dict[str, Any]:
    """The same object for the same text, so that the evaluator compiles it once."""
    parsed: dict[str, Any] = json.loads(text)
    return parsed
