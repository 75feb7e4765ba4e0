"""Names and ARNs of state machines, executions and activities, and the errors for those that are none."""

from __future__ import annotations

import re

from segue.arn import parse_arn
from segue.errors import AwsError

_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def checked_name(name: str) -> str:
    """A name without the characters that Step Functions forbids (API reference, CreateStateMachine, name).

    Raises:
        AwsError: ``InvalidName``.
    """
    if _FORBIDDEN.search(name) or not 1 <= len(name) <= 80:
        raise AwsError("InvalidName", f"Invalid Name: '{name}'")
    return name


def checked_arn(arn: str, kind: str) -> str:
    """An ARN of ``stateMachine``, ``execution``, … .

    Raises:
        AwsError: ``InvalidArn`` as Step Functions words it.
    """
    if not arn.startswith("arn:"):
        raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "states":
        raise AwsError("InvalidArn", f"Invalid Arn: 'ARN is not valid: {arn}'")
    if parts[5] not in kind.split("|"):
        raise AwsError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
    return arn


def checked_role(arn: str) -> str:
    """A role's ARN.

    Raises:
        AwsError: ``InvalidArn``.
    """
    if not arn.startswith("arn:") or ":role/" not in arn:
        raise AwsError("InvalidArn", f"Invalid Role Arn: '{arn}'")
    return arn


def machine_arn_of(execution_arn: str) -> str:
    """The state machine of an execution's ARN."""
    arn = parse_arn(execution_arn)
    return str(arn._replace(resource=f"stateMachine:{arn.resource.split(':')[1]}"))


def machine_missing(arn: str) -> AwsError:
    """There is no such state machine."""
    return AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def execution_missing(arn: str) -> AwsError:
    """There is no such execution."""
    return AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
