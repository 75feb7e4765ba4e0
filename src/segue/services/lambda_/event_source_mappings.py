"""Event source mappings: which queue or stream feeds which function, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError, not_implemented
from segue.languages.eventpattern import InvalidPattern
from segue.languages.eventpattern import compile as compile_pattern
from segue.services.lambda_.errors import conflict, invalid, missing
from segue.services.lambda_.functions import existing
from segue.services.lambda_.mapping_records import (
    COLUMNS,
    EventSourceMapping,
    delete_mapping,
    find_mapping,
    insert_mapping,
    mapping_arn,
    mapping_of,
)
from segue.services.lambda_.names import FunctionName, function_name, scope_of
from segue.services.lambda_.queue_sources import POLLERS, QUEUES
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sources import Source
from segue.services.lambda_.stream_sources import TABLE_STREAMS

_SOURCES = {"sqs": QUEUES, "dynamodb": TABLE_STREAMS}
# Members that mean something for some sources only; those of brokers come with these.
_SPECIAL = (
    "ScalingConfig", "ProvisionedPollerConfig", "StartingPosition", "StartingPositionTimestamp", "DestinationConfig",
    "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "BisectBatchOnFunctionError", "TumblingWindowInSeconds",
    "ParallelizationFactor", "Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig", "DocumentDBEventSourceConfig",
)  # fmt: skip
_MOST_FILTERS = 10


@SERVICE.operation("CreateEventSourceMapping")
def create_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    source_arn = params.get("EventSourceArn", "")
    source = _source(source_arn)
    named = function_name(call, params["FunctionName"])
    function, version = _function(call, named)
    state = "Enabled" if params.get("Enabled", True) else "Disabled"
    configuration = _changed(source, source.defaults, params)
    mapping = EventSourceMapping(
        call.tx.ids.uuid(), named.arn, named.qualified_arn, source_arn, state, call.now_ms, configuration
    )
    _check(call, source, mapping, function, version)
    twin = call.tx.one(
        "SELECT uuid FROM lambda_event_source_mappings WHERE source_arn = ? AND qualified_arn = ?",
        source_arn,
        named.qualified_arn,
    )
    if twin is not None:
        raise conflict(
            f'The event source arn (" {source_arn} ") and function (" {named.name} ") provided mapping already exists. '
            f"Please update or delete the existing mapping with UUID {twin[0]}"
        )
    insert_mapping(call.tx, mapping)
    add_tags(call.tx, mapping_arn(mapping), params.get("Tags") or {})
    source.start(call, mapping)
    return _view(call, mapping, "Creating")


@SERVICE.operation("UpdateEventSourceMapping")
def update_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    mapping = _existing(call, params)
    source = _source(mapping.source_arn)
    named = function_name(call, params["FunctionName"]) if params.get("FunctionName") else mapping.function
    function, version = _function(call, named)
    state = mapping.state if params.get("Enabled") is None else "Enabled" if params["Enabled"] else "Disabled"
    changed = replace(
        mapping,
        function_arn=named.arn,
        qualified_arn=named.qualified_arn,
        state=state,
        modified_at_ms=call.now_ms,
        configuration=_changed(source, mapping.configuration, params),
    )
    _check(call, source, changed, function, version)
    source.stop(call, mapping, False)
    delete_mapping(call.tx, mapping.uuid)
    insert_mapping(call.tx, changed)
    source.start(call, changed)
    moving = "Updating" if state == mapping.state else "Enabling" if state == "Enabled" else "Disabling"
    return _view(call, changed, moving)


@SERVICE.operation("GetEventSourceMapping", reads=True)
def get_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    return _view(call, _existing(call, params))


@SERVICE.operation("DeleteEventSourceMapping")
def delete_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    mapping = _existing(call, params)
    _source(mapping.source_arn).stop(call, mapping, True)
    delete_mapping(call.tx, mapping.uuid)
    drop_tags(call.tx, mapping_arn(mapping))
    return _view(call, replace(mapping, modified_at_ms=call.now_ms), "Deleting")


@SERVICE.operation("ListEventSourceMappings", reads=True)
def list_event_source_mappings(call: Call, params: dict[str, Any]) -> Result:
    limit = min(params.get("MaxItems", 100), 100)
    conditions, values = ["scope = ?", "uuid > ?"], [f"{call.region}:{call.account}"]
    values.append(decode_token(params["Marker"])[0] if params.get("Marker") else "")
    if params.get("FunctionName"):
        named = function_name(call, params["FunctionName"])
        conditions.append("qualified_arn = ?" if named.qualifier else "function_arn = ?")
        values.append(named.qualified_arn)
    if params.get("EventSourceArn"):
        conditions.append("source_arn = ?")
        values.append(params["EventSourceArn"])
    rows = call.tx.all(
        f"SELECT {COLUMNS} FROM lambda_event_source_mappings WHERE {' AND '.join(conditions)} ORDER BY uuid LIMIT ?",
        *values,
        limit + 1,
    )
    result: dict[str, Any] = {"EventSourceMappings": [_view(call, mapping_of(row)) for row in rows[:limit]]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][0])
    return result


def _source(source_arn: str) -> Source:
    service = source_arn.split(":")[2] if source_arn.count(":") >= 5 else ""
    source = _SOURCES.get(service)
    if source is not None:
        return source
    if service in ("kinesis", "kafka", "mq", "rds") or not source_arn:
        raise not_implemented("lambda:CreateEventSourceMapping", f"event source {service or 'without EventSourceArn'}")
    raise invalid(
        f"Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn : {source_arn}"
    )


def _changed(source: Source, current: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    for member in _SPECIAL:
        if member not in source.settings and params.get(member) not in (None, [], {}):
            raise invalid(f"{member} is not supported for {source.name} event sources.")
    changed = {**current, **{member: params[member] for member in source.stored if params.get(member) is not None}}
    if params.get("ProvisionedPollerConfig"):
        changed["ProvisionedPollerConfig"] = {**POLLERS, **params["ProvisionedPollerConfig"]}
    return {member: value for member, value in changed.items() if value not in ({}, "", {"Filters": []})}


def _check(
    call: Call, source: Source, mapping: EventSourceMapping, function: Function, version: FunctionVersion
) -> None:
    filters = mapping.configuration.get("FilterCriteria", {}).get("Filters", ())
    if len(filters) > _MOST_FILTERS:
        raise invalid(f"The number of filters exceeds the limit of {_MOST_FILTERS}.")
    for each in filters:
        try:
            compile_pattern(each.get("Pattern", ""))
        except InvalidPattern as error:
            raise invalid("Invalid filter pattern definition.") from error
    source.check(call, mapping, function, version)


def _function(call: Call, named: FunctionName) -> tuple[Function, FunctionVersion]:
    try:
        return existing(call, named)
    except AwsError as error:
        raise invalid("Function does not exist") from error


def _existing(call: Call, params: dict[str, Any]) -> EventSourceMapping:
    mapping = find_mapping(call.tx, params["UUID"])
    if mapping is None or scope_of(mapping.function_arn) != f"{call.region}:{call.account}":
        raise missing()
    return mapping


def _view(call: Call, mapping: EventSourceMapping, state: str = "") -> dict[str, Any]:
    return {
        **mapping.configuration,
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping_arn(mapping),
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.qualified_arn,
        "LastModified": mapping.modified_at_ms,
        "State": state or mapping.state,
        **_source(mapping.source_arn).told(call, mapping),
    }
