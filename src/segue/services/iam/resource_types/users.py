"""AWS::IAM::User, AWS::IAM::AccessKey, AWS::IAM::UserToGroupAddition."""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove
from segue.services.iam.entities import USER
from segue.services.iam.resource_types.owned import attach_policies, put_boundary, put_policies, put_tags, release
from segue.services.iam.service import SERVICE


def _create_user(request: ResourceRequest) -> Resource:
    name, properties = request.name("UserName"), request.properties
    params = {member: properties.get(member) for member in ("Path", "PermissionsBoundary")}
    params.update(UserName=name, Tags=request.all_tags())
    user = request.perform("iam:CreateUser", params)["User"]
    if "LoginProfile" in properties:
        request.notes.append("LoginProfile has no effect: there is no console to sign in to.")
    _complete(request, name)
    return Resource(name, {"Arn": user["Arn"]})


def _update_user(request: ResourceRequest) -> Resource:
    put_boundary(request, USER, request.physical_id)
    put_tags(request, "User", "UserName", request.physical_id)
    _complete(request, request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _complete(request: ResourceRequest, name: str) -> None:
    attach_policies(request, USER, name)
    put_policies(request, USER, name)
    wanted, before = request.properties.get("Groups") or [], request.previous.get("Groups") or []
    for group in before:
        if group not in wanted:
            remove(request, "iam:RemoveUserFromGroup", {"GroupName": group, "UserName": name})
    for group in wanted:
        request.perform("iam:AddUserToGroup", {"GroupName": group, "UserName": name})


def _delete_user(request: ResourceRequest) -> None:
    name = request.physical_id
    for group in request.properties.get("Groups") or ():
        remove(request, "iam:RemoveUserFromGroup", {"GroupName": group, "UserName": name})
    release(request, USER, name)
    remove(request, "iam:DeleteUser", {"UserName": name})


def _create_access_key(request: ResourceRequest) -> Resource:
    key = request.perform("iam:CreateAccessKey", {"UserName": request.properties["UserName"]})["AccessKey"]
    made = Resource(key["AccessKeyId"], {"Id": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})
    if request.properties.get("Status", "Active") != "Active":
        _set_status(request, made.physical_id)
    return made


def _update_access_key(request: ResourceRequest) -> Resource:
    _set_status(request, request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _set_status(request: ResourceRequest, key: str) -> None:
    status, user = request.properties.get("Status", "Active"), request.properties["UserName"]
    request.perform("iam:UpdateAccessKey", {"UserName": user, "AccessKeyId": key, "Status": status})


def _delete_access_key(request: ResourceRequest) -> None:
    params = {"UserName": request.properties["UserName"], "AccessKeyId": request.physical_id}
    remove(request, "iam:DeleteAccessKey", params)


def _add_to_group(request: ResourceRequest) -> Resource:
    group, users = request.properties["GroupName"], request.properties["Users"]
    for user in request.previous.get("Users", ()):
        if user not in users:
            remove(request, "iam:RemoveUserFromGroup", {"GroupName": group, "UserName": user})
    for user in users:
        request.perform("iam:AddUserToGroup", {"GroupName": group, "UserName": user})
    made = request.physical_id or request.name("", 128)
    return Resource(made, {"Id": made})


def _remove_from_group(request: ResourceRequest) -> None:
    for user in request.properties["Users"]:
        params = {"GroupName": request.properties["GroupName"], "UserName": user}
        remove(request, "iam:RemoveUserFromGroup", params)


SERVICE.resource_type(
    ResourceType("AWS::IAM::User", _create_user, _delete_user, _update_user, frozenset({"UserName", "Path"}))
)
SERVICE.resource_type(
    ResourceType(
        "AWS::IAM::AccessKey",
        _create_access_key,
        _delete_access_key,
        _update_access_key,
        frozenset({"UserName", "Serial"}),
    )
)
SERVICE.resource_type(
    ResourceType(
        "AWS::IAM::UserToGroupAddition", _add_to_group, _remove_from_group, _add_to_group, frozenset({"GroupName"})
    )
)
