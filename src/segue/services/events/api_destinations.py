"""API destinations as targets: HTTP requests over connections, so many a second.

Source: user guide, "API destinations as targets" (the request's own headers, five seconds, which answers are tried
again, the invocation rate limit: events wait until they may go).
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from segue.api import Call, Result
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.service import Params
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.events.authorization import retrieve_connection_credentials
from segue.services.events.connection_records import load
from segue.services.events.records import scope_of
from segue.services.events.service import SERVICE

_TIMEOUT_SECONDS = 5
_MAX_ANSWER_BYTES = 1_048_576
_AGAIN = frozenset((401, 407, 409, 429))
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
_FIXED = (("User-Agent", "Amazon/EventBridge/ApiDestinations"), ("Range", "bytes=0-1048575"))
_JSON = ("Content-Type", "application/json; charset=utf-8")
_MICROSECONDS = 1_000_000

Pairs = list[tuple[str, str]]


def _arn(_: Call, params: Params) -> str:
    return str(params["ApiDestinationArn"])


@SERVICE.internal("InvokeApiDestination", resource=_arn)
def invoke_api_destination(call: Call, params: Params) -> Result:
    """Send a request to an API destination.

    Params: ``ApiDestinationArn``; ``Body``, a text; ``HttpParameters``, as targets have them. The result has the
    ``StatusCode`` and the ``Body`` of the answer.

    Raises:
        AwsError: ``ResourceNotFoundException``; what connections raise; ``SDK_CLIENT_ERROR`` where no whole answer came
            (it may pass); ``ERROR_FROM_TARGET`` for an answer that is not well.
    """
    destination = _existing(call, params["ApiDestinationArn"])
    connection = destination["ConnectionArn"]
    try:
        credentials = retrieve_connection_credentials(call, {"ConnectionArn": connection})
    except AwsError as error:
        error.retryable = error.retryable or error.code == "AuthInProgress"
        raise
    if not isinstance(credentials, dict):
        return credentials
    request = request_of(destination, params.get("HttpParameters", {}), params["Body"], credentials)
    return Outbound(HTTP, request, partial(_settle, connection))


@SERVICE.internal("ReserveApiDestination", resource=_arn, action="events:InvokeApiDestination")
def reserve_api_destination(call: Call, params: Params) -> dict[str, Any]:
    """When the next request may go to an API destination by its rate limit: ``At``, in milliseconds.

    That place is taken then.
    """
    found = find_destination(call, params["ApiDestinationArn"])
    return {"At": reserve(call, found) if found is not None else call.now_ms}


def reserve(call: Call, destination: dict[str, Any]) -> int:
    """When the next request may go there, in milliseconds; nobody else's goes then."""
    arn = destination["ApiDestinationArn"]
    row = call.tx.one("SELECT next_at FROM events_destination_slots WHERE arn = ?", arn)
    at = max(call.now_ms * 1_000, 0 if row is None else int(row[0]))
    call.tx.run(
        "INSERT INTO events_destination_slots VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET next_at = excluded.next_at",
        arn,
        at + _MICROSECONDS // destination["InvocationRateLimitPerSecond"],
    )
    return -(-at // 1_000)


def find_destination(call: Call, arn: str) -> dict[str, Any] | None:
    """The destination of that ARN."""
    where = parse_arn(arn) if is_arn(arn) else None
    parts = where.resource.split("/") if where is not None else []
    if where is None or len(parts) < 2:
        return None
    found = load(call, "destinations", parts[1], scope_of(where.account, where.region))
    return None if found is None or found["ApiDestinationArn"] != arn else found


def _existing(call: Call, arn: str) -> dict[str, Any]:
    found = find_destination(call, arn)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The API destination {arn} does not exist.")
    return found


def request_of(
    destination: dict[str, Any], given: dict[str, Any], body: str, credentials: dict[str, Any]
) -> HttpRequest:
    """The request: the destination's, with what the target and the connection add (which win in this order)."""
    method = destination["HttpMethod"]
    has_body = method not in _WITHOUT_BODY
    headers: Pairs = [*_FIXED, *([_JSON] if has_body else [])]
    headers = _merged(headers, list(given.get("HeaderParameters", {}).items()))
    headers = _merged(headers, [(name, value) for name, value in credentials["Headers"]])
    query = [*given.get("QueryStringParameters", {}).items(), *credentials["QueryParameters"]]
    return HttpRequest(
        method,
        _url(destination["InvocationEndpoint"], given.get("PathParameterValues", []), query),
        tuple(headers),
        _body(body, dict(credentials["BodyParameters"])) if has_body else b"",
        _TIMEOUT_SECONDS,
        _MAX_ANSWER_BYTES,
    )


def _merged(first: Pairs, second: Pairs) -> Pairs:
    named = {name.lower() for name, _ in second}
    return [(name, value) for name, value in first if name.lower() not in named] + second


def _url(endpoint: str, path_values: list[str], query: list[Any]) -> str:
    for value in path_values:
        endpoint = endpoint.replace("*", quote(value, safe=""), 1)
    parts = urlsplit(endpoint)
    added = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, added) if part)))


def _body(text: str, added: dict[str, str]) -> bytes:
    if added:
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict):
            text = json.dumps({**value, **added}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _settle(connection: str, call: Call, answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    if isinstance(answer, HttpFailure):
        raise AwsError("SDK_CLIENT_ERROR", answer.reason, retryable=True)
    if 200 <= answer.status < 300:
        return {"StatusCode": answer.status, "Body": answer.body.decode("utf-8", "replace")}
    if answer.status in (401, 407):
        with suppress(AwsError):  # the connection may be gone by now
            retrieve_connection_credentials(call, {"ConnectionArn": connection, "Renew": True})
    retryable = answer.status in _AGAIN or answer.status >= 500
    reason = f"The destination answered {answer.status} {answer.reason}".rstrip()
    raise AwsError("ERROR_FROM_TARGET", reason, retryable=retryable)
