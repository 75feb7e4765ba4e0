"""AWS::IAM::Role, AWS::IAM::Group, AWS::IAM::InstanceProfile, AWS::IAM::ServiceLinkedRole."""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove
from segue.services.iam.entities import GROUP, ROLE
from segue.services.iam.resource_types.owned import attach_policies, put_boundary, put_policies, put_tags, release
from segue.services.iam.service import SERVICE

_ROLE_MEMBERS = ("Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary")
_DEFAULT_SESSION_SECONDS = 3_600


def _create_role(request: ResourceRequest) -> Resource:
    name, properties = request.name("RoleName"), request.properties
    given = {member: properties[member] for member in _ROLE_MEMBERS if member in properties}
    role = request.perform("iam:CreateRole", {"RoleName": name, **given, "Tags": request.all_tags()})["Role"]
    attach_policies(request, ROLE, name)
    put_policies(request, ROLE, name)
    return Resource(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _update_role(request: ResourceRequest) -> Resource:
    name, properties = request.physical_id, request.properties
    if request.changed("AssumeRolePolicyDocument"):
        params = {"RoleName": name, "PolicyDocument": properties["AssumeRolePolicyDocument"]}
        request.perform("iam:UpdateAssumeRolePolicy", params)
    if request.changed("Description", "MaxSessionDuration"):
        seconds = properties.get("MaxSessionDuration", _DEFAULT_SESSION_SECONDS)
        params = {"Description": properties.get("Description", ""), "MaxSessionDuration": seconds}
        request.perform("iam:UpdateRole", {"RoleName": name, **params})
    put_boundary(request, ROLE, name)
    attach_policies(request, ROLE, name)
    put_policies(request, ROLE, name)
    put_tags(request, "Role", "RoleName", name)
    return Resource(name, request.attributes)


def _delete_role(request: ResourceRequest) -> None:
    release(request, ROLE, request.physical_id)
    remove(request, "iam:DeleteRole", {"RoleName": request.physical_id})


def _create_group(request: ResourceRequest) -> Resource:
    name = request.name("GroupName", 128)
    group = request.perform("iam:CreateGroup", {"GroupName": name, "Path": request.properties.get("Path")})["Group"]
    attach_policies(request, GROUP, name)
    put_policies(request, GROUP, name)
    return Resource(name, {"Arn": group["Arn"]})


def _update_group(request: ResourceRequest) -> Resource:
    attach_policies(request, GROUP, request.physical_id)
    put_policies(request, GROUP, request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _delete_group(request: ResourceRequest) -> None:
    release(request, GROUP, request.physical_id)
    remove(request, "iam:DeleteGroup", {"GroupName": request.physical_id})


def _create_profile(request: ResourceRequest) -> Resource:
    name = request.name("InstanceProfileName", 128)
    params = {"InstanceProfileName": name, "Path": request.properties.get("Path")}
    profile = request.perform("iam:CreateInstanceProfile", params)["InstanceProfile"]
    for role in request.properties["Roles"]:
        request.perform("iam:AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": role})
    return Resource(name, {"Arn": profile["Arn"]})


def _update_profile(request: ResourceRequest) -> Resource:
    name, wanted, before = request.physical_id, request.properties["Roles"], request.previous["Roles"]
    for role in before:
        if role not in wanted:
            params = {"InstanceProfileName": name, "RoleName": role}
            remove(request, "iam:RemoveRoleFromInstanceProfile", params)
    for role in wanted:
        if role not in before:
            request.perform("iam:AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": role})
    return Resource(name, request.attributes)


def _delete_profile(request: ResourceRequest) -> None:
    name = request.physical_id
    for role in request.properties["Roles"]:
        remove(request, "iam:RemoveRoleFromInstanceProfile", {"InstanceProfileName": name, "RoleName": role})
    remove(request, "iam:DeleteInstanceProfile", {"InstanceProfileName": name})


def _create_service_linked_role(request: ResourceRequest) -> Resource:
    members = ("AWSServiceName", "Description", "CustomSuffix")
    params = {member: request.properties.get(member) for member in members}
    role = request.perform("iam:CreateServiceLinkedRole", params)["Role"]
    return Resource(role["RoleName"], {"RoleName": role["RoleName"]})


def _update_service_linked_role(request: ResourceRequest) -> Resource:
    params = {"RoleName": request.physical_id, "Description": request.properties.get("Description", "")}
    request.perform("iam:UpdateRoleDescription", params)
    return Resource(request.physical_id, request.attributes)


def _delete_service_linked_role(request: ResourceRequest) -> None:
    remove(request, "iam:DeleteServiceLinkedRole", {"RoleName": request.physical_id})


SERVICE.resource_type(
    ResourceType("AWS::IAM::Role", _create_role, _delete_role, _update_role, frozenset({"RoleName", "Path"}))
)
SERVICE.resource_type(
    # Names and paths could be changed in place, but no operation here does; a new group is made instead.
    ResourceType("AWS::IAM::Group", _create_group, _delete_group, _update_group, frozenset({"GroupName", "Path"}))
)
SERVICE.resource_type(
    ResourceType(
        "AWS::IAM::InstanceProfile",
        _create_profile,
        _delete_profile,
        _update_profile,
        frozenset({"InstanceProfileName", "Path"}),
    )
)
SERVICE.resource_type(
    ResourceType(
        "AWS::IAM::ServiceLinkedRole",
        _create_service_linked_role,
        _delete_service_linked_role,
        _update_service_linked_role,
        frozenset({"AWSServiceName", "CustomSuffix"}),
    )
)
