"""The API task's operation: a request to an API, signed by the task's role where it asks for that."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from segue.api import Call, Result
from segue.api.caller import service_caller
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.service import Params
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.states.integrations.api_gateway import is_own, request_of, result_of, url_of
from segue.services.states.integrations.integration import TaskError
from segue.services.states.service import SERVICE
from segue.wire.request import Request
from segue.wire.sigv4 import sign


@SERVICE.internal("InvokeApi", action=None)
def invoke_api(call: Call, params: Params) -> Result:
    """Send the request that the checked Parameters of a state describe; the API itself decides who may.

    Raises:
        TaskError: the request cannot be made, or (when it is settled) the answer is a failure.
    """
    server = call.api.settings.endpoint_url
    url = url_of(params, server)
    request = request_of(params, url)
    if params.get("AuthType", "NO_AUTH") != "NO_AUTH":
        request = _signed(call, request)
    return Outbound(HTTP, request, partial(_settle, is_own(url, server)))


def _settle(own: bool, call: Call, answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    return result_of(answer, own=own)


def _signed(call: Call, request: HttpRequest) -> HttpRequest:
    caller = call.caller
    states = call.as_caller(service_caller("states.amazonaws.com", call.arn("states", "stateMachine:*")))
    given = {"RoleArn": caller.role_arn, "RoleSessionName": caller.arn.rpartition("/")[2] or "states"}
    try:
        session = states.perform("sts:AssumeRole", given)
    except AwsError as error:
        raise TaskError("States.Permissions", error.message) from None
    assert isinstance(session, dict)
    keys, parts = session["Credentials"], urlsplit(request.url)
    headers = {"host": parts.netloc, "x-amz-security-token": keys["SessionToken"]}
    plain = Request(request.method, parts.path or "/", parts.query, headers, request.body)
    added = sign(plain, keys["AccessKeyId"], keys["SecretAccessKey"], call.region, "execute-api", call.now_ms)
    more = {"x-amz-security-token": keys["SessionToken"], **added}
    return replace(request, headers=(*request.headers, *more.items()))
