"""Access logs of APIs: a line for each request, in a group of CloudWatch Logs.

Source: API Gateway developer guide, "Set up CloudWatch logging for REST APIs", "Customize HTTP API access logs" and
"Variables for access logging": what there is nothing of is ``-``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from segue.api.call import Call, Result
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.api.mapping_values import context_value, plain
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.wire.request import Response

_VARIABLE = re.compile(r"\$context\.([A-Za-z][\w.-]*\w)")
_WRITER = "apigateway.amazonaws.com"
_LONGEST = 1024 * 200


def finally_do(call: Call, result: Result, then: Callable[[Call, dict[str, Any]], dict[str, Any]]) -> Result:
    """A result, with ``then`` done to it when it is there."""
    if isinstance(result, dict):
        return then(call, result)
    if isinstance(result, Outbound):

        def settle(later: Call, outcome: Any) -> Result:
            return finally_do(later, result.settle(later, outcome), then)

        return Outbound(result.effect, result.request, settle)
    return result


def write_line(call: Call, source: str, destination: str, line_format: str, context: Mapping[str, Any]) -> None:
    """Write one line, in the transaction that answers. A line that cannot be written is recorded as dropped.

    Args:
        source: the API's stage, by ARN.
        destination: the group's ARN.
        context: what ``$context`` is.
    """
    known = dict(context)
    line = _VARIABLE.sub(lambda found: _shown(known, found[1]), line_format)[:_LONGEST]
    group = parse_arn(destination) if is_arn(destination) else None
    if group is None or group.service != "logs":
        reason = "Segue writes access logs to groups of CloudWatch Logs only"
        record(call, Delivery(source, destination, "logs:PutLogEvents", "dropped", 1, reason))
        return
    name = group.resource.removeprefix("log-group:").removesuffix(":*")
    stream = hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()
    writer = call.as_caller(service_caller(_WRITER, source).in_region(group.region))
    params = {
        "logGroupName": name,
        "logStreamName": stream,
        "logEvents": [{"timestamp": call.now_ms, "message": line}],
    }
    try:
        _put(writer, params)
    except AwsError as error:
        reason = f"{error.code}: {error.message}"
        record(call, Delivery(source, destination, "logs:PutLogEvents", "dropped", 1, reason))


def _put(writer: Call, params: dict[str, Any]) -> None:
    try:
        with writer.tx.savepoint():
            writer.perform("logs:PutLogEvents", params)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        with writer.tx.savepoint():
            stream = {name: params[name] for name in ("logGroupName", "logStreamName")}
            writer.perform("logs:CreateLogStream", stream)
            writer.perform("logs:PutLogEvents", params)


def _shown(context: dict[str, Any], name: str) -> str:
    found = context.get(name)
    text = plain(context_value(context, name) if found is None else found)
    return "-" if text is None or text == "" else text


def of_answer(response: Response, started_ms: int, now_ms: int) -> dict[str, Any]:
    """What is known of an answer: ``$context.status``, ``$context.responseLength``, …"""
    latency = str(max(0, now_ms - started_ms))
    return {
        "status": str(response.status),
        "responseLength": str(len(response.body)),
        "responseLatency": latency,
        "integrationLatency": latency,
        "integration.latency": latency,
        "integrationStatus": str(response.status),
        "integration.status": str(response.status),
        "integration.integrationStatus": str(response.status),
    }
