"""The service's declaration, and how operations find the stack they mean."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.arn import is_arn
from segue.errors import AwsError
from segue.services.cloudformation import records
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.schema import MIGRATIONS

SERVICE = Service("cloudformation", migrations=MIGRATIONS)

STACK_TYPE = "AWS::CloudFormation::Stack"


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def invalid(message: str) -> AwsError:
    """What CloudFormation answers whatever is wrong with a request."""
    return AwsError("ValidationError", message)


def stack_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the stack that a call means, as far as it is known: what policies speak of."""
    name = params.get("StackName") or "*"
    if is_arn(name):
        return str(name)
    found = records.by_name(call.tx, scope_of(call), name)
    return found.id if found is not None else call.arn("cloudformation", f"stack/{name}/*")


def find_stack(call: Call, name: str, *, deleted: bool = False) -> Stack | None:
    """The stack of a name or ARN; one that is deleted only by its ARN, and only if ``deleted``."""
    if not is_arn(name):
        return records.by_name(call.tx, scope_of(call), name)
    found = records.by_id(call.tx, name)
    return None if found is None or (found.deleted_at_ms is not None and not deleted) else found


def existing(call: Call, name: str, words: str = "Stack with id {} does not exist", *, deleted: bool = False) -> Stack:
    """The stack; ``AwsError`` in the given words where there is none."""
    found = find_stack(call, name, deleted=deleted)
    if found is None:
        raise invalid(words.format(name))
    return found
