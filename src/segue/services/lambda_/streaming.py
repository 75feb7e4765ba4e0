"""InvokeWithResponseStream: the answer is sent while the function makes it.

Source: Lambda API reference, InvokeWithResponseStream; developer guide, "Response streaming for Lambda functions". A
function that does not stream (all Python functions, on AWS too) is answered with in one piece. An invocation that fails
says so in the last event, ``InvokeComplete``.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import not_implemented
from segue.jobs import Outbound
from segue.services.lambda_.invocation import STREAM_EFFECT, InvokeOutcome, InvokeRequest, Streamed
from segue.services.lambda_.invoke import checked_payload, context_text, invoke_request, invoked, new_request_id
from segue.services.lambda_.names import named_function
from segue.services.lambda_.service import SERVICE

PRELUDE_END = b"\0" * 8
"""Ends the status and headers of a streamed answer (``awslambda.HttpResponseStream.from``)."""

_EVENT_BYTES = 256 * 1024


@SERVICE.operation("InvokeWithResponseStream", resource=invoked, action="lambda:InvokeFunction")
def invoke_with_response_stream(call: Call, params: dict[str, Any]) -> Result:
    """Run the function and answer with events: pieces of its answer, then how it ended."""
    if params.get("TenantId"):
        raise not_implemented("lambda:InvokeWithResponseStream", "TenantId")
    if call.nested:
        raise not_implemented("lambda:InvokeWithResponseStream", "the use by another service; Invoke does there")
    payload = checked_payload(call, params.get("Payload"), "RequestResponse")
    request = invoke_request(
        call,
        named_function(call, params),
        payload,
        request_id=new_request_id(call),
        client_context=context_text(params.get("ClientContext")),
        source=call.caller.principal_arn,
    )
    if params.get("InvocationType") == "DryRun":
        return {"StatusCode": 204}
    return Outbound(STREAM_EFFECT, request, partial(_settle, request, with_log=params.get("LogType") == "Tail"))


def _settle(request: InvokeRequest, _: Call, ran: InvokeOutcome | Streamed, *, with_log: bool) -> dict[str, Any]:
    if isinstance(ran, InvokeOutcome) and ran.refused is not None:
        raise ran.refused
    events = _events(ran, with_log=with_log)
    return {"StatusCode": 200, "ExecutedVersion": request.target.version, "EventStream": events}


async def _events(ran: InvokeOutcome | Streamed, *, with_log: bool) -> AsyncIterator[dict[str, Any]]:
    if isinstance(ran, InvokeOutcome):
        if not ran.function_error:
            for piece in _cut(ran.payload):
                yield _chunk(piece)
        yield _complete(ran, with_log=with_log)
        return
    if ran.prelude is not None:
        yield _chunk(ran.prelude + PRELUDE_END)
    async for part in ran.pieces:
        if isinstance(part, InvokeOutcome):
            yield _complete(part, with_log=with_log)
        else:
            for piece in _cut(part):
                yield _chunk(piece)


def _cut(payload: bytes) -> list[bytes]:
    return [payload[at : at + _EVENT_BYTES] for at in range(0, len(payload), _EVENT_BYTES)]


def _chunk(piece: bytes) -> dict[str, Any]:
    return {"PayloadChunk": {"Payload": piece}}


def _complete(outcome: InvokeOutcome, *, with_log: bool) -> dict[str, Any]:
    event: dict[str, Any] = {}
    if outcome.refused is not None:
        event = {"ErrorCode": outcome.refused.code, "ErrorDetails": outcome.refused.message}
    elif outcome.function_error:
        event = {"ErrorCode": outcome.function_error, "ErrorDetails": outcome.payload.decode("utf-8", "replace")}
    if with_log:
        event["LogResult"] = base64.b64encode(outcome.tail).decode()
    return {"InvokeComplete": event}
