"""Subscription filters: matching events go on to a function, compressed, as they are written.

Message: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from segue.api import Call, Result, Target, deliver
from segue.arn import parse_arn
from segue.errors import AwsError, not_implemented
from segue.services.logs.filter_patterns import compile_pattern
from segue.services.logs.groups import found_group
from segue.services.logs.service import SERVICE, resource

PRINCIPAL = "logs.amazonaws.com"
MAX_FILTERS = 2


@SERVICE.operation("PutSubscriptionFilter", resource=resource)
def put_subscription_filter(call: Call, params: dict[str, Any]) -> Result:
    """Send a group's matching events to a function."""
    if parse_arn(params["destinationArn"]).service != "lambda":
        raise not_implemented("logs:PutSubscriptionFilter", "A destinationArn that is not a function")
    for member in ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFields"):
        if params.get(member):
            raise not_implemented("logs:PutSubscriptionFilter", member)
    group = found_group(call, params)
    compile_pattern(params["filterPattern"])
    name = params["filterName"]
    others = call.tx.one("SELECT COUNT(*) FROM logs_subscription_filters WHERE grp = ? AND name <> ?", group.id, name)
    if others is not None and others[0] >= MAX_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    document = {
        "filterName": name,
        "logGroupName": group.name,
        "filterPattern": params["filterPattern"],
        "destinationArn": params["destinationArn"],
        "distribution": params.get("distribution") or "ByLogStream",
        "creationTime": call.now_ms,
    }
    if params.get("roleArn"):
        document["roleArn"] = params["roleArn"]
    call.tx.run(
        "INSERT INTO logs_subscription_filters VALUES (?, ?, ?)"
        " ON CONFLICT (grp, name) DO UPDATE SET document = excluded.document",
        group.id,
        name,
        json.dumps(document),
    )
    return {}


@SERVICE.operation("DescribeSubscriptionFilters", reads=True, resource=resource)
def describe_subscription_filters(call: Call, params: dict[str, Any]) -> Result:
    """A group's subscription filters; there are at most two."""
    group = found_group(call, params)
    prefix = params.get("filterNamePrefix") or ""
    return {"subscriptionFilters": [each for each in _filters(call, group.id) if each["filterName"].startswith(prefix)]}


@SERVICE.operation("DeleteSubscriptionFilter", resource=resource)
def delete_subscription_filter(call: Call, params: dict[str, Any]) -> Result:
    """Send no more."""
    group = found_group(call, params)
    if not call.tx.run(
        "DELETE FROM logs_subscription_filters WHERE grp = ? AND name = ?", group.id, params["filterName"]
    ):
        raise AwsError("ResourceNotFoundException", "The specified subscription filter does not exist.")
    return {}


def _filters(call: Call, group_id: int) -> list[dict[str, Any]]:
    rows = call.tx.all("SELECT document FROM logs_subscription_filters WHERE grp = ? ORDER BY name", group_id)
    return [json.loads(row[0]) for row in rows]


def feed(call: Call, group_arn: str, group_id: int, stream: str, events: list[tuple[int, str]]) -> None:
    """Hand matching events on to each filter's function."""
    for subscription in _filters(call, group_id):
        matches = compile_pattern(subscription["filterPattern"])
        kept = [(at_ms, message) for at_ms, message in events if matches(message)]
        destination = subscription["destinationArn"]
        if not kept or f"/aws/lambda/{destination.rsplit(':', 1)[-1]}" == subscription["logGroupName"]:
            continue  # a function that is sent its own log would go on for ever
        data = {
            "messageType": "DATA_MESSAGE",
            "owner": call.account,
            "logGroup": subscription["logGroupName"],
            "logStream": stream,
            "subscriptionFilters": [subscription["filterName"]],
            "logEvents": [
                {"id": f"{call.tx.ids.ordered(call.now_ms):056d}", "timestamp": at_ms, "message": message}
                for at_ms, message in kept
            ],
        }
        packed = base64.b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()
        payload = json.dumps({"awslogs": {"data": packed}}).encode()
        params = {"FunctionName": destination, "InvocationType": "Event", "Payload": payload}
        deliver(call, Target(PRINCIPAL, f"{group_arn}:*", destination, "lambda:Invoke", params))
