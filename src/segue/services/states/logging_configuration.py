"""Where a state machine's executions are logged: what of it is accepted, and what an execution takes along.

Recorded: sfn-api/sfn_api_logs__*.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.states.records import Machine

_GROUP = "log-group:"


def check(call: Call, configuration: dict[str, Any]) -> None:
    """Raise ``InvalidLoggingConfiguration`` for destinations that are not exactly one existing log group."""
    destinations = configuration.get("destinations", ())
    if len(destinations) > 1 or (not destinations and configuration.get("level", "OFF") != "OFF"):
        raise _invalid("Must specify exactly one Log Destination.")
    for destination in destinations:
        if not _exists(call, destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")):
            raise _invalid("Log Destination not found.")


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
