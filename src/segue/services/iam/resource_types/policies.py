"""AWS::IAM::Policy, AWS::IAM::ManagedPolicy, AWS::IAM::RolePolicy, AWS::IAM::UserPolicy, AWS::IAM::GroupPolicy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, is_gone, remove
from segue.errors import AwsError
from segue.services.iam.entities import GROUP, ROLE, USER, Kind
from segue.services.iam.resource_types.owned import attach, delete_policy, detach, put_policy
from segue.services.iam.service import SERVICE

_OWNERS = {"Groups": GROUP, "Roles": ROLE, "Users": USER}
_MANAGED_VERSIONS = 5


def _owners(properties: dict[str, Any]) -> Iterator[tuple[Kind, str]]:
    for member, kind in _OWNERS.items():
        for name in properties.get(member) or ():
            yield kind, name


def _put_policy(request: ResourceRequest) -> Resource:
    name, wanted = request.properties["PolicyName"], list(_owners(request.properties))
    if not wanted:
        raise AwsError("ValidationError", "At least one of [Groups,Roles,Users] must be non-empty.")
    for kind, owner in _owners(request.previous):
        if (kind, owner) not in wanted or request.changed("PolicyName"):
            delete_policy(request, kind, owner, request.previous["PolicyName"])
    for kind, owner in wanted:
        put_policy(request, kind, owner, name, request.properties["PolicyDocument"])
    made = request.physical_id or request.name("", 64)
    return Resource(made, {"Id": made})


def _delete_policy(request: ResourceRequest) -> None:
    for kind, owner in _owners(request.properties):
        delete_policy(request, kind, owner, request.properties["PolicyName"])


def _create_managed(request: ResourceRequest) -> Resource:
    given = {member: request.properties.get(member) for member in ("Path", "Description", "PolicyDocument")}
    params = {"PolicyName": request.name("ManagedPolicyName", 128), **given, "Tags": request.all_tags()}
    policy = request.perform("iam:CreatePolicy", params)["Policy"]
    for kind, owner in _owners(request.properties):
        attach(request, kind, owner, policy["Arn"])
    return _managed(request, policy["Arn"])


def _managed(request: ResourceRequest, arn: str) -> Resource:
    policy = request.perform("iam:GetPolicy", {"PolicyArn": arn})["Policy"]
    shown = ("AttachmentCount", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount", "PolicyId")
    dates = {member: _iso(policy[member]) for member in ("CreateDate", "UpdateDate")}
    return Resource(arn, {"PolicyArn": arn, **{member: policy[member] for member in shown}, **dates})


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _update_managed(request: ResourceRequest) -> Resource:
    arn, wanted, before = request.physical_id, list(_owners(request.properties)), list(_owners(request.previous))
    if request.changed("PolicyDocument"):
        _make_room(request, arn)
        params = {"PolicyArn": arn, "PolicyDocument": request.properties["PolicyDocument"], "SetAsDefault": True}
        request.perform("iam:CreatePolicyVersion", params)
    for kind, owner in before:
        if (kind, owner) not in wanted:
            detach(request, kind, owner, arn)
    for kind, owner in wanted:
        if (kind, owner) not in before:
            attach(request, kind, owner, arn)
    return _managed(request, arn)


def _make_room(request: ResourceRequest, arn: str) -> None:
    """A policy has five versions at most: the oldest that is not in force goes."""
    versions = request.perform("iam:ListPolicyVersions", {"PolicyArn": arn})["Versions"]
    if len(versions) >= _MANAGED_VERSIONS:
        idle = [version["VersionId"] for version in versions if not version["IsDefaultVersion"]]
        oldest = min(idle, key=lambda version: int(version[1:]))
        request.perform("iam:DeletePolicyVersion", {"PolicyArn": arn, "VersionId": oldest})


def _delete_managed(request: ResourceRequest) -> None:
    arn = request.physical_id
    for kind, owner in _owners(request.properties):
        detach(request, kind, owner, arn)
    try:
        versions = request.perform("iam:ListPolicyVersions", {"PolicyArn": arn})["Versions"]
    except AwsError as error:
        if is_gone(error):
            return
        raise
    for version in versions:
        if not version["IsDefaultVersion"]:
            remove(request, "iam:DeletePolicyVersion", {"PolicyArn": arn, "VersionId": version["VersionId"]})
    remove(request, "iam:DeletePolicy", {"PolicyArn": arn})


def _declare_owned(kind: Kind) -> None:
    """One embedded policy of one owner as a resource of its own; ``Ref`` gives ``PolicyName|OwnerName``."""

    def put(request: ResourceRequest) -> Resource:
        name, owner = request.properties["PolicyName"], request.properties[kind.name_member]
        put_policy(request, kind, owner, name, request.properties.get("PolicyDocument") or {})
        return Resource(f"{name}|{owner}")

    def delete(request: ResourceRequest) -> None:
        delete_policy(request, kind, request.properties[kind.name_member], request.properties["PolicyName"])

    replaces = frozenset({"PolicyName", kind.name_member})
    SERVICE.resource_type(ResourceType(f"AWS::IAM::{kind.title}Policy", put, delete, put, replaces))


SERVICE.resource_type(ResourceType("AWS::IAM::Policy", _put_policy, _delete_policy, _put_policy))
SERVICE.resource_type(
    ResourceType(
        "AWS::IAM::ManagedPolicy",
        _create_managed,
        _delete_managed,
        _update_managed,
        frozenset({"ManagedPolicyName", "Path", "Description"}),
    )
)
for _kind in (ROLE, USER, GROUP):
    _declare_owned(_kind)
