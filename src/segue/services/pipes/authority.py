"""On whose authority a pipe reads, enriches and sends: its role's."""

from __future__ import annotations

from dataclasses import replace

from segue.api import Call
from segue.api.caller import role_caller
from segue.services.pipes.records import Pipe

_LONGEST_SESSION = 64


def as_role(call: Call, pipe: Pipe, request_id: str = "") -> Call:
    """The same transaction as the pipe's role; ``request_id`` names what is asked, so that it may be asked again."""
    session = pipe.name[:_LONGEST_SESSION].ljust(2, "_")
    acting = call.as_caller(role_caller(pipe.role_arn, session, pipe.region))
    return replace(acting, request_id=request_id) if request_id else acting
