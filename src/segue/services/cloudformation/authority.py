"""On whose authority a stack's resources are made: its role's, or that of whoever deploys it, also after a restart."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Caller
from segue.api.caller import role_caller
from segue.arn import parse_arn
from segue.services.cloudformation.records import Stack

PRINCIPAL = "cloudformation.amazonaws.com"
_KEPT = ("account", "region", "kind", "arn", "role_arn", "service", "source_arn", "access_key")


def kept_caller(caller: Caller) -> dict[str, Any]:
    """A caller as plain data."""
    return {name: getattr(caller, name) for name in _KEPT} | {"session_policies": list(caller.session_policies)}


def caller_of(stack: Stack) -> Caller:
    """The caller of the operations on a stack's resources."""
    place = parse_arn(stack.id)
    if role_arn := stack.settings.get("role_arn"):
        return role_caller(role_arn, "AWSCloudFormation", place.region)
    kept = stack.settings["caller"]
    return Caller(**{**kept, "session_policies": tuple(kept["session_policies"])})


def on_behalf(call: Call, stack: Stack) -> Call:
    """The same transaction on the authority of a stack."""
    return call.as_caller(caller_of(stack))
