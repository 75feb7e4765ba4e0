"""What of a stack can be set without an update.

Source: CloudFormation API reference, UpdateTerminationProtection, SetStackPolicy, DescribeAccountLimits.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.services.cloudformation import records
from segue.services.cloudformation.service import SERVICE, existing, invalid, stack_arn
from segue.services.cloudformation.sources import text_at

MOST_STACKS = 2_000


@SERVICE.operation("UpdateTerminationProtection", resource=stack_arn)
def update_termination_protection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a stack may be deleted."""
    stack = existing(call, params["StackName"], "Stack [{}] does not exist")
    if stack.parent:
        raise invalid("Termination protection of nested stacks is that of their root stack.")
    stack.settings["protected"] = params["EnableTerminationProtection"]
    records.save(call.tx, stack)
    return {"StackId": stack.id}


@SERVICE.operation("SetStackPolicy", resource=stack_arn)
def set_stack_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Keep a stack's policy. It is shown, and not enforced."""
    stack = existing(call, params["StackName"])
    body, url = params.get("StackPolicyBody"), params.get("StackPolicyURL")
    if bool(body) == bool(url):
        raise invalid("You must specify either StackPolicyBody or StackPolicyURL, but not both.")
    text = str(body) if body else text_at(call, str(url), "StackPolicyURL")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise invalid("Error validating stack policy: Invalid stack policy")
    stack.settings["policy"] = text
    records.save(call.tx, stack)
    return {}


@SERVICE.operation("GetStackPolicy", reads=True, resource=stack_arn)
def get_stack_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A stack's policy, if it has one."""
    stack = existing(call, params["StackName"])
    policy = stack.settings.get("policy")
    return {} if policy is None else {"StackPolicyBody": policy}


@SERVICE.operation("DescribeAccountLimits", reads=True)
def describe_account_limits(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The quotas that are in force."""
    return {
        "AccountLimits": [{"Name": "StackLimit", "Value": MOST_STACKS}, {"Name": "StackOutputsLimit", "Value": 200}]
    }
