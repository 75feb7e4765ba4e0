"""Requests to function URLs: who may, the event, the answer.

Source: Lambda developer guide, "Invoking Lambda function URLs" and "Control access to Lambda function URLs". The
permission asked for is ``lambda:InvokeFunctionUrl``; what a streaming function writes is sent at once under
InvokeMode RESPONSE_STREAM, else when it has ended.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
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
from segue.services.lambda_.invocation import STREAM_EFFECT, InvokeOutcome, Streamed
from segue.services.lambda_.invoke import checked_payload, invoke_request, new_request_id
from segue.services.lambda_.names import named_function
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.streaming import PRELUDE_END
from segue.services.lambda_.urls import LABEL, FunctionUrl, find_url
from segue.wire.request import Response

_ACTION = "InvokeFunctionUrl"
_ANYBODY = "anonymous"


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
    if url.configuration.get("InvokeMode") == "RESPONSE_STREAM":
        return _streaming(call, owner, visit, url, event)
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


def _streaming(call: Call, owner: Call, visit: Visit, url: FunctionUrl, event: dict[str, Any]) -> Result:
    named = named_function(owner, {"FunctionName": url.arn})
    try:
        payload = checked_payload(owner, json.dumps(event).encode(), "RequestResponse")
        request = invoke_request(owner, named, payload, request_id=new_request_id(owner), source=_address(url))
    except AwsError as error:
        return _refused(call, visit, url, error)
    return Outbound(STREAM_EFFECT, request, partial(_streamed, visit, url))


def _streamed(visit: Visit, url: FunctionUrl, call: Call, ran: InvokeOutcome | Streamed) -> dict[str, Any]:
    if isinstance(ran, InvokeOutcome):
        if ran.refused is not None:
            return _refused(call, visit, url, ran.refused)
        if ran.function_error:
            return _finished(call, visit, url, _message(502, "Internal Server Error"))
        # one that does not stream: its value as it is, whatever it holds
        return _finished(call, visit, url, Response(200, {"content-type": "application/json"}, ran.payload))
    response = Response(200, {"content-type": ran.content_type})
    if ran.prelude is not None:
        try:
            response = _headed(ran.prelude)
        except (ValueError, RecursionError, MalformedAnswer) as why:
            _record(call, url, f"its answer is no HTTP answer: {why}")
            return _finished(call, visit, url, _message(502, "Internal Server Error"))
    response.chunks = _body(ran.pieces)
    return _finished(call, visit, url, response)


def _headed(prelude: bytes) -> Response:
    """Status, headers and cookies that go before a streamed body."""
    said = json.loads(prelude or b"{}")
    if not isinstance(said, dict):
        raise MalformedAnswer("The prelude is no object")
    return response_v2({"statusCode": 200, **said, "body": None}, "application/octet-stream")


async def _body(pieces: AsyncIterator[bytes | InvokeOutcome]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        if not isinstance(piece, InvokeOutcome):
            yield piece
        elif piece.error_text:
            raise EOFError(piece.error_text)  # the client sees that the answer is not whole


def _response(payload: bytes) -> Response:
    prelude, ends, body = payload.partition(PRELUDE_END)
    if ends and prelude.startswith(b"{"):
        response = _headed(prelude)
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


def _address(url: FunctionUrl) -> str:
    return f"https://{url.id}.lambda-url.{parse_arn(url.arn).region}.on.aws/"


def _record(call: Call, url: FunctionUrl, reason: str) -> None:
    status = "failed" if reason else "delivered"
    record(call, Delivery(_address(url), url.arn, f"lambda:{_ACTION}", status, 1, reason, call.request_id))
