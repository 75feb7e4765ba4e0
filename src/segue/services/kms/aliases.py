"""Aliases: other names of keys.

Source: API reference, CreateAlias, UpdateAlias, DeleteAlias, ListAliases.
"""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.kms import records
from segue.services.kms.keys import marker, next_page
from segue.services.kms.records import Alias
from segue.services.kms.service import SERVICE, existing, key_arn, scope_of

_NAME = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}", re.ASCII)
_PAGE = 50


def _check(name: str) -> None:
    if not name.startswith("alias/"):
        raise AwsError(
            "ValidationException", 'Alias must start with the prefix "alias/". Please see the API reference.'
        )
    if not _NAME.fullmatch(name):
        raise AwsError("InvalidAliasNameException", f"Invalid alias name {name}")
    if name.startswith("alias/aws/"):
        raise AwsError(
            "NotAuthorizedException", "Aliases that begin with alias/aws/ are for the keys that AWS manages."
        )


def _alias_arn(call: Call, params: dict[str, Any]) -> str:
    return call.arn("kms", str(params["AliasName"]))


def _missing(call: Call, name: str) -> AwsError:
    return AwsError("NotFoundException", f"Alias {call.arn('kms', name)} is not found.")


@SERVICE.operation("CreateAlias", resource=key_arn)
def create_alias(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Give a key another name."""
    name = params["AliasName"]
    _check(name)
    key = existing(call, params["TargetKeyId"])
    if records.find_alias(call.tx, scope_of(call), name) is not None:
        message = f"An alias with the name {call.arn('kms', name)} already exists"
        raise AwsError("AlreadyExistsException", message)
    records.save_alias(call.tx, Alias(scope_of(call), name, key.id, call.now_ms, call.now_ms))
    return {}


@SERVICE.operation("UpdateAlias", resource=key_arn)
def update_alias(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a name mean another key."""
    name = params["AliasName"]
    _check(name)
    key, known = existing(call, params["TargetKeyId"]), records.find_alias(call.tx, scope_of(call), name)
    if known is None:
        raise _missing(call, name)
    records.save_alias(call.tx, known._replace(key_id=key.id, updated_at_ms=call.now_ms))
    return {}


@SERVICE.operation("DeleteAlias", resource=_alias_arn)
def delete_alias(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take a name away; its key stays."""
    _check(params["AliasName"])
    if not records.delete_alias(call.tx, scope_of(call), params["AliasName"]):
        raise _missing(call, params["AliasName"])
    return {}


@SERVICE.operation("ListAliases", reads=True)
def list_aliases(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Names by name, of one key or of all."""
    limit, key_id = params.get("Limit", _PAGE), ""
    if params.get("KeyId"):
        key_id = existing(call, params["KeyId"]).id
    found = records.aliases_after(call.tx, scope_of(call), key_id, marker(params), limit + 1)
    shown = [
        {
            "AliasName": alias.name,
            "AliasArn": call.arn("kms", alias.name),
            "TargetKeyId": alias.key_id,
            "CreationDate": alias.created_at_ms,
            "LastUpdatedDate": alias.updated_at_ms,
        }
        for alias in found[:limit]
    ]
    return {"Aliases": shown, **next_page(found, limit, lambda alias: alias.name)}
