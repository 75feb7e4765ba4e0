"""Roles."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags
from segue.services.iam.documents import checked, encoded
from segue.services.iam.entities import (
    ROLE,
    Entity,
    check_no_policies,
    create,
    delete,
    delete_conflict,
    entity_of,
    list_page,
    resource_of,
    save_details,
    shown_tags,
)
from segue.services.iam.service import SERVICE

_role = resource_of(ROLE)


@SERVICE.operation("CreateRole", resource=_role)
def create_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new role with its trust policy."""
    trust = checked(params["AssumeRolePolicyDocument"], "trust")
    details: dict[str, Any] = {"MaxSessionDuration": params.get("MaxSessionDuration", 3_600)}
    if "Description" in params:
        details["Description"] = params["Description"]
    if "PermissionsBoundary" in params:
        details["PermissionsBoundary"] = params["PermissionsBoundary"]
    role = create(call, ROLE, params, details, trust)
    tags = params.get("Tags", ())
    add_tags(call.tx, role.arn, {tag["Key"]: tag["Value"] for tag in tags})
    shown = role_members(role)
    if "MaxSessionDuration" not in params:
        del shown["MaxSessionDuration"]
    return {"Role": {**shown, "Tags": list(tags)} if tags else shown}


@SERVICE.operation("GetRole", resource=_role)
def get_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A role."""
    role = entity_of(call, ROLE, params)
    shown = {**role_members(role), "RoleLastUsed": {}}
    tags = shown_tags(call, role.arn)
    return {"Role": {**shown, "Tags": tags} if tags else shown}


@SERVICE.operation("ListRoles")
def list_roles(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Roles by name."""
    return list_page(call, ROLE, params, "Roles", role_members)


@SERVICE.operation("UpdateRole", resource=_role)
def update_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change the description or the longest session."""
    _update(call, params, ("Description", "MaxSessionDuration"))
    return {}


@SERVICE.operation("UpdateRoleDescription", resource=_role)
def update_role_description(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change the description."""
    return {"Role": role_members(_update(call, params, ("Description",)))}


@SERVICE.operation("PutRolePermissionsBoundary", resource=_role)
def put_role_permissions_boundary(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Set the boundary, which is stored and returned."""
    _update(call, params, ("PermissionsBoundary",))
    return {}


@SERVICE.operation("DeleteRolePermissionsBoundary", resource=_role)
def delete_role_permissions_boundary(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove the boundary."""
    role = entity_of(call, ROLE, params)
    save_details(call.tx, role.arn, {key: value for key, value in role.details.items() if key != "PermissionsBoundary"})
    return {}


@SERVICE.operation("UpdateAssumeRolePolicy", resource=_role)
def update_assume_role_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Replace the trust policy."""
    role = entity_of(call, ROLE, params)
    trust = checked(params["PolicyDocument"], "trust")
    call.tx.run("UPDATE iam_entities SET trust = ? WHERE arn = ?", trust, role.arn)
    return {}


@SERVICE.operation("DeleteRole", resource=_role)
def delete_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a role that nothing hangs on any more."""
    role = entity_of(call, ROLE, params)
    if call.tx.one("SELECT 1 FROM iam_members WHERE member_arn = ?", role.arn) is not None:
        raise delete_conflict("must remove roles from instance profile first.")
    check_no_policies(call.tx, role)
    delete(call.tx, role)
    return {}


def _update(call: Call, params: dict[str, Any], members: tuple[str, ...]) -> Entity:
    role = entity_of(call, ROLE, params)
    role.details.update({member: params[member] for member in members if member in params})
    save_details(call.tx, role.arn, role.details)
    return role


def role_members(role: Entity) -> dict[str, Any]:
    """A role as answers have it."""
    members: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created_at_ms,
        "AssumeRolePolicyDocument": encoded(role.trust or ""),
        **role.details,
    }
    return with_boundary(members)


def with_boundary(members: dict[str, Any]) -> dict[str, Any]:
    """The boundary in the form of answers."""
    boundary = members.get("PermissionsBoundary")
    if boundary is None:
        return members
    shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    return {**members, "PermissionsBoundary": shown}
