"""Groups of users, and instance profiles, which hold a role."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags
from segue.errors import AwsError
from segue.services.iam.entities import (
    GROUP,
    INSTANCE_PROFILE,
    ROLE,
    USER,
    Entity,
    check_no_policies,
    create,
    delete,
    delete_conflict,
    entity_of,
    find_by_arn,
    list_page,
    page,
    page_after,
    resource_of,
)
from segue.services.iam.roles import role_members
from segue.services.iam.service import SERVICE
from segue.services.iam.users import user_members

_group = resource_of(GROUP)
_profile = resource_of(INSTANCE_PROFILE)


@SERVICE.operation("CreateGroup", resource=_group)
def create_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new group."""
    return {"Group": group_members(create(call, GROUP, params, {}))}


@SERVICE.operation("GetGroup", resource=_group)
def get_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A group and its users."""
    group = entity_of(call, GROUP, params)
    users = {user.name: user for user in _members_of(call, group)}
    answer = page(params, "Users", page_after(params, sorted(users)), lambda name: user_members(users[name]), str)
    return {"Group": group_members(group), **answer}


@SERVICE.operation("ListGroups")
def list_groups(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Groups by name."""
    return list_page(call, GROUP, params, "Groups", group_members)


@SERVICE.operation("DeleteGroup", resource=_group)
def delete_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a group that nothing hangs on any more."""
    group = entity_of(call, GROUP, params)
    if _members_of(call, group):
        raise delete_conflict("must remove users from group first.")
    check_no_policies(call.tx, group)
    delete(call.tx, group)
    return {}


@SERVICE.operation("AddUserToGroup", resource=_group)
def add_user_to_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A user joins a group."""
    _add(call, entity_of(call, GROUP, params), entity_of(call, USER, params))
    return {}


@SERVICE.operation("RemoveUserFromGroup", resource=_group)
def remove_user_from_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A user leaves a group."""
    _remove(call, entity_of(call, GROUP, params), entity_of(call, USER, params))
    return {}


@SERVICE.operation("ListGroupsForUser", resource=resource_of(USER))
def list_groups_for_user(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The groups of a user."""
    groups = {group.name: group for group in _holders_of(call, entity_of(call, USER, params))}
    return page(params, "Groups", page_after(params, sorted(groups)), lambda name: group_members(groups[name]), str)


@SERVICE.operation("CreateInstanceProfile", resource=_profile)
def create_instance_profile(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new instance profile."""
    profile = create(call, INSTANCE_PROFILE, params, {})
    add_tags(call.tx, profile.arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())})
    return {"InstanceProfile": _profile_members(call, profile)}


@SERVICE.operation("GetInstanceProfile", resource=_profile)
def get_instance_profile(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """An instance profile."""
    return {"InstanceProfile": _profile_members(call, entity_of(call, INSTANCE_PROFILE, params))}


@SERVICE.operation("ListInstanceProfiles")
def list_instance_profiles(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Instance profiles by name."""
    show = lambda profile: _profile_members(call, profile)  # noqa: E731
    return list_page(call, INSTANCE_PROFILE, params, "InstanceProfiles", show)


@SERVICE.operation("ListInstanceProfilesForRole", resource=resource_of(ROLE))
def list_instance_profiles_for_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The instance profiles that hold a role."""
    found = {profile.name: profile for profile in _holders_of(call, entity_of(call, ROLE, params))}
    names = page_after(params, sorted(found))
    return page(params, "InstanceProfiles", names, lambda name: _profile_members(call, found[name]), str)


@SERVICE.operation("DeleteInstanceProfile", resource=_profile)
def delete_instance_profile(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an instance profile that holds no role."""
    profile = entity_of(call, INSTANCE_PROFILE, params)
    if _members_of(call, profile):
        raise delete_conflict("must remove roles from instance profile first.")
    delete(call.tx, profile)
    return {}


@SERVICE.operation("AddRoleToInstanceProfile", resource=_profile)
def add_role_to_instance_profile(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Put the one role into an instance profile."""
    profile, role = entity_of(call, INSTANCE_PROFILE, params), entity_of(call, ROLE, params)
    if _members_of(call, profile):
        raise AwsError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", status=409)
    _add(call, profile, role)
    return {}


@SERVICE.operation("RemoveRoleFromInstanceProfile", resource=_profile)
def remove_role_from_instance_profile(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take the role out of an instance profile."""
    _remove(call, entity_of(call, INSTANCE_PROFILE, params), entity_of(call, ROLE, params))
    return {}


def _add(call: Call, holder: Entity, member: Entity) -> None:
    call.tx.run("INSERT INTO iam_members VALUES (?, ?) ON CONFLICT DO NOTHING", holder.arn, member.arn)


def _remove(call: Call, holder: Entity, member: Entity) -> None:
    if not call.tx.run("DELETE FROM iam_members WHERE group_arn = ? AND member_arn = ?", holder.arn, member.arn):
        raise AwsError("NoSuchEntity", f"The {member.kind} {member.name} is not in {holder.name}.", status=404)


def _members_of(call: Call, holder: Entity) -> list[Entity]:
    rows = call.tx.all("SELECT member_arn FROM iam_members WHERE group_arn = ?", holder.arn)
    return [found for row in rows if (found := find_by_arn(call.tx, row[0])) is not None]


def _holders_of(call: Call, member: Entity) -> list[Entity]:
    rows = call.tx.all("SELECT group_arn FROM iam_members WHERE member_arn = ?", member.arn)
    return [found for row in rows if (found := find_by_arn(call.tx, row[0])) is not None]


def group_members(group: Entity) -> dict[str, Any]:
    """A group as answers have it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created_at_ms,
    }


def _profile_members(call: Call, profile: Entity) -> dict[str, Any]:
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created_at_ms,
        "Roles": [role_members(role) for role in _members_of(call, profile)],
    }
