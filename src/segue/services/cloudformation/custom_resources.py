"""Resources that functions and topics' subscribers make: ``AWS::CloudFormation::CustomResource`` and ``Custom::…``.

Source: CloudFormation user guide, "Custom resource request objects", "Custom resource response objects"; reasons as AWS
words them.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType
from segue.arn import is_arn, parse_arn
from segue.jobs import Pending
from segue.services.cloudformation import responses
from segue.services.cloudformation.service import SERVICE
from segue.services.cloudformation.types import CUSTOM
from segue.services.cloudformation.words import HandlerSays

_LONGEST_SECONDS = 3600
_NO_ANSWER = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [{}]. "
    "If you are using the Python cfn-response module, you may need to update your Lambda function code so that "
    "CloudFormation can attach the updated version."
)


def _create(request: ResourceRequest) -> Resource | Pending:
    return _asked(request, "Create", {})


def _update(request: ResourceRequest) -> Resource | Pending:
    old = {"PhysicalResourceId": request.physical_id, "OldResourceProperties": as_texts(request.previous)}
    return _asked(request, "Update", old)


def _delete(request: ResourceRequest) -> Pending | None:
    answered = _asked(request, "Delete", {"PhysicalResourceId": request.physical_id})
    return answered if isinstance(answered, Pending) else None


def _asked(request: ResourceRequest, kind: str, more: dict[str, Any]) -> Resource | Pending:
    """Ask, wait, and take the answer."""
    progress = request.progress
    if "response" not in progress:
        _ask(request, kind, more)
    body = responses.answer(request.call.tx, progress["response"])
    if body is None and request.call.now_ms < progress["until"]:
        return Pending((responses.wake_key(progress["response"]),), progress["until"])
    responses.forget(request.call.tx, progress["response"])
    if body is None:
        raise HandlerSays(_NO_ANSWER.format(progress["request_id"]))
    return _understood(request, kind, body)


def _ask(request: ResourceRequest, kind: str, more: dict[str, Any]) -> None:
    call, properties = request.call, request.properties
    token = properties.get("ServiceToken")
    if not isinstance(token, str) or not is_arn(token):
        raise HandlerSays("Invalid ServiceToken: it must be the ARN of a Lambda function or of an Amazon SNS topic.")
    response_id, url = responses.expect(call, request.stack_id)
    event = {
        "RequestType": kind,
        "ServiceToken": token,
        "ResponseURL": url,
        "StackId": request.stack_id,
        "RequestId": call.tx.ids.uuid(),
        "LogicalResourceId": request.logical_id,
        "ResourceType": request.type_name,
        "ResourceProperties": as_texts(properties),
        **more,
    }
    message = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    seconds = _seconds(properties.get("ServiceTimeout"))
    request.progress |= {
        "response": response_id,
        "request_id": event["RequestId"],
        "until": call.now_ms + 1000 * seconds,
    }
    match parse_arn(token).service:
        case "lambda":
            params = {"FunctionName": token, "InvocationType": "Event", "Payload": message.encode()}
            call.perform_at_once("lambda:Invoke", params)
        case "sns":
            subject = "AWS CloudFormation custom resource request"
            call.perform_at_once("sns:Publish", {"TopicArn": token, "Subject": subject, "Message": message})
        case service:
            raise HandlerSays(f"Invalid ServiceToken: {service} is neither Lambda nor Amazon SNS.")
    if kind == "Create":  # who was asked may have made something, whether it says so or not
        request.progress["fallback"] = _made_up_id(request)


def _seconds(given: Any) -> int:
    text = str(given) if given is not None else ""
    return min(max(int(text), 1), _LONGEST_SECONDS) if text.isdecimal() and len(text) < 6 else _LONGEST_SECONDS


def _made_up_id(request: ResourceRequest) -> str:
    return request.name("", 128)


def _understood(request: ResourceRequest, kind: str, body: bytes) -> Resource:
    if len(body) > responses.MAX_BODY_BYTES:
        raise HandlerSays("Response object is too long.")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise HandlerSays("Custom resource response is not a valid JSON object.")
    given = told.get("PhysicalResourceId")
    physical_id = given if isinstance(given, str) and given else request.physical_id or _made_up_id(request)
    if kind == "Create":
        request.progress["physical_id"] = physical_id
    if told.get("Status") != "SUCCESS":
        reason, asked = told.get("Reason") or "", request.progress["request_id"]
        words = f"Received response status [FAILED] from custom resource. Message returned: {reason}"
        raise HandlerSays(f"{words} (RequestId: {asked})")
    data = told.get("Data")
    return Resource(physical_id, data if isinstance(data, dict) else {})


def as_texts(value: Any) -> Any:
    """A value as custom resources see it: numbers and booleans are texts."""
    match value:
        case dict():
            return {str(key): as_texts(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [as_texts(item) for item in value]
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return value


SERVICE.resource_type(ResourceType(CUSTOM, _create, _delete, _update, frozenset({"ServiceToken"})))
