"""Resource policies of an account and region, and the test of filter patterns."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call, Result
from segue.errors import AwsError, not_implemented
from segue.services.logs.filter_patterns import compile_pattern
from segue.services.logs.service import SERVICE, invalid

MAX_POLICIES = 10


@SERVICE.operation("PutResourcePolicy")
def put_resource_policy(call: Call, params: dict[str, Any]) -> Result:
    """Allow other services to write to the account's groups."""
    if params.get("resourceArn"):
        raise not_implemented("logs:PutResourcePolicy", "resourceArn")
    name, document = params.get("policyName"), params.get("policyDocument")
    if not name or not document:
        raise invalid("policyName and policyDocument must be specified")
    try:
        if not isinstance(json.loads(document), dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise invalid("Invalid policy document") from None
    held = call.tx.one("SELECT COUNT(*) FROM logs_resource_policies WHERE place = ? AND name <> ?", _place(call), name)
    if held is not None and held[0] >= MAX_POLICIES:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    call.tx.run(
        "INSERT INTO logs_resource_policies VALUES (?, ?, ?, ?) ON CONFLICT (place, name)"
        " DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
        _place(call),
        name,
        document,
        call.now_ms,
    )
    policy = {"policyName": name, "policyDocument": document, "lastUpdatedTime": call.now_ms, "policyScope": "ACCOUNT"}
    return {"resourcePolicy": policy}


@SERVICE.operation("DescribeResourcePolicies", reads=True)
def describe_resource_policies(call: Call, params: dict[str, Any]) -> Result:
    """The account's policies; there are at most ten."""
    rows = call.tx.all(
        "SELECT name, document, updated_at FROM logs_resource_policies WHERE place = ? ORDER BY name", _place(call)
    )
    return {
        "resourcePolicies": [
            {"policyName": name, "policyDocument": document, "lastUpdatedTime": at_ms, "policyScope": "ACCOUNT"}
            for name, document, at_ms in rows
        ]
    }


@SERVICE.operation("DeleteResourcePolicy")
def delete_resource_policy(call: Call, params: dict[str, Any]) -> Result:
    """Remove a policy."""
    if not call.tx.run(
        "DELETE FROM logs_resource_policies WHERE place = ? AND name = ?", _place(call), params.get("policyName") or ""
    ):
        raise AwsError("ResourceNotFoundException", "Policy with name does not exist.")
    return {}


@SERVICE.operation("TestMetricFilter", reads=True)
def test_metric_filter(call: Call, params: dict[str, Any]) -> Result:
    """Which messages a filter pattern matches."""
    matches = compile_pattern(params["filterPattern"])
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
            for number, message in enumerate(params["logEventMessages"], 1)
            if matches(message)
        ]
    }


def _place(call: Call) -> str:
    return f"{call.account}:{call.region}"
