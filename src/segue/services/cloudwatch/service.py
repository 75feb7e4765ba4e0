"""The service's declaration, its ARNs and errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from segue.api import Call, Service
from segue.arn import make_arn
from segue.errors import AwsError
from segue.services.cloudwatch import records

SERVICE = Service("cloudwatch", migrations=records.MIGRATIONS, partition_keys=records.PARTITION_KEYS)
PRINCIPAL = "cloudwatch.amazonaws.com"
LAMBDA_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def alarm_arn(call: Call, name: str) -> str:
    """An alarm's ARN."""
    return call.arn("cloudwatch", f"alarm:{name}")


def alarm_resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the alarm that a call names."""
    return alarm_arn(call, params["AlarmName"])


def dashboard_arn(call: Call, name: str) -> str:
    """A dashboard's ARN; it belongs to no region."""
    return make_arn("cloudwatch", "", call.account, f"dashboard/{name}")


def invalid(message: str) -> AwsError:
    """``InvalidParameterValueException``."""
    return AwsError("InvalidParameterValueException", message)


def contradictory(message: str) -> AwsError:
    """``InvalidParameterCombinationException``."""
    return AwsError("InvalidParameterCombinationException", message)


def wrong(message: str) -> AwsError:
    """``ValidationError``, as operations on alarms say it."""
    return AwsError("ValidationException", message)


def iso(at_ms: int) -> str:
    """A time as alarms tell it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}+0000"
