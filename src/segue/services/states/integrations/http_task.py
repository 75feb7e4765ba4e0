"""``arn:aws:states:::http:invoke``: from a state's Parameters and its connection to a request, from the answer to the
result.

Sources: developer guide, "Call HTTPS APIs in Step Functions workflows" (fields, merging, unsupported responses) and
"Testing state machines with TestState" (the request's own headers, the result's members).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from segue.api.http_effect import HttpAnswer, HttpFailure, HttpRequest
from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.services.states.integrations.form_encoding import ARRAY_FORMATS, encode_form, plain_text
from segue.services.states.integrations.integration import Integration, TaskError, check_fields, unusable

OPERATION = "stepfunctions:InvokeHTTPEndpoint"
TIMEOUT_SECONDS = 60
MAX_ANSWER_BYTES = 262_144

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
_FIELDS = frozenset(("ApiEndpoint", "Method", "Authentication", "InvocationConfig", "Headers", "QueryParameters"))
_ALL_FIELDS = _FIELDS | {"RequestBody", "Transform"}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TAKEN = frozenset(("host", "content-length", "transfer-encoding", "connection"))
_UNREADABLE = re.compile(r"(?:application/octet-stream|(?:image|video|audio)/.*)", re.IGNORECASE)
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


def integration() -> Integration:
    """The HTTP task as an integration: its operation sends the request and shapes the result."""
    return Integration(OPERATION, params=_params, result=lambda output, *_: output, error=_error, leaves=True)


def _params(value: Any) -> dict[str, Any]:
    """The Parameters, checked.

    Raises:
        TaskError: ``States.Runtime`` where they cannot be used.
    """
    check_fields(value, _ALL_FIELDS)
    for field, kind in (("ApiEndpoint", str), ("Method", str)):
        if field not in value:
            raise unusable(value, f'The field "{field}" is required but was missing')
        if not isinstance(value[field], kind):
            raise unusable(value, f"The value of the field '{field}' has an invalid format")
    for field in ("Headers", "QueryParameters", "Transform", "Authentication", "InvocationConfig"):
        if not isinstance(value.get(field, {}), dict):
            raise unusable(value, f"The value of the field '{field}' has an invalid format")
    if not isinstance(_connection_of(value), str):
        raise unusable(value, 'The field "ConnectionArn" is required but was missing')
    if value["Method"] not in _METHODS:
        raise unusable(value, f"The value of the field 'Method' must be one of {', '.join(_METHODS)}")
    if not _is_url(value["ApiEndpoint"]):
        raise unusable(value, "The value of the field 'ApiEndpoint' is not a valid URL")
    return dict(value)


def _is_url(text: str) -> bool:
    """Whether a request can be sent there. AWS asks for https; servers at home speak http."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return False


def _connection_of(value: dict[str, Any]) -> Any:
    return (value.get("InvocationConfig") or value.get("Authentication") or {}).get("ConnectionArn")


def connection_arn(params: dict[str, Any]) -> str:
    """The connection that checked Parameters name."""
    return str(_connection_of(params))


def request_of(params: dict[str, Any], credentials: dict[str, Any], region: str) -> HttpRequest:
    """The request: what the state asks for, with what the connection adds, which wins where both name the same.

    Raises:
        TaskError: ``States.Runtime`` where the two do not go together.
    """
    headers: Pairs = [
        ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}"),
        ("Range", f"bytes=0-{MAX_ANSWER_BYTES}"),
    ]
    headers = _merged(headers, _headers(params))
    headers = _merged(headers, [(name, value) for name, value in credentials["Headers"]])
    body = _body(params, dict(credentials["BodyParameters"]))
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    if body is not None and not content_type:
        content_type = "application/json"
        headers.append(("Content-Type", content_type))
    return HttpRequest(
        params["Method"],
        _url(params, credentials["QueryParameters"]),
        tuple(headers),
        _encoded(params, body, content_type),
        TIMEOUT_SECONDS,
        MAX_ANSWER_BYTES,
    )


