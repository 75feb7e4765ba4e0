"""Managed policies and their versions, the account's own and those of AWS."""

from __future__ import annotations

import hashlib
from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, drop_tags
from segue.arn import parse_arn, partition_of
from segue.errors import AwsError
from segue.services.iam.aws_managed import document_of, name_of
from segue.services.iam.documents import checked, encoded
from segue.services.iam.entities import marker_of, page, page_after, shown_tags
from segue.services.iam.service import SERVICE
from segue.store import Row

_MAX_VERSIONS = 5
_COLUMNS = "arn, name, path, id, description, default_version, next_version, created_at, updated_at"
_OWNERS = {"user": ("PolicyUsers", "User"), "group": ("PolicyGroups", "Group"), "role": ("PolicyRoles", "Role")}


def _named(call: Call, params: dict[str, Any]) -> str:
    return str(params["PolicyArn"])


@SERVICE.operation("CreatePolicy")
def create_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new policy, with version v1."""
    name, path = params["PolicyName"], params.get("Path", "/")
    arn = f"arn:{partition_of(call.region)}:iam::{call.account}:policy{path}{name}"
    if call.tx.one("SELECT 1 FROM iam_policies WHERE account = ? AND name = ?", call.account, name) is not None:
        message = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise AwsError("EntityAlreadyExists", message, status=409)
    document = checked(params["PolicyDocument"], "managed")
    call.tx.run(
        "INSERT INTO iam_policies VALUES (?, ?, ?, ?, ?, ?, 'v1', 2, ?, ?)",
        arn,
        call.account,
        name,
        path,
        "ANPA" + call.tx.ids.alphanumeric(17),
        params.get("Description", ""),
        call.now_ms,
        call.now_ms,
    )
    call.tx.run("INSERT INTO iam_policy_versions VALUES (?, 'v1', ?, ?)", arn, document, call.now_ms)
    add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())})
    shown = _members(call, _row(call, arn))
    shown.pop("Description", None)  # as AWS answers here
    return {"Policy": {**shown, "Tags": list(params["Tags"])} if params.get("Tags") else shown}


@SERVICE.operation("GetPolicy", resource=_named)
def get_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {
        "Policy": {**_members(call, _row(call, params["PolicyArn"])), "Tags": shown_tags(call, params["PolicyArn"])}
    }


@SERVICE.operation("ListPolicies")
def list_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The account's policies by ARN, and of AWS's those that are attached somewhere."""
    scope, prefix = params.get("Scope", "All"), params.get("PathPrefix", "/")
    limit = params.get("MaxItems", 100) + 1
    rows: list[Row] = []
    if scope != "AWS":
        rows += call.tx.all(
            f"SELECT {_COLUMNS} FROM iam_policies WHERE account = ? AND arn > ? AND substr(path, 1, ?) = ?"
            " ORDER BY arn LIMIT ?",
            call.account,
            marker_of(params),
            len(prefix),
            prefix,
            limit,
        )
    if scope != "Local":
        attached = call.tx.all(
            "SELECT DISTINCT policy_arn FROM iam_attachments WHERE policy_arn > ? ORDER BY policy_arn LIMIT ?",
            marker_of(params),
            limit,
        )
        rows += [row for (arn,) in attached if (row := _aws_row(arn)) is not None and row[2].startswith(prefix)]
    shown = [_members(call, row) for row in sorted(rows)]
    if params.get("OnlyAttached"):
        shown = [policy for policy in shown if policy["AttachmentCount"]]
    return page(params, "Policies", shown, lambda policy: policy, lambda policy: str(policy["Arn"]))


@SERVICE.operation("DeletePolicy", resource=_named)
def delete_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a policy that is attached nowhere and has its default version only."""
    arn = params["PolicyArn"]
    _own_row(call, arn)
    if _attachments(call, arn):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", status=409)
    if len(_versions(call, arn)) > 1:
        raise AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
            status=409,
        )
    call.tx.run("DELETE FROM iam_policy_versions WHERE policy_arn = ?", arn)
    call.tx.run("DELETE FROM iam_policies WHERE arn = ?", arn)
    drop_tags(call.tx, arn)
    return {}


@SERVICE.operation("CreatePolicyVersion", resource=_named)
def create_policy_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """One more version, which may become the default."""
    arn = params["PolicyArn"]
    row = _own_row(call, arn)
    document = checked(params["PolicyDocument"], "managed")
    if len(_versions(call, arn)) >= _MAX_VERSIONS:
        raise AwsError(
            "LimitExceeded",
            f"A managed policy can have up to {_MAX_VERSIONS} versions. Before you create a new version, you must "
            "delete an existing version.",
            status=409,
        )
    version, default = f"v{row[6]}", bool(params.get("SetAsDefault"))
    call.tx.run("INSERT INTO iam_policy_versions VALUES (?, ?, ?, ?)", arn, version, document, call.now_ms)
    call.tx.run(
        "UPDATE iam_policies SET next_version = next_version + 1, updated_at = ?, default_version = ? WHERE arn = ?",
        call.now_ms,
        version if default else row[5],
        arn,
    )
    return {"PolicyVersion": {"VersionId": version, "IsDefaultVersion": default, "CreateDate": call.now_ms}}


@SERVICE.operation("GetPolicyVersion", resource=_named)
def get_policy_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A version with its document."""
    arn, version = params["PolicyArn"], params["VersionId"]
    default = _row(call, arn)[5]
    for known, document, created_at in _versions(call, arn):
        if known == version:
            shown = {"VersionId": known, "IsDefaultVersion": known == default, "CreateDate": created_at}
            return {"PolicyVersion": {**shown, "Document": encoded(document)}}
    raise _no_such_version(arn, version)


