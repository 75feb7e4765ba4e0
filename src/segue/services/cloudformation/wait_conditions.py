"""Wait conditions and their handles: a stack waits for signals from outside.

Source: CloudFormation template reference, AWS::CloudFormation::WaitCondition, AWS::CloudFormation::WaitConditionHandle.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType
from segue.jobs import Pending
from segue.services.cloudformation import responses
from segue.services.cloudformation.service import SERVICE
from segue.services.cloudformation.words import HandlerSays

_LONGEST_SECONDS = 43_200


def _create_handle(request: ResourceRequest) -> Resource:
    _, url = responses.expect(request.call, request.stack_id)
    return Resource(url, {"Id": url})


def _delete_handle(request: ResourceRequest) -> None:
    responses.forget(request.call.tx, responses.id_of(request.physical_id))


def _wait(request: ResourceRequest) -> Resource | Pending:
    properties, now_ms = request.properties, request.call.now_ms
    handle = responses.id_of(str(properties.get("Handle", "")))
    if not handle:
        raise HandlerSays("Segue does not implement wait conditions without a Handle (with a CreationPolicy) yet.")
    seconds = min(_whole(properties.get("Timeout"), 0), _LONGEST_SECONDS)
    until = request.progress.setdefault("until", now_ms + 1000 * seconds)
    wanted = _whole(properties.get("Count"), 1)
    found = responses.signals(request.call.tx, handle)
    for signal in found:
        if signal.get("Status") != "SUCCESS":
            reason, unique = signal.get("Reason") or "", signal["UniqueId"]
            raise HandlerSays(f"WaitCondition received failed message: '{reason}' for uniqueId: {unique}")
    if len(found) >= wanted:
        data = {signal["UniqueId"]: signal.get("Data", "") for signal in found[:wanted]}
        made = request.physical_id or request.name("", 128)
        return Resource(made, {"Data": json.dumps(data, separators=(",", ":")), "Id": made})
    if now_ms >= until:
        raise HandlerSays(f"WaitCondition timed out. Received {len(found)} conditions when expecting {wanted}")
    return Pending((responses.wake_key(handle),), until)


def _whole(given: Any, default: int) -> int:
    text = str(given) if given is not None else ""
    return int(text) if text.isdecimal() and len(text) < 9 else default


def _forget_condition(request: ResourceRequest) -> None:
    """There is nothing of it but its name."""


SERVICE.resource_type(ResourceType("AWS::CloudFormation::WaitConditionHandle", _create_handle, _delete_handle))
SERVICE.resource_type(ResourceType("AWS::CloudFormation::WaitCondition", _wait, _forget_condition))
