"""Where a state machine's executions are logged: what of it is accepted, and what an execution takes along.

Recorded: sfn-api/sfn_api_logs__*.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from segue.api import Call
from segue.api.caller import role_caller, service_caller
from segue.arn import Arn, is_arn, parse_arn
from segue.errors import AwsError
from segue.services.states.execution_logs import DELIVERY
from segue.services.states.records import Machine

_GROUP = "log-group:"
_POLICY = "AWSLogDeliveryWrite20150319"
_TRIAL_STREAM = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"


def check(call: Call, configuration: dict[str, Any]) -> None:
    """Raise ``InvalidLoggingConfiguration`` for destinations that are not exactly one existing log group."""
    destinations = configuration.get("destinations", ())
    if len(destinations) > 1 or (not destinations and configuration.get("level", "OFF") != "OFF"):
        raise _invalid("Must specify exactly one Log Destination.")
    for destination in destinations:
        if not _exists(call, destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")):
            raise _invalid("Log Destination not found.")


def arrange(call: Call, configuration: dict[str, Any], machine_arn: str, role_arn: str) -> None:
    """Let executions be logged, as AWS does when logging is configured: the log delivery service is allowed to write
    into the account's groups, by the state machine's role, and tries it with a stream of that telling name.

    Raises:
        AwsError: ``AccessDeniedException`` in AWS's words: the role may not.
    """
    if configuration.get("level", "OFF") == "OFF":
        return
    group = parse_arn(configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"])
    _allow_delivery(call, role_arn, group)
    writer = call.as_caller(service_caller(DELIVERY, machine_arn).in_region(group.region))
    name = group.resource.removeprefix(_GROUP).removesuffix(":*")
    with suppress(AwsError), call.tx.savepoint():  # it is there already
        writer.perform("logs:CreateLogStream", {"logGroupName": name, "logStreamName": _TRIAL_STREAM})


def _allow_delivery(call: Call, role_arn: str, group: Arn) -> None:
    statement = {
        "Sid": _POLICY,
        "Effect": "Allow",
        "Principal": {"Service": DELIVERY},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": str(group._replace(resource="log-group:*")),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    by_role = call.as_caller(role_caller(role_arn, "StepFunctions", group.region))
    try:
        by_role.perform("logs:PutResourcePolicy", {"policyName": _POLICY, "policyDocument": document})
    except AwsError:
        raise AwsError(
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
        ) from None


def of_execution(machine: Machine) -> str:
    """The configuration that a new execution is logged by (JSON), or nothing where it is not logged."""
    configuration = machine.settings.get("loggingConfiguration", {})
    return json.dumps(configuration) if configuration.get("level", "OFF") != "OFF" else ""


def _exists(call: Call, arn: str) -> bool:
    if not is_arn(arn):
        return False
    group = parse_arn(arn)
    if group.service != "logs" or group.account != call.account or not group.resource.startswith(_GROUP):
        return False
    name = group.resource.removeprefix(_GROUP).removesuffix(":*")
    here = call.as_caller(call.caller.in_region(group.region))
    found = here.perform("logs:DescribeLogGroups", {"logGroupNamePrefix": name, "limit": 1})
    return isinstance(found, dict) and any(group["logGroupName"] == name for group in found["logGroups"])


def _invalid(why: str) -> AwsError:
    return AwsError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {why}")
