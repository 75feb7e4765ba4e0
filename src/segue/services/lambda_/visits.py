"""Requests to function URLs: who may, the event, the answer.

Source: Lambda developer guide, "Invoking Lambda function URLs" and "Control access to Lambda function URLs". The
permission asked for is ``lambda:InvokeFunctionUrl``; what a streaming function writes is sent when it has ended.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import orjson

from segue.api import Call, Caller
from segue.api.authorize import authorize
from segue.api.call import Result
from segue.api.cors import cors_headers, preflight
from segue.api.deliveries import Delivery, record
from segue.api.endpoint import Visit, is_signed
from segue.api.http_payload import Asked, MalformedAnswer, request_v2, response_v2
from segue.api.service import Operation
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.urls import LABEL, FunctionUrl, find_url
from segue.wire.request import Response

_ACTION = "InvokeFunctionUrl"
_ANYBODY = "anonymous"
_PRELUDE_END = b"\0" * 8
"""Ends the status and headers of a streamed answer (``awslambda.HttpResponseStream.from``)."""


@SERVICE.endpoint(LABEL)
def visited(call: Call, params: dict[str, Any]) -> Result:
    """Invoke the function with the request."""
    visit: Visit = params["visit"]
    url = find_url(call.tx, visit.id)
    if url is None:
        raise AwsError("AccessDeniedException", "Forbidden", status=403)
    allowed = preflight(url.configuration.get("Cors"), visit.request)
    if allowed is not None:
        return {"response": allowed}
    caller = _visitor(call, visit, url)
    _check(call.as_caller(caller), url)
    function = parse_arn(url.arn)
    owner = call.as_caller(Caller(function.account, function.region))
    event = request_v2(_asked(call, visit, url, caller), visit.request)
    try:
        invoked = owner.perform("lambda:Invoke", {"FunctionName": url.arn, "Payload": json.dumps(event).encode()})
    except AwsError as error:
        return _refused(call, visit, url, error)
    assert isinstance(invoked, Outbound)
    return Outbound(invoked.effect, invoked.request, partial(_answered, visit, url, invoked))


def _visitor(call: Call, visit: Visit, url: FunctionUrl) -> Caller:
    if url.configuration["AuthType"] == "NONE":
        function = parse_arn(url.arn)
        return Caller(function.account, function.region, kind="user", arn=_ANYBODY)
    if not is_signed(visit.request):
        raise AwsError("AccessDeniedException", "Forbidden", status=403)
    return visit.authenticate(call.tx)


def _check(call: Call, url: FunctionUrl) -> None:
    def handle(call: Call, params: Any) -> Result:
        raise AssertionError("only asked about")

    operation = Operation(_ACTION, handle, resource=lambda call, params: url.arn, action=f"lambda:{_ACTION}")
    try:
        authorize(call, SERVICE, operation, {"AuthType": url.configuration["AuthType"]})
    except AwsError:
        raise AwsError("AccessDeniedException", "Forbidden", status=403) from None


def _asked(call: Call, visit: Visit, url: FunctionUrl, caller: Caller) -> Asked:
    region = parse_arn(url.arn).region
    iam = {
        "accessKey": caller.access_key,
        "accountId": caller.account,
        "callerId": caller.access_key,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.principal_arn,
        "userId": caller.access_key,
    }
    is_anybody = caller.arn == _ANYBODY
    return Asked(
        request_id=call.request_id,
        now_ms=call.now_ms,
        account=_ANYBODY if is_anybody else caller.account,
        api_id=url.id,
        stage="$default",
        domain=f"{url.id}.lambda-url.{region}.on.aws",
        path=visit.path,
        authorizer=None if is_anybody else {"iam": iam},
    )


def _answered(visit: Visit, url: FunctionUrl, invoked: Outbound, call: Call, outcome: Any) -> dict[str, Any]:
    try:
        result = invoked.settle(call, outcome)
    except AwsError as error:
        return _refused(call, visit, url, error)
    payload: bytes = result["Payload"]
    failed = result.get("FunctionError")
    _record(call, url, payload[:1_000].decode("utf-8", "replace") if failed else "")
    if failed:
        return _finished(call, visit, url, _message(502, "Internal Server Error"))
    try:
        return _finished(call, visit, url, _response(payload))
    except (ValueError, MalformedAnswer) as why:
        _record(call, url, f"its answer is no HTTP answer: {why}")
        return _finished(call, visit, url, _message(502, "Internal Server Error"))


def _response(payload: bytes) -> Response:
    prelude, ends, body = payload.partition(_PRELUDE_END)
    if ends and prelude.startswith(b"{"):
        response = response_v2({"statusCode": 200, **json.loads(prelude)}, "application/octet-stream")
        response.body = body
        return response
    try:
        value = json.loads(payload or b"null")
    except ValueError:  # a streaming function's answer without status and headers
        return Response(200, {"content-type": "application/octet-stream"}, payload)
    return response_v2(value, "application/json")


def _refused(call: Call, visit: Visit, url: FunctionUrl, error: AwsError) -> dict[str, Any]:
    """The function was not run: too many requests, too large a request, or what cannot run here."""
    _record(call, url, str(error))
    words = {429: "Rate Exceeded", 413: "Request Entity Too Large"}
    status = error.status if error.status in words else 502
    return _finished(call, visit, url, _message(status, words.get(status, "Internal Server Error")))


def _message(status: int, message: str) -> Response:
    return Response(status, {"content-type": "application/json"}, orjson.dumps({"Message": message}))


def _finished(call: Call, visit: Visit, url: FunctionUrl, response: Response) -> dict[str, Any]:
    response.headers.update(cors_headers(url.configuration.get("Cors"), visit.request))
    response.headers.setdefault("x-amzn-requestid", call.request_id)
    return {"response": response}


def _record(call: Call, url: FunctionUrl, reason: str) -> None:
    status = "failed" if reason else "delivered"
    source = f"https://{url.id}.lambda-url.{parse_arn(url.arn).region}.on.aws/"
    record(call, Delivery(source, url.arn, f"lambda:{_ACTION}", status, 1, reason, call.request_id))
