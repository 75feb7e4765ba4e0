"""Users, groups, roles and instance profiles: what they share as rows, names and errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import tags_of
from segue.arn import partition_of
from segue.errors import AwsError
from segue.store import Row, Transaction

_PAGE = 100
_COLUMNS = "arn, kind, account, name, path, id, created_at, trust, details"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: its word in ARNs, in texts, the member that names it, and how its ids begin."""

    word: str
    title: str
    name_member: str
    id_prefix: str


ROLE = Kind("role", "Role", "RoleName", "AROA")
USER = Kind("user", "User", "UserName", "AIDA")
GROUP = Kind("group", "Group", "GroupName", "AGPA")
INSTANCE_PROFILE = Kind("instance-profile", "InstanceProfile", "InstanceProfileName", "AIPA")


@dataclass(frozen=True, slots=True)
class Entity:
    """One user, group, role or instance profile. ``details`` holds what only some have (Description, …)."""

    arn: str
    kind: str
    account: str
    name: str
    path: str
    id: str
    created_at_ms: int
    trust: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def entity_arn(call: Call, kind: Kind, name: str, path: str = "/") -> str:
    """The ARN of an entity of the caller's account."""
    return f"arn:{partition_of(call.region)}:iam::{call.account}:{kind.word}{path}{name}"


def find(tx: Transaction, account: str, kind: Kind, name: str) -> Entity | None:
    """The entity of that name."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM iam_entities WHERE account = ? AND kind = ? AND lower_name = ?",
        account,
        kind.word,
        name.lower(),
    )
    return None if row is None or row[3] != name else _entity(row)


def find_by_arn(tx: Transaction, arn: str) -> Entity | None:
    """The entity of that ARN."""
    row = tx.one(f"SELECT {_COLUMNS} FROM iam_entities WHERE arn = ?", arn)
    return None if row is None else _entity(row)


def entity_of(call: Call, kind: Kind, params: dict[str, Any]) -> Entity:
    """The entity that the input names.

    Raises:
        AwsError: ``NoSuchEntity``.
    """
    name = params[kind.name_member]
    found = find(call.tx, call.account, kind, name)
    if found is None:
        raise no_such(kind, name)
    return found


def no_such(kind: Kind, name: str) -> AwsError:
    """The error for an entity that does not exist."""
    if kind is INSTANCE_PROFILE:
        return AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.", status=404)
    return AwsError("NoSuchEntity", f"The {kind.word} with name {name} cannot be found.", status=404)


def create(call: Call, kind: Kind, params: dict[str, Any], details: dict[str, Any], trust: str | None = None) -> Entity:
    """Write a new entity down.

    Raises:
        AwsError: ``EntityAlreadyExists``; names differ in more than their case.
    """
    name, path = params[kind.name_member], params.get("Path", "/")
    known = call.tx.one(
        "SELECT 1 FROM iam_entities WHERE account = ? AND kind = ? AND lower_name = ?",
        call.account,
        kind.word,
        name.lower(),
    )
    if known is not None:
        title = "Instance Profile" if kind is INSTANCE_PROFILE else f"{kind.title} with name"
        raise AwsError("EntityAlreadyExists", f"{title} {name} already exists.", status=409)
    entity = Entity(
        entity_arn(call, kind, name, path),
        kind.word,
        call.account,
        name,
        path,
        kind.id_prefix + call.tx.ids.alphanumeric(17),
        call.now_ms,
        trust,
        details,
    )
    call.tx.run(
        "INSERT INTO iam_entities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entity.arn,
        entity.kind,
        entity.account,
        entity.name,
        entity.name.lower(),
        entity.path,
        entity.id,
        entity.created_at_ms,
        entity.trust,
        json.dumps(entity.details),
    )
    return entity


def save_details(tx: Transaction, arn: str, details: dict[str, Any]) -> None:
    """Write what may change of an entity."""
    tx.run("UPDATE iam_entities SET details = ? WHERE arn = ?", json.dumps(details), arn)


def delete(tx: Transaction, entity: Entity) -> None:
    """The entity is gone, with its tags; what must be removed before it has been."""
    tx.run("DELETE FROM iam_entities WHERE arn = ?", entity.arn)
    tx.run("DELETE FROM tags WHERE arn = ?", entity.arn)


def check_no_policies(tx: Transaction, entity: Entity) -> None:
    """Raise ``DeleteConflict`` while policies are attached or embedded."""
    if tx.one("SELECT 1 FROM iam_attachments WHERE owner_arn = ?", entity.arn) is not None:
        raise delete_conflict("must detach all policies first.")
    if tx.one("SELECT 1 FROM iam_inline_policies WHERE owner_arn = ?", entity.arn) is not None:
        raise delete_conflict("must delete policies first.")


def delete_conflict(what: str) -> AwsError:
    """The error for an entity that something still hangs on."""
    return AwsError("DeleteConflict", f"Cannot delete entity, {what}", status=409)


def list_page(
    call: Call, kind: Kind, params: dict[str, Any], member: str, show: Callable[[Entity], dict[str, Any]]
) -> dict[str, Any]:
    """A page of the account's entities of a kind, by name."""
    prefix = params.get("PathPrefix", "/")
    rows = call.tx.all(
        f"SELECT {_COLUMNS} FROM iam_entities WHERE account = ? AND kind = ? AND lower_name > ?"
        " AND substr(path, 1, ?) = ? ORDER BY lower_name LIMIT ?",
        call.account,
        kind.word,
        marker_of(params),
        len(prefix),
        prefix,
        params.get("MaxItems", _PAGE) + 1,
    )
    return page(params, member, [_entity(row) for row in rows], show, lambda entity: entity.name.lower())


def page(
    params: dict[str, Any],
    member: str,
    found: list[Any],
    show: Callable[[Any], Any],
    key: Callable[[Any], str],
) -> dict[str, Any]:
    """An answer of at most ``MaxItems``, of what was looked for after the marker (one more than fits)."""
    limit = params.get("MaxItems", _PAGE)
    answer: dict[str, Any] = {member: [show(one) for one in found[:limit]], "IsTruncated": len(found) > limit}
    if len(found) > limit:
        answer["Marker"] = encode_token(key(found[limit - 1]))
    return answer


def marker_of(params: dict[str, Any]) -> str:
    """After which key the page begins."""
    if not params.get("Marker"):
        return ""
    return str(decode_token(params["Marker"], "ValidationError", "Invalid Marker.")[0])


def page_after(params: dict[str, Any], found: list[str]) -> list[str]:
    """Of all keys in order those of the page, and one more."""
    after = marker_of(params)
    return [key for key in found if key > after][: params.get("MaxItems", _PAGE) + 1]


def shown_tags(call: Call, arn: str) -> list[dict[str, str]]:
    """Tags as answers have them."""
    return [{"Key": key, "Value": value} for key, value in tags_of(call.tx, arn).items()]


def _entity(row: Row) -> Entity:
    return Entity(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], json.loads(row[8]))


def resource_of(kind: Kind) -> Callable[[Call, dict[str, Any]], str]:
    """What a policy must allow: the entity that the input names."""

    def resource(call: Call, params: dict[str, Any]) -> str:
        name = params.get(kind.name_member)
        if not name:
            return "*"
        known = find(call.tx, call.account, kind, name)
        return known.arn if known else entity_arn(call, kind, name, params.get("Path", "/"))

    return resource
