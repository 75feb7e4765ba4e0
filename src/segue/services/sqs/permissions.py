"""AddPermission and RemovePermission: a queue's policy, statement by statement.

Source: conformance case sqs_permission_lifecycle.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from segue.api import Call
from segue.arn import is_account, partition_of
from segue.errors import AwsError
from segue.services.sqs import records
from segue.services.sqs.addresses import arn_of_url, find_queue
from segue.services.sqs.service import SERVICE

_ACTIONS: Final = frozenset(
    (
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    )
)
_MOST_ACTIONS = 7
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


@SERVICE.operation("AddPermission", resource=arn_of_url)
def add_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    label: str = params["Label"]
    accounts: list[str] = params["AWSAccountIds"]
    actions: list[str] = params["Actions"]
    _check(label, accounts, actions)
    text = queue.attributes.get("Policy")
    policy: dict[str, Any] = (
        json.loads(text) if text else {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}
    )
    statements = _statements(policy)
    if any(statement.get("Sid") == label for statement in statements):
        raise AwsError(
            "InvalidParameterValue", f"Value {label} for parameter Label is invalid. Reason: Already exists."
        )
    # AWS lists the principals in the reverse of the order in which they were asked for.
    principals = [f"arn:{partition_of(queue.region)}:iam::{account}:root" for account in reversed(accounts)]
    names = [f"SQS:{action}" for action in actions]
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": principals if len(principals) > 1 else principals[0]},
            "Action": names if len(names) > 1 else names[0],
            "Resource": queue.arn,
        }
    )
    _save(call, queue, policy | {"Statement": statements})
    return {}


@SERVICE.operation("RemovePermission", resource=arn_of_url)
def remove_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    label: str = params["Label"]
    policy: dict[str, Any] = json.loads(queue.attributes.get("Policy") or "{}")
    statements = _statements(policy)
    kept = [statement for statement in statements if statement.get("Sid") != label]
    if len(kept) == len(statements):
        raise AwsError(
            "InvalidParameterValue", f"Value {label} for parameter Label is invalid. Reason: can't find label."
        )
    _save(call, queue, policy | {"Statement": kept})
    return {}


def _check(label: str, accounts: list[str], actions: list[str]) -> None:
    if not _LABEL.fullmatch(label):
        raise AwsError(
            "InvalidParameterValue",
            f"Value {label} for parameter Label is invalid. "
            "Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        )
    for name, values in (("AWSAccountId", accounts), ("ActionName", actions)):
        if not values:
            raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")
    for account in accounts:
        if not is_account(account):
            raise AwsError(
                "InvalidParameterValue",
                f"Value [{account}] for parameter PrincipalId is invalid. Reason: Unable to verify.",
            )
    if len(actions) > _MOST_ACTIONS:
        raise AwsError(
            "OverLimit", f"{len(actions)} Actions were found, maximum allowed is {_MOST_ACTIONS}.", status=403
        )
    for action in actions:
        if action not in _ACTIONS:
            raise AwsError(
                "InvalidParameterValue",
                f"Value SQS:{action} for parameter ActionName is invalid. "
                "Reason: Only the queue owner is allowed to invoke this action.",
            )


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    statements = policy.get("Statement") or []
    return list(statements) if isinstance(statements, list) else [statements]


def _save(call: Call, queue: records.Queue, policy: dict[str, Any]) -> None:
    attributes = dict(queue.attributes)
    if policy["Statement"]:
        attributes["Policy"] = json.dumps(policy, separators=(",", ":"))
    else:
        attributes.pop("Policy", None)
    records.save_queue(call.tx, (queue.arn, queue.region, queue.account, queue.name), attributes)
