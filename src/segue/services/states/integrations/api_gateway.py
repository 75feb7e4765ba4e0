"""``arn:aws:states:::apigateway:invoke``: from a state's Parameters to a request, from an API's answer to the result.

Sources: developer guide, "Create API Gateway REST APIs with Step Functions" (fields, headers that cannot be set,
authorization); conformance group ``sfn-task-apigateway`` (bodies, errors, the result's members).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from segue.api.http_effect import HttpAnswer, HttpFailure, HttpRequest
from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.services.states.integrations.form_encoding import plain_text
from segue.services.states.integrations.integration import Integration, TaskError, check_fields, unusable

OPERATION = "stepfunctions:InvokeApi"
OWN_PATH = "/_aws/execute-api/"
TIMEOUT_SECONDS = 60
MAX_ANSWER_BYTES = 10 * 1024 * 1024

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
_AUTHORIZATIONS = ("NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY")
_REQUIRED = ("ApiEndpoint", "Method")
_TEXTS = ("ApiEndpoint", "Method", "Stage", "Path", "AuthType")
_LISTS = ("Headers", "QueryParameters")
_FIELDS = frozenset((*_TEXTS, *_LISTS, "RequestBody", "AllowNullValues"))
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TAKEN = frozenset(
    [
        "authorization",
        "connection",
        "content-md5",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "via",
        "www-authenticate",
    ]
)
_TAKEN_PREFIXES = ("x-forwarded", "x-amz", "x-amzn")
_OWN_HOST = re.compile(r"([a-z0-9-]+)\.execute-api\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|localhost(?::\d+)?)")
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)


def integration() -> Integration:
    """The API task as an integration: its operation sends the request and shapes the result."""
    return Integration(OPERATION, params=check, result=lambda output, *_: output, error=_error, leaves=True)


def check(value: Any) -> dict[str, Any]:
    """The Parameters, checked.

    Raises:
        TaskError: ``States.Runtime`` where they cannot be used.
    """
    check_fields(value, _FIELDS)
    missing = next((name for name in _REQUIRED if name not in value), None)
    if missing is not None:
        raise unusable(value, f'The field "{missing}" is required but was missing')
    wrong = [name for name in _TEXTS if name in value and not isinstance(value[name], str)]
    wrong += [name for name in _LISTS if name in value and not _are_lists(value[name])]
    wrong += ["AllowNullValues"] if not isinstance(value.get("AllowNullValues", False), bool) else []
    wrong += ["Method"] if value["Method"] not in _METHODS else []
    wrong += ["AuthType"] if value.get("AuthType", "NO_AUTH") not in _AUTHORIZATIONS else []
    wrong += ["Headers"] if not all(map(_may_be_set, value.get("Headers") or ())) else []
    if wrong:
        raise unusable(value, f"The value of the field '{wrong[0]}' has an invalid format")
    return dict(value)


def _are_lists(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(items, list) for items in value.values()))


def _may_be_set(header: str) -> bool:
    name = header.lower()
    return bool(_HEADER.fullmatch(name)) and name not in _TAKEN and not name.startswith(_TAKEN_PREFIXES)


def url_of(params: dict[str, Any], server: str) -> str:
    """Where the request goes. Hosts of APIs (``ID.execute-api.…``) are this server's own.

    Args:
        server: this server's address.
    """
    endpoint = params["ApiEndpoint"].rstrip("/")
    place = endpoint.partition("://")[2] or endpoint
    own = _OWN_HOST.fullmatch(place)
    if own is not None:
        endpoint = f"{server}{OWN_PATH}{own[1]}"
    elif "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    parts = [params.get("Stage", "").strip("/"), params.get("Path", "").lstrip("/")]
    path = "/".join(quote(part, safe="/%:@!$&'()*+,;=~-._") for part in parts if part)
    pairs = [
        (name, plain_text(item)) for name, items in (params.get("QueryParameters") or {}).items() for item in items
    ]
    query = "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs)
    return f"{endpoint}/{path}{'?' if query else ''}{query}"


def is_own(url: str, server: str) -> bool:
    """Whether a request goes to an API of this server."""
    return url.startswith(f"{server}{OWN_PATH}")


def request_of(params: dict[str, Any], url: str) -> HttpRequest:
    """The request that checked Parameters describe.

    Raises:
        TaskError: ``States.Runtime`` for an address that none can be sent to.
    """
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise unusable(params, "The value of the field 'ApiEndpoint' has an invalid format")
    headers = [("User-Agent", "Amazon|StepFunctions|ApiGatewayInvoke")]
    for name, items in (params.get("Headers") or {}).items():
        texts = [plain_text(item) for item in items]
        if any(ord(character) < 32 and character != "\t" for text in texts for character in text):
            raise unusable(params, "The value of the field 'Headers' has an invalid format")
        headers.append((name, ",".join(texts)))
    body = params.get("RequestBody")
    if body is not None and not params.get("AllowNullValues"):
        body = _without_nulls(body)
    if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    encoded = b"" if body is None else json_text.dump(body).encode("utf-8", "replace")
    return HttpRequest(params["Method"], url, tuple(headers), encoded, TIMEOUT_SECONDS, MAX_ANSWER_BYTES)


def _without_nulls(value: Any) -> Any:
    """Without the members that are null (``AllowNullValues`` keeps them)."""
    match value:
        case dict():
            return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


# The answer


def result_of(answer: HttpAnswer | HttpFailure, *, own: bool) -> dict[str, Any]:
    """The task's result.

    Args:
        own: the API is one of this server's, to which AWS keeps its connections.

    Raises:
        TaskError: ``ApiGateway.NNN`` for an answer that is no success, ``ApiGateway.SdkClientException`` where there is
            none, ``States.DataLimitExceeded`` for a large one.
    """
    if isinstance(answer, HttpFailure):
        if answer.too_large:
            what = "returned a result with a size exceeding the maximum number of bytes service limit"
            raise TaskError("States.DataLimitExceeded", f"The state/task 'apigateway' {what}.")
        raise TaskError("ApiGateway.SdkClientException", f"Unable to execute HTTP request: {answer.reason}")
    text = answer.body.decode("utf-8", "replace")
    if not 200 <= answer.status < 300:
        raise TaskError(f"ApiGateway.{answer.status}", text or answer.reason)
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        shown = "keep-alive" if own and name.lower() == "connection" else value
        headers.setdefault(name, []).append(shown)
    return {
        "Headers": headers,
        "ResponseBody": _parsed(text, answer.header("content-type")),
        "StatusCode": answer.status,
        "StatusText": answer.reason,
    }


def _parsed(text: str, content_type: str) -> Any:
    if not _JSON.match(content_type):
        return text
    try:
        return json_text.parse(text)
    except ValueError:
        return text


def _error(error: AwsError, _: str) -> TaskError:
    return TaskError("States.Permissions" if error.status == 403 else "States.Runtime", error.message)