def _headers(params: dict[str, Any]) -> Pairs:
    pairs: Pairs = []
    for name, value in params.get("Headers", {}).items():
        if not _HEADER.fullmatch(name) or name.lower() in _TAKEN:
            raise unusable(params, f"The header '{name}' cannot be set")
        text = ",".join(plain_text(item) for item in value) if isinstance(value, list) else plain_text(value)
        if any(ord(character) < 32 and character != "\t" for character in text):
            raise unusable(params, f"The value of the header '{name}' holds a character that headers cannot hold")
        pairs.append((name, text))
    return pairs


def _merged(first: Pairs, second: Pairs) -> Pairs:
    named = {name.lower() for name, _ in second}
    return [(name, value) for name, value in first if name.lower() not in named] + second


def _url(params: dict[str, Any], added: list[list[str]]) -> str:
    taken = {name for name, _ in added}
    pairs: Pairs = []
    for name, value in params.get("QueryParameters", {}).items():
        if name not in taken:
            pairs += [(name, plain_text(item)) for item in (value if isinstance(value, list) else [value])]
    pairs += [(name, value) for name, value in added]
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    parts = urlsplit(params["ApiEndpoint"])
    together = "&".join(part for part in (parts.query, query) if part)
    return str(urlunsplit(parts._replace(query=together, fragment="")))


def _body(params: dict[str, Any], added: dict[str, str]) -> Any:
    body = params.get("RequestBody")
    if not added:
        return body
    if body is None:
        return added
    if not isinstance(body, dict):
        raise unusable(params, "A RequestBody that is no object cannot be merged with the connection's")
    return {**body, **added}


def _encoded(params: dict[str, Any], body: Any, content_type: str) -> bytes:
    transform = params.get("Transform", {})
    encoding = transform.get("RequestBodyEncoding", "NONE")
    if body is None:
        return b""
    if encoding == "URL_ENCODED":
        options = transform.get("RequestEncodingOptions") or {}
        array_format = options.get("ArrayFormat", "INDICES")
        if not isinstance(body, dict) or array_format not in ARRAY_FORMATS:
            raise unusable(params, "The RequestBody could not be URL-encoded")
        if not content_type.lower().startswith(_FORM):
            raise unusable(params, f"URL_ENCODED needs the Content-Type header {_FORM}")
        return encode_form(body, array_format).encode()
    if encoding != "NONE":
        raise unusable(params, "RequestBodyEncoding must be URL_ENCODED or NONE")
    if isinstance(body, str) and not _JSON.match(content_type):
        return body.encode("utf-8", "replace")
    return json_text.dump(body).encode("utf-8", "replace")


# The answer


def result_of(answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    """The task's result.

    Raises:
        TaskError: ``States.Http.StatusCode.NNN`` for an answer that is no success, ``States.Http.Socket`` where
            there is none, ``States.DataLimitExceeded`` for a large one, ``States.Runtime`` for one that cannot be read.
    """
    if isinstance(answer, HttpFailure):
        if answer.too_large:
            what = "returned a result with a size exceeding the maximum number of bytes service limit"
            raise TaskError("States.DataLimitExceeded", f"The state/task 'http' {what}.")
        raise TaskError("States.Http.Socket", answer.reason)
    content_type = answer.header("content-type")
    if _UNREADABLE.match(content_type):
        raise TaskError("States.Runtime", f"The response's content type '{content_type}' is not supported.")
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        raise TaskError("States.Runtime", "The response body is not a valid string.") from None
    if not 200 <= answer.status < 300:
        raise TaskError(f"States.Http.StatusCode.{answer.status}", text or answer.reason)
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.lower(), []).append(value)
    return {
        "Headers": headers,
        "ResponseBody": _parsed(text, content_type),
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


def connection_error(error: AwsError) -> TaskError:
    """What the connection's service says, in the names of the developer guide ("Connection errors")."""
    code = "AccessDenied" if error.status == 403 else error.code
    return TaskError(f"Events.ConnectionResource.{code}", error.message)


def _error(error: AwsError, _: str) -> TaskError:
    return TaskError("States.Permissions" if error.status == 403 else "States.Runtime", error.message)
