"""Functions as integrations and authorizers name them, and on whose authority they are invoked."""

from __future__ import annotations

import re

from segue.api import Call
from segue.api.caller import role_caller

_PATH = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/2015-03-31/functions/(.+)/invocations")


def function_of(uri: str) -> str:
    """The function's ARN: a URI is one, or has one in API Gateway's own form of URI."""
    found = _PATH.fullmatch(uri)
    return found[1] if found else uri


def role_or_service(call: Call, role_arn: str | None) -> Call:
    """The call on a role's authority where one is named, else on the service's own."""
    if not role_arn:
        return call
    return call.as_caller(role_caller(role_arn, "BackplaneAssumeRoleSession", call.region))
