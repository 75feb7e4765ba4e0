"""Invoke: at once, for later, or just to see whether it could be done."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import orjson

from segue import jobs
from segue.api import Call
from segue.api.call import Result
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError, not_implemented
from segue.jobs import Outbound
from segue.languages import jackson
from segue.languages.asl import json_text
from segue.services.lambda_.errors import function_not_found
from segue.services.lambda_.invocation import EFFECT, InvokeOutcome, InvokeRequest, begin_log, invoke_target
from segue.services.lambda_.names import LATEST, FunctionName, named_function, ordinal_of
from segue.services.lambda_.records import find_function, find_version
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.versions import alias_version

ASYNC_JOB = "lambda:async"


def invoked(call: Call, params: dict[str, Any]) -> str:
    """The function's ARN; a service is told that there is none before it is told that it may not.

    Its words end up in the record of a delivery, where "not authorized" would send people looking in the wrong place.
    """
    named = named_function(call, params)
    if call.caller.kind == "service" and find_function(call.tx, named.arn) is None:
        raise function_not_found(named.invoked_version_arn)
    return named.qualified_arn


@SERVICE.operation("Invoke", resource=invoked, action="lambda:InvokeFunction")
def invoke(call: Call, params: dict[str, Any]) -> Result:
    """Run the function and answer with its result, or accept the event for later (``InvocationType``)."""
    for member in ("DurableExecutionName", "TenantId"):
        if params.get(member):
            raise not_implemented("lambda:Invoke", member)
    kind = params.get("InvocationType", "RequestResponse")
    payload = checked_payload(call, params.get("Payload"), kind)
    named = named_function(call, params)
    if kind == "Event":
        return {**accept(call, named, payload), "Payload": b""}
    request = invoke_request(
        call,
        named,
        payload,
        request_id=new_request_id(call),
        client_context=context_text(params.get("ClientContext")),
        source="" if call.nested else call.caller.principal_arn,  # who performs it for others records it
    )
    if kind == "DryRun":
        return {"StatusCode": 204, "Payload": b""}
    return Outbound(EFFECT, request, _settle(request, with_log=params.get("LogType") == "Tail"))


@SERVICE.operation("InvokeAsync", resource=invoked, action="lambda:InvokeFunction")
def invoke_async(call: Call, params: dict[str, Any]) -> Result:
    """The old form of ``InvocationType: Event``."""
    payload = checked_payload(call, params["InvokeArgs"], "Event")
    return {"Status": accept(call, named_function(call, params), payload)["StatusCode"]}


def accept(call: Call, named: FunctionName, payload: bytes) -> dict[str, Any]:
    """Take an event for later: it is a row when this transaction commits."""
    version = find_version(call.tx, named.arn, _resolve(call, named))
    if version is not None:
        begin_log(call, version)
    request_id = new_request_id(call)
    event = {
        "function_arn": named.arn,
        "name": named.name,
        "qualifier": named.qualifier,
        "payload": payload,
        "request_id": request_id,
        "received_at_ms": call.now_ms,
    }
    jobs.enqueue(call.tx, ASYNC_JOB, named.arn, event, trace=call.trace)
    if call.caller.kind != "service":
        # What services hand over is recorded by whoever delivers it.
        record(call, Delivery(call.caller.principal_arn, named.qualified_arn, "lambda:Invoke", subject=request_id))
    return {"StatusCode": 202}


def invoke_request(
    call: Call,
    named: FunctionName,
    payload: bytes,
    *,
    request_id: str,
    client_context: str | None = None,
    source: str = "",
) -> InvokeRequest:
    """What the runtimes need to run the function once.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``TooManyRequestsException`` where its reserved concurrency is 0.
    """
    ordinal = _resolve(call, named)
    function = find_function(call.tx, named.arn)
    version = find_version(call.tx, named.arn, ordinal)
    if function is None or version is None:
        raise function_not_found(named.invoked_version_arn)
    if function.reserved_concurrency == 0:
        raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    target = invoke_target(call, function, version)
    return InvokeRequest(target, request_id, payload, call.trace, named.qualified_arn, client_context, source)


def throttled(reason: str) -> AwsError:
    """``TooManyRequestsException``."""
    return AwsError(
        "TooManyRequestsException", "Rate Exceeded.", status=429, members={"Type": "User", "Reason": reason}
    )


def checked_payload(call: Call, payload: bytes | None, kind: str) -> bytes:
    """The event: ``{}`` where there is none. ``AwsError`` where it is too big for the invocation type, or no JSON."""
    if not payload:
        return b"{}"
    limits = call.limits
    limit_bytes = limits.async_invoke_payload_bytes if kind == "Event" else limits.invoke_payload_bytes
    if len(payload) > limit_bytes:
        raise AwsError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {limit_bytes} bytes for the InvokeFunction operation",
            status=413,
            members={"Type": "User"},
        )
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise AwsError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {_why(payload, error)}",
            members={"Type": "User"},
        ) from error
    return payload


def _why(payload: bytes, error: ValueError) -> str:
    text = payload.decode("utf-8", "replace")
    try:
        json_text.parse(text)
    except ValueError as careful:
        error = careful
    return jackson.explain(text, error, "byte[]")


def context_text(encoded: str | None) -> str | None:
    """The client's context as JSON text, as functions get it."""
    if not encoded:
        return None
    try:
        context = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, RecursionError) as error:
        raise AwsError(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
            members={"Type": "User"},
        ) from error
    return json.dumps(context)  # on one line: it travels in a header


def new_request_id(call: Call) -> str:
    """The request's own id where a client invokes directly; a new one where an invocation is part of something else."""
    return call.tx.ids.uuid() if call.nested or len(call.request_id) != 36 else call.request_id


def _resolve(call: Call, named: FunctionName) -> int:
    """The ordinal of the version that is meant; an alias with weights decides by chance."""
    qualifier = named.qualifier or LATEST
    if qualifier != LATEST and not qualifier.isdigit():
        qualifier = alias_version(call, named, chance=call.tx.ids.random.random())
    ordinal = ordinal_of(qualifier)
    known = call.tx.one("SELECT 1 FROM lambda_versions WHERE function_arn = ? AND ordinal = ?", named.arn, ordinal)
    if known is None:
        raise function_not_found(named.invoked_version_arn)
    return ordinal


def _settle(request: InvokeRequest, *, with_log: bool) -> Callable[[Call, InvokeOutcome], dict[str, Any]]:
    def settle(_: Call, outcome: InvokeOutcome) -> dict[str, Any]:
        if outcome.refused is not None:
            raise outcome.refused
        result: dict[str, Any] = {
            "StatusCode": 200,
            "Payload": outcome.payload,
            "ExecutedVersion": request.target.version,
        }
        if outcome.function_error:
            result["FunctionError"] = outcome.function_error
        if with_log:
            result["LogResult"] = base64.b64encode(outcome.tail).decode()
        return result

    return settle
