"""What roles, users and groups have in common in templates: embedded policies, attached ones, tags."""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import ResourceRequest, remove
from segue.services.iam.entities import Kind


def put_policies(request: ResourceRequest, kind: Kind, owner: str) -> None:
    """The embedded policies as the template has them; those that it no longer has go."""
    wanted, before = _embedded(request.properties), _embedded(request.previous)
    for name in before.keys() - wanted.keys():
        delete_policy(request, kind, owner, name)
    for name, document in wanted.items():
        if before.get(name) != document:
            put_policy(request, kind, owner, name, document)


def put_policy(request: ResourceRequest, kind: Kind, owner: str, name: str, document: Any) -> None:
    """Embed one policy."""
    params = {kind.name_member: owner, "PolicyName": name, "PolicyDocument": document}
    request.perform(f"iam:Put{kind.title}Policy", params)


def delete_policy(request: ResourceRequest, kind: Kind, owner: str, name: str) -> None:
    """Take one embedded policy away."""
    remove(request, f"iam:Delete{kind.title}Policy", {kind.name_member: owner, "PolicyName": name})


def attach_policies(request: ResourceRequest, kind: Kind, owner: str) -> None:
    """The attachments as the template has them; those that it no longer has go."""
    wanted, before = _attached(request.properties), _attached(request.previous)
    for arn in before:
        if arn not in wanted:
            detach(request, kind, owner, arn)
    for arn in wanted:
        if arn not in before:
            attach(request, kind, owner, arn)


def attach(request: ResourceRequest, kind: Kind, owner: str, policy_arn: str) -> None:
    """Attach one policy."""
    request.perform(f"iam:Attach{kind.title}Policy", {kind.name_member: owner, "PolicyArn": policy_arn})


def detach(request: ResourceRequest, kind: Kind, owner: str, policy_arn: str) -> None:
    """Detach one policy."""
    remove(request, f"iam:Detach{kind.title}Policy", {kind.name_member: owner, "PolicyArn": policy_arn})


def release(request: ResourceRequest, kind: Kind, owner: str) -> None:
    """Take away what the template has put on the owner. What others have put there stays, and keeps it, as on AWS."""
    for name in _embedded(request.properties):
        delete_policy(request, kind, owner, name)
    for arn in _attached(request.properties):
        detach(request, kind, owner, arn)


def put_tags(request: ResourceRequest, title: str, member: str, name: str) -> None:
    """The tags as the template and its stack have them."""
    wanted = request.all_tags()
    shown = request.perform(f"iam:List{title}Tags", {member: name})
    if stale := [tag["Key"] for tag in shown["Tags"] if tag["Key"] not in wanted]:
        request.perform(f"iam:Untag{title}", {member: name, "TagKeys": stale})
    if wanted:
        request.perform(f"iam:Tag{title}", {member: name, "Tags": wanted})


def put_boundary(request: ResourceRequest, kind: Kind, owner: str) -> None:
    """The permissions boundary as the template has it."""
    if not request.changed("PermissionsBoundary"):
        return
    boundary = request.properties.get("PermissionsBoundary")
    if boundary:
        params = {kind.name_member: owner, "PermissionsBoundary": boundary}
        request.perform(f"iam:Put{kind.title}PermissionsBoundary", params)
    else:
        request.perform(f"iam:Delete{kind.title}PermissionsBoundary", {kind.name_member: owner})


def _embedded(properties: dict[str, Any]) -> dict[str, Any]:
    return {str(policy["PolicyName"]): policy["PolicyDocument"] for policy in properties.get("Policies") or ()}


def _attached(properties: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(properties.get("ManagedPolicyArns") or ()))
