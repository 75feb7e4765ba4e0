"""Events for API destinations: HTTP requests over connections, retried by the target's policy.

Source: user guide, "API destinations as targets" (the request's own headers, five seconds, which answers are tried
again). ``InvocationRateLimitPerSecond`` is kept and not enforced.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from segue.api import Call, Target
from segue.api.authorize import authorize_action
from segue.api.caller import role_caller, service_caller
from segue.api.deliver import dead_letter, retry_delay_ms
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.events.authorization import retrieve_connection_credentials
from segue.services.events.connection_records import load
from segue.services.events.delivery import DESTINATION, PRINCIPAL, Handover, delivery_target
from segue.services.events.event import Event
from segue.services.events.records import scope_of
from segue.services.events.service import SERVICE

_TIMEOUT_SECONDS = 5
_MAX_ANSWER_BYTES = 1_048_576
_AGAIN = frozenset((401, 407, 409, 429))
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
_FIXED = (("User-Agent", "Amazon/EventBridge/ApiDestinations"), ("Range", "bytes=0-1048575"))
_JSON = ("Content-Type", "application/json; charset=utf-8")

Pairs = list[tuple[str, str]]


@SERVICE.job(DESTINATION.partition(":")[2])
def call_destination(call: Call, job: Job) -> Outbound | Pending | Again | None:
    """Send one event to an API destination."""
    handover = _handover(job.payload)
    try:
        destination = _destination(call, handover)
        credentials = retrieve_connection_credentials(call, {"ConnectionArn": destination["ConnectionArn"]})
        if isinstance(credentials, (Pending, Outbound)):
            return credentials
        request = request_of(destination, handover, credentials)
    except AwsError as error:
        return _failed(call, job, handover, error)
    return Outbound(HTTP, request, partial(_settle, job, handover, destination["ConnectionArn"]))


def _handover(payload: dict[str, Any]) -> Handover:
    target, region = payload["target"], parse_arn(payload["rule_arn"]).region
    event = Event(payload["event_id"], {}, payload["event"], region, payload["ingested_at"])
    return Handover(payload["rule_arn"], target, parse_arn(target["Arn"]), event, payload["input"])


def _destination(call: Call, handover: Handover) -> dict[str, Any]:
    arn, target = handover.arn, handover.target
    role = target.get("RoleArn", "")
    session = handover.event.id
    caller = role_caller(role, session, arn.region) if role else service_caller(PRINCIPAL, handover.rule_arn)
    authorize_action(call.as_caller(caller), SERVICE, "events:InvokeApiDestination", target["Arn"])
    found = load(call, "destinations", arn.resource.split("/")[1], scope_of(arn.account, arn.region))
    if found is None or found["ApiDestinationArn"] != target["Arn"]:
        raise AwsError("ResourceNotFoundException", f"The API destination {target['Arn']} does not exist.")
    return found


def request_of(destination: dict[str, Any], handover: Handover, credentials: dict[str, Any]) -> HttpRequest:
    """The request: the destination's, with what the target and the connection add (which win in this order)."""
    given = handover.target.get("HttpParameters", {})
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
        _body(handover.input, dict(credentials["BodyParameters"])) if has_body else b"",
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


def _settle(
    job: Job, handover: Handover, connection: str, call: Call, answer: HttpAnswer | HttpFailure
) -> Again | None:
    if isinstance(answer, HttpAnswer) and (200 <= answer.status < 300):
        record(call, _delivery(handover, "delivered", job.attempts))
        return None
    if isinstance(answer, HttpFailure):
        return _failed(call, job, handover, AwsError("SDK_CLIENT_ERROR", answer.reason, retryable=True))
    if answer.status in (401, 407):
        with suppress(AwsError):  # the connection may be gone by now
            retrieve_connection_credentials(call, {"ConnectionArn": connection, "Renew": True})
    retryable = answer.status in _AGAIN or answer.status >= 500
    reason = f"The destination answered {answer.status} {answer.reason}".rstrip()
    return _failed(call, job, handover, AwsError("ERROR_FROM_TARGET", reason, retryable=retryable))


def _failed(call: Call, job: Job, handover: Handover, error: AwsError) -> Again | None:
    target: Target = delivery_target(handover, "events:InvokeApiDestination", {})
    at_ms = call.now_ms + retry_delay_ms(job.attempts, jitter=call.tx.ids.random.random)
    reason = f"{error.code}: {error.message}"
    retryable = error.retryable or error.code == "AuthInProgress"
    if retryable and job.attempts < target.max_attempts and at_ms - job.created_at_ms <= target.max_age_ms:
        record(call, _delivery(handover, "retrying", job.attempts, reason))
        return Again(at_ms, reason=reason)
    kept = bool(target.dead_letter_arn) and dead_letter(call, target, error)
    record(call, _delivery(handover, "dead-lettered" if kept else "dropped", job.attempts, reason))
    return None


def _delivery(handover: Handover, status: str, attempts: int, reason: str = "") -> Delivery:
    operation = "events:InvokeApiDestination"
    return Delivery(handover.rule_arn, handover.target["Arn"], operation, status, attempts, reason, handover.event.id)
