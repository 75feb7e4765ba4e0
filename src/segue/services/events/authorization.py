"""What a connection adds to the requests that are made with it, and how one by OAuth gets its token.

Sources: user guide, "Connections for HTTP endpoint targets"; Step Functions developer guide, "Call HTTPS APIs in Step
Functions workflows" (the connection's errors).
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from segue import jobs
from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.service import Params
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.events.connection_records import load, save
from segue.services.events.records import scope_of
from segue.services.events.service import SERVICE

_RETRY_MS = (2_000, 5_000, 15_000, 30_000)
_TOKEN_WAIT_MS = 60_000
_TOKEN_SECONDS = 3_600
_EARLY_MS = 10_000
_REQUEST_SECONDS = 30
_TOKEN_ANSWER_BYTES = 65_536
_FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")

Pairs = list[list[str]]


@SERVICE.internal("RetrieveConnectionCredentials", resource=lambda call, params: str(params["ConnectionArn"]))
def retrieve_connection_credentials(call: Call, params: Params) -> dict[str, Any] | Pending:
    """``Headers``, ``QueryParameters`` and ``BodyParameters`` (pairs) for a request over a connection.

    Args:
        params: the ``ConnectionArn``; with ``Renew``, a token that was refused is forgotten.

    Raises:
        AwsError: ``ResourceNotFound``, ``AuthInProgress``, ``InvalidConnectionState``.
    """
    document = connection_by_arn(call, params["ConnectionArn"])
    state = document["ConnectionState"]
    if state == "AUTHORIZING":
        raise AwsError("AuthInProgress", f"The connection {document['Name']} is being authorized.")
    if state != "AUTHORIZED":
        raise AwsError("InvalidConnectionState", f"The connection {document['Name']} is {state}.")
    if document["AuthorizationType"] == "OAUTH_CLIENT_CREDENTIALS":
        if params.get("Renew"):
            document.pop("AccessToken", None)
            _save(call, document)
            return {}
        if "AccessToken" not in document or document["TokenExpiresAt"] <= call.now_ms:
            return _wait_for_token(call, document)
    return credentials_of(document)


def connection_by_arn(call: Call, arn: str) -> dict[str, Any]:
    """The connection of that ARN; ``AwsError`` ``ResourceNotFound`` where there is none."""
    where = parse_arn(arn) if is_arn(arn) else None
    parts = where.resource.split("/") if where is not None else []
    found = None
    if where is not None and len(parts) == 3:
        found = load(call, "connections", parts[1], scope_of(where.account, where.region))
    if found is None or found["ConnectionArn"] != arn:
        raise AwsError("ResourceNotFound", f"The connection {arn} does not exist.")
    return found


def credentials_of(document: dict[str, Any]) -> dict[str, Any]:
    """What an authorized connection adds to a request."""
    parameters = document["AuthParameters"]
    added: dict[str, Any] = _http_parameters(parameters.get("InvocationHttpParameters", {}))
    added["Headers"].append(_authorization(document, parameters))
    return added


def _authorization(document: dict[str, Any], parameters: dict[str, Any]) -> list[str]:
    if "BasicAuthParameters" in parameters:
        basic = parameters["BasicAuthParameters"]
        return ["Authorization", "Basic " + b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()]
    if "ApiKeyAuthParameters" in parameters:
        key = parameters["ApiKeyAuthParameters"]
        return [key["ApiKeyName"], key["ApiKeyValue"]]
    return ["Authorization", f"Bearer {document['AccessToken']}"]


def _http_parameters(given: dict[str, Any]) -> dict[str, Any]:
    members = {"Headers": "HeaderParameters", "QueryParameters": "QueryStringParameters"}
    members["BodyParameters"] = "BodyParameters"
    return {
        name: [[one.get("Key", ""), one.get("Value", "")] for one in given.get(member, [])]
        for name, member in members.items()
    }


# The token


def begin_authorization(call: Call, arn: str) -> None:
    """Have the connection's token fetched."""
    jobs.enqueue(call.tx, "events:authorize", arn, arn, trace=call.trace)


