"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.arn import make_arn
from segue.errors import AwsError
from segue.services.logs import records

SERVICE = Service(
    "logs",
    migrations=records.MIGRATIONS,
    partition_keys=records.PARTITION_KEYS,
    resource_policy=records.resource_policy,
)


def invalid(message: str) -> AwsError:
    """``InvalidParameterException``."""
    return AwsError("InvalidParameterException", message)


def no_group() -> AwsError:
    """The group is not there."""
    return AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def no_stream() -> AwsError:
    """The stream is not there."""
    return AwsError("ResourceNotFoundException", "The specified log stream does not exist.")


def group_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN (without ``:*``) of the group that a request names, by name or by identifier.

    Raises:
        AwsError: neither or both are given.
    """
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be specified")
    if identifier is not None and identifier.startswith("arn:"):
        return str(identifier).removesuffix(":*")
    return make_arn("logs", call.region, call.account, f"log-group:{name or identifier}")


def resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN that a policy must allow: the group's with what is in it."""
    return f"{group_arn(call, params)}:*"


def stream_resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN that a policy must allow: the stream's."""
    return f"{group_arn(call, params)}:log-stream:{params['logStreamName']}"
