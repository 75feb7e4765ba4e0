"""Requests as functions get them from HTTP APIs, REST APIs and function URLs, and answers as they give them back.

Pure. Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" (formats 1.0 and 2.0)
and "Lambda proxy integrations in API Gateway"; Lambda developer guide, "Invoking Lambda function URLs".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from segue.wire.request import Request, Response

_TEXTS = ("application/json", "application/javascript", "application/xml", "application/graphql")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an event tells of a request beside the request itself.

    Attributes:
        request_id, now_ms: of this request.
        account, api_id, stage, domain: whose address it is.
        path: as the event shows it (with the stage, where AWS shows it).
        route_key: ``GET /pets/{id}``, ``$default``.
        resource: the path's pattern (format 1.0).
        path_parameters, stage_variables: by name.
        authorizer: what an authorizer has said of the caller.
        identity: of the caller, format 1.0's ``identity`` and format 2.0's ``authorizer.iam``.
    """

    request_id: str
    now_ms: int
    account: str
    api_id: str
    stage: str
    domain: str
    path: str
    route_key: str = "$default"
    resource: str = ""
    path_parameters: Mapping[str, str] | None = None
    stage_variables: Mapping[str, str] | None = None
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] | None = None


class MalformedAnswer(Exception):
    """A function's answer that is none: the client gets a 5xx."""


def request_v2(asked: Asked, request: Request) -> dict[str, Any]:
    """An event of format 2.0. What there is nothing of is left out."""
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    body, is_base64 = _body(request)
    context = {
        "accountId": asked.account,
        "apiId": asked.api_id,
        "authorizer": dict(asked.authorizer) if asked.authorizer else None,
        "domainName": asked.domain,
        "domainPrefix": asked.domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": asked.path,
            "protocol": "HTTP/1.1",
            "sourceIp": source_ip(request),
            "userAgent": request.header("user-agent"),
        },
        "requestId": asked.request_id,
        "routeKey": asked.route_key,
        "stage": asked.stage,
        "time": request_time(asked.now_ms),
        "timeEpoch": asked.now_ms,
    }
    event = {
        "version": "2.0",
        "routeKey": asked.route_key,
        "rawPath": asked.path,
        "rawQueryString": request.query,
        "cookies": [cookie for cookie in request.header("cookie").split("; ") if cookie] or None,
        "headers": headers,
        "queryStringParameters": {name: ",".join(values) for name, values in query_of(request).items()} or None,
        "requestContext": {name: value for name, value in context.items() if value is not None},
        "body": body,
        "pathParameters": dict(asked.path_parameters) if asked.path_parameters else None,
        "isBase64Encoded": is_base64,
        "stageVariables": dict(asked.stage_variables) if asked.stage_variables else None,
    }
    return {name: value for name, value in event.items() if value is not None}


def request_v1(asked: Asked, request: Request, *, version: str | None = None) -> dict[str, Any]:
    """An event of format 1.0, which REST APIs send (without ``version``), too. What there is nothing of is null."""
    query, shown = query_of(request), shown_headers(request.headers)
    body, is_base64 = _body(request, form_is_text=True)
    method, path = asked.route_key.partition(" ")[0], asked.path
    context: dict[str, Any] = {
        "accountId": asked.account,
        "apiId": asked.api_id,
        "domainName": asked.domain,
        "domainPrefix": asked.domain.partition(".")[0],
        "extendedRequestId": asked.request_id.replace("-", "")[:15] + "=",
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "sourceIp": source_ip(request),
            "userAgent": request.header("user-agent") or None,
            **(asked.identity or {}),
        },
        "path": path if path.startswith(f"/{asked.stage}/") or asked.stage == "$default" else f"/{asked.stage}{path}",
        "protocol": "HTTP/1.1",
        "requestId": asked.request_id,
        "requestTime": request_time(asked.now_ms),
        "requestTimeEpoch": asked.now_ms,
        "resourcePath": asked.resource,
        "stage": asked.stage,
    }
    if asked.authorizer:
        context["authorizer"] = dict(asked.authorizer)
    event: dict[str, Any] = {} if version is None else {"version": version}
    return event | {
        "resource": asked.resource or method,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in shown.items()},
        "multiValueHeaders": shown,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(asked.path_parameters) if asked.path_parameters else None,
        "stageVariables": dict(asked.stage_variables) if asked.stage_variables else None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def response_v2(payload: Any, content_type: str) -> Response:
    """The answer that a function gives in format 2.0; a value without ``statusCode`` is itself the body, in JSON.

    Args:
        content_type: where the function names none.

    Raises:
        MalformedAnswer: a status that is no number, a body that is no text.
    """
    if not isinstance(payload, dict) or "statusCode" not in payload:
        body = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
        return Response(200, {"content-type": "application/json"}, body)
    response = _response(payload, content_type)
    cookies = payload.get("cookies") or ()
    response.more += tuple(("set-cookie", str(cookie)) for cookie in cookies)
    return response


def response_v1(payload: Any) -> Response:
    """The answer that a function gives in format 1.0.

    Raises:
        MalformedAnswer: anything but an object with a status, headers and a body.
    """
    if not isinstance(payload, dict) or "statusCode" not in payload:
        raise MalformedAnswer("The answer has no statusCode")
    response = _response(payload, "application/json")
    for name, values in (payload.get("multiValueHeaders") or {}).items():
        response.headers.pop(name.lower(), None)
        response.more += tuple((name.lower(), _header(value)) for value in values)
    return response


def _response(payload: Mapping[str, Any], content_type: str) -> Response:
    try:
        status = int(payload["statusCode"])
    except (TypeError, ValueError):
        raise MalformedAnswer("The answer's statusCode is no number") from None
    given = payload.get("headers") or {}
    if not isinstance(given, Mapping) or not 100 <= status <= 599:
        raise MalformedAnswer("The answer's headers or statusCode are of no use")
    headers = {"content-type": content_type} | {name.lower(): _header(value) for name, value in given.items()}
    headers.pop("content-length", None)
    return Response(status, headers, _answered_body(payload))


def _answered_body(payload: Mapping[str, Any]) -> bytes:
    body = payload.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer("The answer's body is no text")
    if not payload.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=False)
    except binascii.Error:
        raise MalformedAnswer("The answer's body is not in Base64") from None


def _header(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise MalformedAnswer("A header's value is no text")
    return str(value)


def query_of(request: Request) -> dict[str, list[str]]:
    """The query's parameters, decoded, with all their values."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def decoded(path: str) -> str:
    """A path without its percent-encoding."""
    return unquote(path)


def source_ip(request: Request) -> str:
    """Where a request comes from, as far as one can tell."""
    return request.header("x-forwarded-for", "127.0.0.1").partition(",")[0].strip()


def shown_headers(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """Headers with names as browsers write them: format 1.0 keeps the client's spelling, which is lost here."""
    return {"-".join(part.capitalize() for part in name.split("-")): [value] for name, value in headers.items()}


def _body(request: Request, form_is_text: bool = False) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    kind = request.header("content-type").partition(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))
    if (is_text or form_is_text) and "content-encoding" not in request.headers:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def request_time(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
