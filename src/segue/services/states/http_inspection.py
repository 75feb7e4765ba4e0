"""What TestState shows of an HTTP Task at level TRACE: the request as it was sent, and the answer.

Without ``revealSecrets`` what the connection has added to headers, query and body is left out; what the state says, and
the answer, are always shown (API reference, TestState, ``revealSecrets``, ``InspectionDataRequest``).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from segue.api.http_effect import HttpAnswer, HttpFailure, HttpRequest
from segue.services.states.integrations.http_task import request_of

_NO_CREDENTIALS: dict[str, Any] = {"Headers": [], "QueryParameters": [], "BodyParameters": {}}


def without_secrets(params: dict[str, Any], region: str) -> HttpRequest:
    """The request as the state alone describes it."""
    return request_of(params, _NO_CREDENTIALS, region)


def exchange(request: HttpRequest, answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    """The members ``request`` and, where there was an answer, ``response`` of ``inspectionData``."""
    protocol = urlsplit(request.url).scheme
    sent = {
        "protocol": protocol,
        "method": request.method,
        "url": request.url,
        "headers": _headers(request.headers),
        "body": request.body.decode("utf-8", "replace") or None,
    }
    if isinstance(answer, HttpFailure):
        return {"request": sent}
    received = {
        "protocol": protocol,
        "statusCode": str(answer.status),
        "statusMessage": answer.reason,
        "headers": _headers(answer.headers),
        "body": answer.body.decode("utf-8", "replace"),
    }
    return {"request": sent, "response": received}


def _headers(pairs: tuple[tuple[str, str], ...]) -> str:
    return f"[{', '.join(f'{name.lower()}: {value}' for name, value in pairs)}]"
