"""AWS::Lambda::EventSourceMapping, AWS::Lambda::EventInvokeConfig."""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove, retag
from segue.services.lambda_.service import SERVICE

# What a member is again when a template no longer names it; a batch size depends on the source.
_DEFAULTS: dict[str, Any] = {
    "MaximumBatchingWindowInSeconds": 0,
    "Enabled": True,
    "FunctionResponseTypes": [],
    "FilterCriteria": {"Filters": []},
    "ScalingConfig": {},
    "ProvisionedPollerConfig": {},
    "KmsKeyArn": "",
    "DestinationConfig": {"OnFailure": {"Destination": ""}},
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "MetricsConfig": {"Metrics": []},
}
_KIND = "event-source-mapping"
_REPLACES = frozenset({
    "EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig",
})  # fmt: skip


# Sources of services that are not here: their streams and brokers are placeholders, and so is what reads them.
_WITHOUT_EFFECT = ("kinesis", "kafka", "mq", "rds")


def _is_elsewhere(properties: dict[str, Any]) -> bool:
    arn = str(properties.get("EventSourceArn") or "")
    if not arn:
        return "SelfManagedEventSource" in properties
    return arn.split(":")[2:3] in [[service] for service in _WITHOUT_EFFECT]


def _batch_size(source_arn: str) -> int:
    return 10 if ":sqs:" in source_arn else 100


def _create_mapping(request: ResourceRequest) -> Resource:
    if _is_elsewhere(request.properties):
        source = request.properties.get("EventSourceArn") or "a broker of one's own"
        request.notes.append(f"AWS::Lambda::EventSourceMapping of {source} has no effect here")
        uuid = request.call.tx.ids.uuid()
        return Resource(uuid, {"Id": uuid, "EventSourceMappingArn": request.call.arn("lambda", f"{_KIND}:{uuid}")})
    params = {**request.properties, "Tags": request.all_tags()}
    if "StartingPositionTimestamp" in params:  # seconds in templates
        params["StartingPositionTimestamp"] = round(float(params["StartingPositionTimestamp"]) * 1_000)
    made = request.perform("lambda:CreateEventSourceMapping", params)
    return Resource(made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": made["EventSourceMappingArn"]})


def _update_mapping(request: ResourceRequest) -> Resource:
    properties = request.properties
    if _is_elsewhere(properties):
        return Resource(request.physical_id, request.attributes)
    members = (properties.keys() | request.previous.keys()) - _REPLACES - {"Tags"}
    defaults = {**_DEFAULTS, "BatchSize": _batch_size(str(properties.get("EventSourceArn", "")))}
    changed = {name: properties.get(name, defaults.get(name)) for name in members if request.changed(name)}
    if changed:
        request.perform("lambda:UpdateEventSourceMapping", {"UUID": request.physical_id, **changed})
    retag(request, "lambda", {"Resource": request.attributes["EventSourceMappingArn"]}, "ListTags")
    return Resource(request.physical_id, request.attributes)


def _delete_mapping(request: ResourceRequest) -> None:
    remove(request, "lambda:DeleteEventSourceMapping", {"UUID": request.physical_id})


def _put_invoke_config(request: ResourceRequest) -> Resource:
    request.perform("lambda:PutFunctionEventInvokeConfig", request.properties)
    return Resource(request.physical_id or request.name("", 128))


def _delete_invoke_config(request: ResourceRequest) -> None:
    params = {member: request.properties[member] for member in ("FunctionName", "Qualifier")}
    remove(request, "lambda:DeleteFunctionEventInvokeConfig", params)


SERVICE.resource_type(
    ResourceType("AWS::Lambda::EventSourceMapping", _create_mapping, _delete_mapping, _update_mapping, _REPLACES)
)
SERVICE.resource_type(
    ResourceType(
        "AWS::Lambda::EventInvokeConfig",
        _put_invoke_config,
        _delete_invoke_config,
        _put_invoke_config,
        frozenset({"FunctionName", "Qualifier"}),
    )
)
