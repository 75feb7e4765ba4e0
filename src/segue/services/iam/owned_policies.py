"""Policies of users, groups and roles: embedded ones and attachments, the same operations thrice, made by a table."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.iam.aws_managed import name_of
from segue.services.iam.documents import checked, encoded
from segue.services.iam.entities import GROUP, ROLE, USER, Kind, entity_of, page, page_after, resource_of
from segue.services.iam.service import SERVICE

_MAX_ATTACHED = 10


def _declare_inline(kind: Kind) -> None:
    """Put…Policy, Get…Policy, List…Policies, Delete…Policy."""
    resource = resource_of(kind)

    @SERVICE.operation(f"Put{kind.title}Policy", resource=resource)
    def put(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner = entity_of(call, kind, params)
        call.tx.run(
            "INSERT INTO iam_inline_policies VALUES (?, ?, ?)"
            " ON CONFLICT (owner_arn, name) DO UPDATE SET document = excluded.document",
            owner.arn,
            params["PolicyName"],
            checked(params["PolicyDocument"]),
        )
        return {}

    @SERVICE.operation(f"Get{kind.title}Policy", resource=resource)
    def get(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner = entity_of(call, kind, params)
        row = call.tx.one(
            "SELECT document FROM iam_inline_policies WHERE owner_arn = ? AND name = ?",
            owner.arn,
            params["PolicyName"],
        )
        if row is None:
            raise _no_such_policy(kind, params["PolicyName"])
        return {kind.name_member: owner.name, "PolicyName": params["PolicyName"], "PolicyDocument": encoded(row[0])}

    @SERVICE.operation(f"List{kind.title}Policies", resource=resource)
    def list_(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner = entity_of(call, kind, params)
        rows = call.tx.all("SELECT name FROM iam_inline_policies WHERE owner_arn = ? ORDER BY name", owner.arn)
        return page(params, "PolicyNames", page_after(params, [row[0] for row in rows]), str, str)

    @SERVICE.operation(f"Delete{kind.title}Policy", resource=resource)
    def delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner = entity_of(call, kind, params)
        if not call.tx.run(
            "DELETE FROM iam_inline_policies WHERE owner_arn = ? AND name = ?", owner.arn, params["PolicyName"]
        ):
            raise _no_such_policy(kind, params["PolicyName"])
        return {}


def _declare_attachments(kind: Kind) -> None:
    """Attach…Policy, Detach…Policy, ListAttached…Policies."""
    resource = resource_of(kind)

    @SERVICE.operation(f"Attach{kind.title}Policy", resource=resource)
    def attach(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner, arn = entity_of(call, kind, params), params["PolicyArn"]
        known = call.tx.one("SELECT 1 FROM iam_policies WHERE arn = ?", arn)
        if known is None and name_of(arn) is None:
            raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", status=404)
        attached = {row[0] for row in call.tx.all(_ATTACHED, owner.arn)}
        if arn not in attached and len(attached) >= _MAX_ATTACHED:
            quota = f"PoliciesPer{kind.title}"
            raise AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {_MAX_ATTACHED}", status=409)
        call.tx.run("INSERT INTO iam_attachments VALUES (?, ?) ON CONFLICT DO NOTHING", owner.arn, arn)
        return {}

    @SERVICE.operation(f"Detach{kind.title}Policy", resource=resource)
    def detach(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner, arn = entity_of(call, kind, params), params["PolicyArn"]
        if not call.tx.run("DELETE FROM iam_attachments WHERE owner_arn = ? AND policy_arn = ?", owner.arn, arn):
            raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", status=404)
        return {}

    @SERVICE.operation(f"ListAttached{kind.title}Policies", resource=resource)
    def list_(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        owner = entity_of(call, kind, params)
        arns = [row[0] for row in call.tx.all(_ATTACHED, owner.arn) if _within(row[0], params.get("PathPrefix", "/"))]
        show = lambda arn: {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}  # noqa: E731
        return page(params, "AttachedPolicies", page_after(params, arns), show, str)


_ATTACHED = "SELECT policy_arn FROM iam_attachments WHERE owner_arn = ? ORDER BY policy_arn"


def _within(policy_arn: str, prefix: str) -> bool:
    return policy_arn.split(":policy", 1)[-1].startswith(prefix)


def _no_such_policy(kind: Kind, name: str) -> AwsError:
    return AwsError("NoSuchEntity", f"The {kind.word} policy with name {name} cannot be found.", status=404)


for _kind in (USER, GROUP, ROLE):
    _declare_inline(_kind)
    _declare_attachments(_kind)
