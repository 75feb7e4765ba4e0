"""What the CORS configuration of an HTTP API or a function URL tells the pages of other origins. Pure.

Source: API Gateway developer guide, "Configure CORS for HTTP APIs"; Lambda API reference, "Cors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segue.wire.request import Request, Response


def preflight(configuration: Mapping[str, Any] | None, request: Request) -> Response | None:
    """The answer to a browser that asks whether it may; it needs no route."""
    is_asked = request.method == "OPTIONS" and "access-control-request-method" in request.headers
    if not configuration or not is_asked or "origin" not in request.headers:
        return None
    headers = cors_headers(configuration, request)
    if not headers:
        return Response(204)
    method = request.header("access-control-request-method")
    methods = configuration.get("AllowMethods") or []
    if "*" in methods or method in methods:
        headers["access-control-allow-methods"] = ",".join(methods)
    wanted = configuration.get("AllowHeaders") or []
    if wanted:
        headers["access-control-allow-headers"] = ",".join(wanted)
    if "MaxAge" in configuration:
        headers["access-control-max-age"] = str(configuration["MaxAge"])
    return Response(204, headers)


def cors_headers(configuration: Mapping[str, Any] | None, request: Request) -> dict[str, str]:
    """The headers for any answer to a page of an allowed origin."""
    origin = request.headers.get("origin")
    allowed = (configuration or {}).get("AllowOrigins") or []
    if origin is None or configuration is None or not any(_fits(pattern, origin) for pattern in allowed):
        return {}
    headers = {"access-control-allow-origin": "*" if "*" in allowed else origin, "vary": "origin"}
    if configuration.get("AllowCredentials"):
        headers["access-control-allow-credentials"] = "true"
    if configuration.get("ExposeHeaders"):
        headers["access-control-expose-headers"] = ",".join(configuration["ExposeHeaders"])
    return headers


def _fits(pattern: str, origin: str) -> bool:
    if pattern in ("*", origin):
        return True
    scheme, separator, host = pattern.partition("://")
    return bool(separator) and host == "*" and origin.startswith(f"{scheme}://")
