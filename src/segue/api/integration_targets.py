"""What API Gateway's integrations and authorizers name, and on whose authority they are reached."""

from __future__ import annotations

import re
from collections.abc import Mapping

from segue.api.call import Call
from segue.api.caller import role_caller

_PATH = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/+2015-03-31/functions/(.+)/invocations/?")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


def function_of(uri: str) -> str:
    """The function's ARN: a URI is one, or has one in API Gateway's own form of URI."""
    found = _PATH.fullmatch(uri)
    return found[1] if found else uri


def is_function(uri: str) -> bool:
    """Whether a URI is API Gateway's own form of URI of a function."""
    return _PATH.fullmatch(uri) is not None


def role_or_service(call: Call, role_arn: str | None) -> Call:
    """The call on a role's authority where one is named, else on the service's own."""
    if not role_arn:
        return call
    return call.as_caller(role_caller(role_arn, "BackplaneAssumeRoleSession", call.region))


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """A URI with its stage variables filled in."""
    return _STAGE_VARIABLE.sub(lambda found: str(variables.get(found[1], "")), text)
