"""The service's declaration, the ARNs of its resources, and its errors."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.errors import AwsError
from segue.services.scheduler import records

SERVICE = Service("scheduler", migrations=records.MIGRATIONS)
PRINCIPAL = "scheduler.amazonaws.com"


def schedule_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the schedule that a call names."""
    return call.arn("scheduler", f"schedule/{params.get('GroupName') or records.DEFAULT_GROUP}/{params['Name']}")


def group_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the group that a call names as ``Name``."""
    return call.arn("scheduler", f"schedule-group/{params['Name']}")


def scope_of(call: Call) -> str:
    """Where names of groups are unique."""
    return f"{call.account}/{call.region}"


def invalid(message: str) -> AwsError:
    """``ValidationException``."""
    return AwsError("ValidationException", message)


def missing(what: str) -> AwsError:
    """``ResourceNotFoundException``; ``what`` begins the sentence (``Schedule s``)."""
    return AwsError("ResourceNotFoundException", f"{what} does not exist.", status=404)


def conflict(message: str) -> AwsError:
    """``ConflictException``."""
    return AwsError("ConflictException", message, status=409)
