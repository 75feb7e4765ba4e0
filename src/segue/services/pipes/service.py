"""The service's declaration, the ARNs of pipes, and its errors."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.errors import AwsError
from segue.services.pipes import records

SERVICE = Service("pipes", migrations=records.MIGRATIONS)


def pipe_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the pipe that a call names."""
    return call.arn("pipes", f"pipe/{params['Name']}")


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def invalid(message: str) -> AwsError:
    """``ValidationException``."""
    return AwsError("ValidationException", message)


def missing(name: str) -> AwsError:
    """``NotFoundException``."""
    return AwsError("NotFoundException", f"Pipe {name} does not exist.", status=404)


def conflict(name: str, message: str) -> AwsError:
    """``ConflictException``."""
    members = {"resourceId": name, "resourceType": "Pipe"}
    return AwsError("ConflictException", message, status=409, members=members)