def _wait_for_token(call: Call, document: dict[str, Any]) -> Pending:
    arn = document["ConnectionArn"]
    if call.now_ms >= call.started_ms + _TOKEN_WAIT_MS:
        raise AwsError("InternalError", f"The token of the connection {document['Name']} could not be renewed.")
    if not jobs.exists(call.tx, "events:authorize", arn):
        begin_authorization(call, arn)
    return Pending((_token_key(arn),), call.started_ms + _TOKEN_WAIT_MS)


def _token_key(arn: str) -> str:
    return f"events:token:{arn}"


@SERVICE.job("authorize")
def authorize_connection(call: Call, job: Job) -> Outbound | None:
    """Ask a connection's authorization endpoint for a token."""
    try:
        document = connection_by_arn(call, job.payload)
    except AwsError:
        return None  # deleted meanwhile
    return Outbound(HTTP, token_request(document["AuthParameters"]["OAuthParameters"]), partial(_settle, job))


def token_request(oauth: dict[str, Any]) -> HttpRequest:
    """The request for a token: the client's id and secret, and what the connection adds, as a form or a query."""
    added = _http_parameters(oauth.get("OAuthHttpParameters", {}))
    client = oauth["ClientParameters"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
    }
    form |= dict(added["BodyParameters"])
    method = oauth["HttpMethod"].upper()
    query: dict[str, str] = dict(added["QueryParameters"])
    if method == "GET":
        query = form | query
    parts = urlsplit(oauth["AuthorizationEndpoint"])
    together = "&".join(part for part in (parts.query, urlencode(query)) if part)
    headers = [(name, value) for name, value in added["Headers"]]
    return HttpRequest(
        method,
        urlunsplit(parts._replace(query=together)),
        (*headers, ("Accept", "application/json"), *([] if method == "GET" else [_FORM])),
        b"" if method == "GET" else urlencode(form).encode(),
        _REQUEST_SECONDS,
        _TOKEN_ANSWER_BYTES,
    )


def _settle(job: Job, call: Call, answer: HttpAnswer | HttpFailure) -> Again | None:
    try:
        document = connection_by_arn(call, job.payload)
    except AwsError:
        return None
    token, seconds, reason = _token(answer)
    hop = ("events.amazonaws.com", document["ConnectionArn"], "events:RetrieveConnectionCredentials")
    if token:
        times = {"TokenExpiresAt": call.now_ms + seconds * 1_000 - _EARLY_MS, "LastAuthorizedTime": call.now_ms}
        document |= {"ConnectionState": "AUTHORIZED", "AccessToken": token, **times}
        document.pop("StateReason", None)
        record(call, Delivery(*hop))
    else:
        passing = isinstance(answer, HttpFailure) or answer.status >= 500 or answer.status == 429
        if passing and job.attempts <= len(_RETRY_MS):
            return Again(call.now_ms + _RETRY_MS[job.attempts - 1], reason=reason)
        document |= {"ConnectionState": "DEAUTHORIZED", "StateReason": reason}
        record(call, Delivery(*hop, "failed", job.attempts, reason))
    _save(call, document)
    jobs.wake(call.tx, _token_key(document["ConnectionArn"]))
    return None


def _token(answer: HttpAnswer | HttpFailure) -> tuple[str, int, str]:
    """The token, for how many seconds it is good, and why there is none."""
    if isinstance(answer, HttpFailure):
        return "", 0, f"The authorization endpoint could not be asked: {answer.reason}"
    if not 200 <= answer.status < 300:
        return "", 0, f"The authorization endpoint answered {answer.status} {answer.reason}".rstrip()
    try:
        told = json.loads(answer.body)
        token, seconds = told["access_token"], int(told.get("expires_in", _TOKEN_SECONDS))
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", 0, "The authorization endpoint's answer holds no access_token"
    return str(token), min(max(seconds, 0), 10 * 366 * 86_400), ""


def _save(call: Call, document: dict[str, Any]) -> None:
    where = parse_arn(document["ConnectionArn"])
    scope = scope_of(where.account, where.region)
    save(call, "connections", document["Name"], document["ConnectionArn"], document, scope)
