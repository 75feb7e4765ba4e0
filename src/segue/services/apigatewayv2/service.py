"""The service's declaration."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.services.apigatewayv2 import records

PRINCIPAL = "apigateway.amazonaws.com"
"""As whom the service invokes functions."""
SERVICE = Service("apigatewayv2", migrations=records.MIGRATIONS, iam_prefix="apigateway")


def arn_of(call: Call, *path: str) -> str:
    """What a policy must allow, of a path of the API of APIs (``arn:aws:apigateway:us-east-1::/apis/abc/routes``)."""
    return f"arn:aws:apigateway:{call.region}::/" + "/".join(path)


def arn_of_api(call: Call, params: dict[str, Any]) -> str:
    """The ARN of an API."""
    return arn_of(call, "apis", str(params.get("ApiId", "")))
