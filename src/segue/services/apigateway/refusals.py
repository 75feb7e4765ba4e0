"""What an API itself answers where it does not come to an answer from behind: gateway responses. Pure.

Source: API Gateway developer guide, "Gateway response types" and "Gateway responses in API Gateway".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue.wire.request import Response


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered unless the API says otherwise. ``status`` 0: as the error has it."""

    status: int
    message: str = ""
    error: str = ""


DEFAULTS = {
    "ACCESS_DENIED": Refusal(403, "User is not authorized to access this resource", "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": Refusal(500, "Internal server error", "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": Refusal(500, "", "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": Refusal(500, "", "AuthorizerFailureException"),
    "BAD_REQUEST_BODY": Refusal(400, "Invalid request body", "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": Refusal(400, "Missing required request parameters", "BadRequestException"),
    "DEFAULT_4XX": Refusal(0),
    "DEFAULT_5XX": Refusal(0),
    "EXPIRED_TOKEN": Refusal(403, "The security token included in the request is expired", "ExpiredTokenException"),
    "INTEGRATION_FAILURE": Refusal(504, "Internal server error", "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": Refusal(504, "Endpoint request timed out", "InternalServerErrorException"),
    "INVALID_API_KEY": Refusal(403, "Forbidden", "ForbiddenException"),
    "INVALID_SIGNATURE": Refusal(403, "The request signature is not valid", "InvalidSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": Refusal(403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": Refusal(429, "Limit Exceeded", "LimitExceededException"),
    "REQUEST_TOO_LARGE": Refusal(413, "Request Too Long", "RequestTooLargeException"),
    "RESOURCE_NOT_FOUND": Refusal(404, "Not Found", "NotFoundException"),
    "THROTTLED": Refusal(429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": Refusal(401, "Unauthorized", "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": Refusal(415, "Unsupported Media Type", "BadRequestException"),
    "WAF_FILTERED": Refusal(403, "Forbidden", "ForbiddenException"),
}

_NAME = r"(?:context|stageVariables|method\.request)[\w.-]*\w"
_VARIABLE = re.compile(rf"\$(?:\{{({_NAME})\}}|({_NAME}))")
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_POLICY_TEMPLATE = '{"Message":$context.error.messageString}'


def refusal(
    kind: str,
    message: str,
    said: dict[str, Any],
    value: Callable[[str], Any],
    *,
    status: int = 0,
    accept: str = "application/json",
) -> Response:
    """The answer in a case.

    Args:
        said: the API's own gateway responses, by kind.
        value: what a variable (``context.requestId``) comes to; ``None`` where there is nothing of the name.
        status: instead of the one that the kind has, where the API does not say its own.
    """
    default = DEFAULTS[kind]
    number = status or default.status or 500
    own = said.get(kind) or said.get("DEFAULT_5XX" if number >= 500 else "DEFAULT_4XX") or {}
    words = message or default.message
    known = {
        "context.error.message": words,
        "context.error.messageString": json.dumps(words or None),
        "context.error.responseType": kind,
    }

    def filled(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        known_value = known.get(name)
        if known_value is not None:
            return known_value
        given = value(name)
        return "" if given is None else str(given)

    default_template = _POLICY_TEMPLATE if kind == "ACCESS_DENIED" and words.startswith("User: ") else _DEFAULT_TEMPLATE
    templates = own.get("responseTemplates") or {"application/json": default_template}
    kind_of_content = accept if accept in templates else next(iter(templates))
    headers = {"content-type": kind_of_content}
    if default.error:
        headers["x-amzn-errortype"] = default.error
    for name, expression in (own.get("responseParameters") or {}).items():
        _, place, header = name.split(".", 2) if name.count(".") >= 2 else ("", "", "")
        if place == "header" or name.startswith("gatewayresponse.header."):
            text = _parameter(str(expression), value, known)
            if text is not None:
                headers[header.lower()] = text
    body = _VARIABLE.sub(filled, templates[kind_of_content]).encode()
    return Response(int(own.get("statusCode") or number), headers, body)


def _parameter(expression: str, value: Callable[[str], Any], known: dict[str, str]) -> str | None:
    """A header's value: text in quotes, or the name of a variable."""
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    found = known.get(expression)
    if found is None:
        found = value(expression)
    return None if found is None else str(found)
