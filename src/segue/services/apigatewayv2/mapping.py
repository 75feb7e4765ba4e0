"""Values of a request, as an integration's parameters name them.

Source: API Gateway developer guide, "Transform API requests and responses for HTTP APIs" (parameter mapping).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from segue.api.http_payload import query_of, request_time, source_ip
from segue.api.mapping_values import context_value, plain
from segue.services.apigatewayv2.entered import Entered
from segue.wire.request import Response

_EXPRESSION = re.compile(r"\$\{((?:request|response|context|stageVariables)[\w.$\[\]-]*)\}")
_WHOLE = re.compile(r"\$(request|response|context|stageVariables)[\w.$\[\]-]*")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def mapped(text: str, entered: Entered, response: Response | None = None) -> str | None:
    """A parameter's value: static text, with what it takes from the request (or the answer from behind); ``None`` where
    that is not there.
    """
    if _WHOLE.fullmatch(text):
        return _value(text[1:], entered, response)
    return _EXPRESSION.sub(lambda found: _value(found[1], entered, response) or "", text)


def _value(name: str, entered: Entered, response: Response | None) -> str | None:
    request = entered.visit.request
    kind, _, rest = name.partition(".")
    if kind == "response":
        return None if response is None else _of_response(rest, response)
    if kind == "stageVariables":
        return dict(entered.stage.get("StageVariables") or {}).get(rest)
    if kind == "context":
        return _context(rest, entered)
    kind, _, rest = rest.partition(".")
    readers: dict[str, Callable[[], str | None]] = {
        "header": lambda: request.headers.get(rest.lower()),
        "querystring": lambda: ",".join(query_of(request).get(rest, ())) or None,
        "path": lambda: entered.variables.get(rest) if rest else entered.path,
        "body": lambda: _of_body(request.body, rest),
    }
    return readers[kind]() if kind in readers else None


def _of_response(name: str, response: Response) -> str | None:
    kind, _, rest = name.partition(".")
    if kind == "header":
        return response.headers.get(rest.lower())
    return _of_body(response.body, rest) if kind == "body" else None


def response_changes(entered: Entered, integration: dict[str, Any], response: Response) -> Response:
    """An answer after what the integration's parameters for its status change: the status, headers."""
    changes = (integration.get("ResponseParameters") or {}).get(str(response.status)) or {}
    came = replace(response, headers=dict(response.headers))
    for key, value in changes.items():
        what, _, place = str(key).partition(":")
        new = mapped(str(value), entered, came) or ""
        if place == "statuscode" and new.isdigit() and 100 <= int(new) <= 599:
            response.status = int(new)
        elif place.startswith("header."):
            _change(response.headers, what, place.removeprefix("header.").lower(), new)
    return response


def _of_body(body: bytes, path: str) -> str | None:
    if not path:
        return body.decode("utf-8", "replace")
    try:
        value: Any = json.loads(body)
    except ValueError:
        return None
    for step in _STEP.finditer(path):
        name, index = step[1], step[2]
        if index is not None and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif name is not None and isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return None
    return value if isinstance(value, str) else json.dumps(value)


def context_of(entered: Entered) -> dict[str, Any]:
    """``$context``: what parameter mapping and access logs know of a request."""
    request, api, now_ms = entered.visit.request, entered.api, entered.call.now_ms
    return {
        "accountId": api.account,
        "apiId": api.id,
        "authorizer": _authorizer(entered),
        "domainName": entered.domain,
        "domainPrefix": entered.domain.partition(".")[0],
        "extendedRequestId": entered.request_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": source_ip(request), "userAgent": request.header("user-agent")},
        "path": entered.path,
        "protocol": "HTTP/1.1",
        "requestId": entered.request_id,
        "requestTime": request_time(now_ms),
        "requestTimeEpoch": str(now_ms // 1000),
        "routeKey": entered.route["RouteKey"],
        "stage": entered.stage_name,
    }


def _authorizer(entered: Entered) -> dict[str, Any]:
    said = entered.visit.memory.get("authorizer") or {}
    if "jwt" in said:
        return {"claims": said["jwt"]["claims"]}
    found: dict[str, Any] = said.get("lambda", said)
    return found


def _context(name: str, entered: Entered) -> str | None:
    return plain(context_value(context_of(entered), name))


def request_changes(
    entered: Entered, integration: dict[str, Any], url: str, headers: dict[str, str], query: str
) -> tuple[str, dict[str, str]]:
    """The URL and the headers of a proxied request after ``overwrite:``, ``append:`` and ``remove:``."""
    asked = query_of(entered.visit.request)
    for key, value in (integration.get("RequestParameters") or {}).items():
        what, _, place = key.partition(":")
        where, _, name = place.partition(".")
        new = mapped(str(value), entered) or ""
        if where == "path" and what == "overwrite":
            scheme, _, rest = url.partition("://")
            url = f"{scheme}://{rest.partition('/')[0]}{quote(new, safe='/%')}"
        elif where == "header":
            _change(headers, what, name.lower(), new)
        elif where == "querystring":
            asked[name] = [] if what == "remove" else [*(asked.get(name, []) if what == "append" else []), new]
    text = urlencode([(name, value) for name, values in asked.items() for value in values])
    return (f"{url}{'&' if '?' in url else '?'}{text}" if text else url), headers


def _change(headers: dict[str, str], what: str, name: str, value: str) -> None:
    if what == "remove":
        headers.pop(name, None)
    elif what == "append" and name in headers:
        headers[name] = f"{headers[name]},{value}"
    else:
        headers[name] = value