@SERVICE.operation("ListPolicyVersions", resource=_named)
def list_policy_versions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The versions of a policy."""
    default = _row(call, params["PolicyArn"])[5]
    known = {
        version: {"VersionId": version, "IsDefaultVersion": version == default, "CreateDate": created_at}
        for version, _, created_at in _versions(call, params["PolicyArn"])
    }
    return page(params, "Versions", page_after(params, sorted(known)), lambda version: known[version], str)


@SERVICE.operation("SetDefaultPolicyVersion", resource=_named)
def set_default_policy_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let another version be the one in force."""
    arn, version = params["PolicyArn"], params["VersionId"]
    _own_row(call, arn)
    if version not in [row[0] for row in _versions(call, arn)]:
        raise _no_such_version(arn, version)
    call.tx.run("UPDATE iam_policies SET default_version = ?, updated_at = ? WHERE arn = ?", version, call.now_ms, arn)
    return {}


@SERVICE.operation("DeletePolicyVersion", resource=_named)
def delete_policy_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a version that is not the default."""
    arn, version = params["PolicyArn"], params["VersionId"]
    if _own_row(call, arn)[5] == version:
        raise AwsError("DeleteConflict", "Cannot delete the default version of a policy.", status=409)
    if not call.tx.run("DELETE FROM iam_policy_versions WHERE policy_arn = ? AND version = ?", arn, version):
        raise _no_such_version(arn, version)
    return {}


@SERVICE.operation("ListEntitiesForPolicy", resource=_named)
def list_entities_for_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whom a policy is attached to."""
    _row(call, params["PolicyArn"])
    answer: dict[str, Any] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": [], "IsTruncated": False}
    wanted = params.get("EntityFilter")
    for owner in _attachments(call, params["PolicyArn"]):
        row = call.tx.one("SELECT kind, name, id FROM iam_entities WHERE arn = ?", owner)
        if row is None or (wanted in ("User", "Group", "Role") and _OWNERS[row[0]][1] != wanted):
            continue
        member, title = _OWNERS[row[0]]
        answer[member].append({f"{title}Name": row[1], f"{title}Id": row[2]})
    return answer


def _row(call: Call, arn: str) -> Row:
    row = call.tx.one(f"SELECT {_COLUMNS} FROM iam_policies WHERE arn = ?", arn) or _aws_row(arn)
    if row is None:
        raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", status=404)
    return row


def _own_row(call: Call, arn: str) -> Row:
    if name_of(arn) is not None:
        raise AwsError("AccessDenied", f"Policies of AWS cannot be changed: {arn}", status=403)
    return _row(call, arn)


def _aws_row(arn: str) -> Row | None:
    """A row as of a policy of AWS's; its id is made of its name, its age is unknown."""
    found = name_of(arn)
    if found is None:
        return None
    identifier = "ANPA" + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()
    return (arn, found[1], found[0], identifier, "", "v1", 2, 0, 0)


def _versions(call: Call, arn: str) -> list[Row]:
    if name_of(arn) is not None:
        document = document_of(arn)
        return [] if document is None else [("v1", document, 0)]
    return call.tx.all("SELECT version, document, created_at FROM iam_policy_versions WHERE policy_arn = ?", arn)


def _attachments(call: Call, arn: str) -> list[str]:
    """The owners, those of the caller's account: a policy of AWS's is attached in many."""
    rows = call.tx.all("SELECT owner_arn FROM iam_attachments WHERE policy_arn = ?", arn)
    return [row[0] for row in rows if parse_arn(row[0]).account == call.account]


def _no_such_version(arn: str, version: str) -> AwsError:
    message = f"Policy {arn} version {version} does not exist or is not attachable."
    return AwsError("NoSuchEntity", message, status=404)


def _members(call: Call, row: Row) -> dict[str, Any]:
    arn, name, path, identifier, description, default, _, created_at, updated_at = row
    members = {
        "PolicyName": name,
        "PolicyId": identifier,
        "Arn": arn,
        "Path": path,
        "DefaultVersionId": default,
        "AttachmentCount": len(_attachments(call, arn)),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": created_at,
        "UpdateDate": updated_at,
    }
    return {**members, "Description": description} if description else members
