"""Users and their access keys."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags
from segue.errors import AwsError
from segue.services.iam.entities import (
    USER,
    Entity,
    check_no_policies,
    create,
    delete,
    delete_conflict,
    entity_arn,
    entity_of,
    find_by_arn,
    list_page,
    page,
    page_after,
    resource_of,
    save_details,
    shown_tags,
)
from segue.services.iam.roles import with_boundary
from segue.services.iam.service import SERVICE

_MAX_KEYS = 2
_user = resource_of(USER)


@SERVICE.operation("CreateUser", resource=_user)
def create_user(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new user."""
    details = {"PermissionsBoundary": params["PermissionsBoundary"]} if "PermissionsBoundary" in params else {}
    user = create(call, USER, params, details)
    tags = params.get("Tags", ())
    add_tags(call.tx, user.arn, {tag["Key"]: tag["Value"] for tag in tags})
    shown = user_members(user)
    return {"User": {**shown, "Tags": list(tags)} if tags else shown}


@SERVICE.operation("GetUser", resource=_user)
def get_user(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A user: the one named, or the caller."""
    if "UserName" not in params and call.caller.kind != "user":
        if call.caller.kind != "root":
            raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
        return {"User": {"UserId": call.account, "Arn": call.caller.principal_arn, "CreateDate": 0}}
    user = user_of(call, params)
    shown = user_members(user)
    tags = shown_tags(call, user.arn)
    return {"User": {**shown, "Tags": tags} if tags else shown}


@SERVICE.operation("ListUsers")
def list_users(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Users by name."""
    return list_page(call, USER, params, "Users", user_members)


@SERVICE.operation("UpdateUser", resource=_user)
def update_user(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Give a user another name or path: all that is kept by its ARN moves along."""
    user = entity_of(call, USER, params)
    name, path = params.get("NewUserName", user.name), params.get("NewPath", user.path)
    arn = entity_arn(call, USER, name, path)
    if name.lower() != user.name.lower() and call.tx.one(
        "SELECT 1 FROM iam_entities WHERE account = ? AND kind = 'user' AND lower_name = ?", call.account, name.lower()
    ):
        raise AwsError("EntityAlreadyExists", f"User with name {name} already exists.", status=409)
    call.tx.run(
        "UPDATE iam_entities SET arn = ?, name = ?, lower_name = ?, path = ? WHERE arn = ?",
        arn,
        name,
        name.lower(),
        path,
        user.arn,
    )
    for table, column in (
        ("iam_members", "member_arn"),
        ("iam_inline_policies", "owner_arn"),
        ("iam_attachments", "owner_arn"),
        ("iam_access_keys", "user_arn"),
        ("tags", "arn"),
    ):
        call.tx.run(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", arn, user.arn)
    return {}


@SERVICE.operation("PutUserPermissionsBoundary", resource=_user)
def put_user_permissions_boundary(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Set the boundary, which is stored and returned."""
    user = entity_of(call, USER, params)
    save_details(call.tx, user.arn, {**user.details, "PermissionsBoundary": params["PermissionsBoundary"]})
    return {}


@SERVICE.operation("DeleteUserPermissionsBoundary", resource=_user)
def delete_user_permissions_boundary(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove the boundary."""
    user = entity_of(call, USER, params)
    save_details(call.tx, user.arn, {})
    return {}


@SERVICE.operation("DeleteUser", resource=_user)
def delete_user(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a user that nothing hangs on any more."""
    user = entity_of(call, USER, params)
    if call.tx.one("SELECT 1 FROM iam_members WHERE member_arn = ?", user.arn) is not None:
        raise delete_conflict("must remove users from group first.")
    if call.tx.one("SELECT 1 FROM iam_access_keys WHERE user_arn = ?", user.arn) is not None:
        raise delete_conflict("must delete access keys first.")
    check_no_policies(call.tx, user)
    delete(call.tx, user)
    return {}


@SERVICE.operation("CreateAccessKey", resource=_user)
def create_access_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new access key, whose secret is told this once."""
    user = user_of(call, params)
    keys = call.tx.all("SELECT id FROM iam_access_keys WHERE user_arn = ?", user.arn)
    if len(keys) >= _MAX_KEYS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_MAX_KEYS}", status=409)
    key, secret = "AKIA" + call.tx.ids.alphanumeric(16), call.tx.ids.token(30)
    call.tx.run("INSERT INTO iam_access_keys VALUES (?, ?, ?, 'Active', ?)", key, user.arn, secret, call.now_ms)
    shown = {
        "UserName": user.name,
        "AccessKeyId": key,
        "Status": "Active",
        "SecretAccessKey": secret,
        "CreateDate": call.now_ms,
    }
    return {"AccessKey": shown}


@SERVICE.operation("ListAccessKeys", resource=_user)
def list_access_keys(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A user's keys, without their secrets."""
    user = user_of(call, params)
    rows = call.tx.all("SELECT id, status, created_at FROM iam_access_keys WHERE user_arn = ? ORDER BY id", user.arn)
    known = {
        row[0]: {"UserName": user.name, "AccessKeyId": row[0], "Status": row[1], "CreateDate": row[2]} for row in rows
    }
    return page(params, "AccessKeyMetadata", page_after(params, list(known)), lambda key: known[key], str)


@SERVICE.operation("UpdateAccessKey", resource=_user)
def update_access_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a key active or inactive."""
    user = user_of(call, params)
    changed = call.tx.run(
        "UPDATE iam_access_keys SET status = ? WHERE id = ? AND user_arn = ?",
        params["Status"],
        params["AccessKeyId"],
        user.arn,
    )
    if not changed:
        raise _no_such_key(params)
    return {}


@SERVICE.operation("DeleteAccessKey", resource=_user)
def delete_access_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a key."""
    user = user_of(call, params)
    if not call.tx.run("DELETE FROM iam_access_keys WHERE id = ? AND user_arn = ?", params["AccessKeyId"], user.arn):
        raise _no_such_key(params)
    return {}


def user_of(call: Call, params: dict[str, Any]) -> Entity:
    """The user that the input names, or the caller where it names none."""
    if "UserName" in params:
        return entity_of(call, USER, params)
    found = find_by_arn(call.tx, call.caller.arn) if call.caller.kind == "user" else None
    if found is None:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return found


def _no_such_key(params: dict[str, Any]) -> AwsError:
    return AwsError("NoSuchEntity", f"The Access Key with id {params['AccessKeyId']} cannot be found.", status=404)


def user_members(user: Entity) -> dict[str, Any]:
    """A user as answers have it."""
    members: dict[str, Any] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created_at_ms,
        **user.details,
    }
    return with_boundary(members)
