"""Event source mappings: which queue feeds which function, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from segue import jobs
from segue.api import Call, Caller
from segue.api.call import Result
from segue.api.caller import role_caller
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.arn import make_arn
from segue.errors import AwsError, not_implemented
from segue.languages.eventpattern import InvalidPattern
from segue.languages.eventpattern import compile as compile_pattern
from segue.services.lambda_.errors import conflict, invalid, missing
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import FunctionName, function_name, qualifier_of, scope_of
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import session_name
from segue.store import Row, Transaction

POLL_JOB = "lambda:poll"
BATCH_JOB = "lambda:batch"
_COLUMNS = "uuid, function_arn, qualified_arn, source_arn, state, modified_at, configuration"
_SMALL_BATCH = 10
_STORED = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "FilterCriteria",
    "ScalingConfig",
    "MetricsConfig",
)
# Members that mean something for streams and brokers only.
_NOT_FOR_QUEUES = (
    "StartingPosition", "StartingPositionTimestamp", "DestinationConfig", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "BisectBatchOnFunctionError", "TumblingWindowInSeconds", "ParallelizationFactor", "Topics",
    "Queues",    "SourceAccessConfigurations", "SelfManagedEventSource", "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig", "DocumentDBEventSourceConfig",
)  # fmt: skip
_NOT_SUPPORTED = ("ProvisionedPollerConfig", "LoggingConfig", "KMSKeyArn")


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """One mapping. ``state`` is ``Enabled`` or ``Disabled``: what it is on the way to is there at the next look."""

    uuid: str
    function_arn: str
    qualified_arn: str
    source_arn: str
    state: str
    modified_at_ms: int
    configuration: Mapping[str, Any]

    @property
    def function(self) -> FunctionName:
        """The function that is fed."""
        return FunctionName(self.function_arn, self.function_arn.rpartition(":")[2], qualifier_of(self.qualified_arn))

    @property
    def batch_size(self) -> int:
        """How many messages an invocation gets at most."""
        return int(self.configuration["BatchSize"])

    @property
    def window_ms(self) -> int:
        """For how long messages are gathered."""
        return int(self.configuration["MaximumBatchingWindowInSeconds"]) * 1_000

    @property
    def filters(self) -> tuple[str, ...]:
        """Event patterns, of which one must match."""
        return tuple(each["Pattern"] for each in self.configuration.get("FilterCriteria", {}).get("Filters", ()))

    @property
    def maximum_concurrency(self) -> int | None:
        """How many batches may run at once, if told."""
        found: int | None = self.configuration.get("ScalingConfig", {}).get("MaximumConcurrency")
        return found

    @property
    def reports_item_failures(self) -> bool:
        """Whether the function tells which messages of a batch failed."""
        return "ReportBatchItemFailures" in self.configuration["FunctionResponseTypes"]


def find_mapping(tx: Transaction, uuid: str) -> EventSourceMapping | None:
    """The mapping of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM lambda_event_source_mappings WHERE uuid = ?", uuid)
    return None if row is None else _mapping(row)


@SERVICE.operation("CreateEventSourceMapping")
def create_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    source_arn = params.get("EventSourceArn", "")
    _check_source(source_arn)
    named = function_name(call, params["FunctionName"])
    function, version = _function(call, named)
    configuration = _changed(
        {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}, params
    )
    _check(configuration, source_arn)
    _check_queue(call, source_arn, function, version)
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
    state = "Enabled" if params.get("Enabled", True) else "Disabled"
    mapping = EventSourceMapping(
        call.tx.ids.uuid(), named.arn, named.qualified_arn, source_arn, state, call.now_ms, configuration
    )
    _insert(call, mapping)
    add_tags(call.tx, mapping_arn(call, mapping), params.get("Tags") or {})
    _start(call, mapping)
    return _view(call, mapping, "Creating")


@SERVICE.operation("UpdateEventSourceMapping")
def update_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    mapping = _existing(call, params)
    named = function_name(call, params["FunctionName"]) if params.get("FunctionName") else mapping.function
    function, version = _function(call, named)
    configuration = _changed(mapping.configuration, params)
    _check(configuration, mapping.source_arn)
    _check_queue(call, mapping.source_arn, function, version)
    state = mapping.state if params.get("Enabled") is None else "Enabled" if params["Enabled"] else "Disabled"
    changed = replace(
        mapping,
        function_arn=named.arn,
        qualified_arn=named.qualified_arn,
        state=state,
        modified_at_ms=call.now_ms,
        configuration=configuration,
    )
    _stop(call, mapping)
    call.tx.run("DELETE FROM lambda_event_source_mappings WHERE uuid = ?", mapping.uuid)
    _insert(call, changed)
    _start(call, changed)
    moving = "Updating" if state == mapping.state else "Enabling" if state == "Enabled" else "Disabling"
    return _view(call, changed, moving)


@SERVICE.operation("GetEventSourceMapping", reads=True)
def get_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    return _view(call, _existing(call, params))


@SERVICE.operation("DeleteEventSourceMapping")
def delete_event_source_mapping(call: Call, params: dict[str, Any]) -> Result:
    mapping = _existing(call, params)
    _stop(call, mapping)
    call.tx.run("DELETE FROM lambda_event_source_mappings WHERE uuid = ?", mapping.uuid)
    drop_tags(call.tx, mapping_arn(call, mapping))
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
        f"SELECT {_COLUMNS} FROM lambda_event_source_mappings WHERE {' AND '.join(conditions)} ORDER BY uuid LIMIT ?",
        *values,
        limit + 1,
    )
    result: dict[str, Any] = {"EventSourceMappings": [_view(call, _mapping(row)) for row in rows[:limit]]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][0])
    return result


def mapping_arn(call: Call, mapping: EventSourceMapping) -> str:
    """The mapping's own ARN."""
    _, _, _, region, account, _ = mapping.function_arn.split(":", 5)
    return make_arn("lambda", region, account, f"event-source-mapping:{mapping.uuid}")


def queue_url(call: Call, queue_arn: str) -> str:
    """The URL of a queue, for calls from inside."""
    *_, account, name = queue_arn.split(":")
    return f"{call.api.settings.endpoint_url}/{account}/{name}"


def as_role(call: Call, function: Function, version: FunctionVersion) -> Call:
    """The same transaction on the authority of the function's role, with which its queues are read."""
    _, _, _, region, account, _ = function.arn.split(":", 5)
    if function.session.is_of_account:
        return call.as_caller(Caller(account, region))
    return call.as_caller(role_caller(version.configuration["Role"], session_name(function.arn), region))


def capacity_key(uuid: str) -> str:
    """The wake key of a mapping that runs as many batches as it may."""
    return f"lambda:capacity:{uuid}"


def _start(call: Call, mapping: EventSourceMapping) -> None:
    if mapping.state == "Enabled":
        jobs.enqueue(call.tx, POLL_JOB, mapping.uuid, {})


def _stop(call: Call, mapping: EventSourceMapping) -> None:
    """Nothing more is taken. Batches that run go on to their end; what was gathered becomes visible again in time."""
    jobs.cancel(call.tx, POLL_JOB, mapping.uuid)
    call.tx.run("DELETE FROM lambda_held_messages WHERE mapping = ?", mapping.uuid)


def _check_source(source_arn: str) -> None:
    service = source_arn.split(":")[2] if source_arn.count(":") >= 5 else ""
    if service == "sqs":
        return
    if service in ("kinesis", "dynamodb", "kafka", "mq", "rds") or not source_arn:
        raise not_implemented("lambda:CreateEventSourceMapping", f"event source {service or 'without EventSourceArn'}")
    raise invalid(
        f"Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn : {source_arn}"
    )


def _changed(current: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    for member in _NOT_FOR_QUEUES:
        if params.get(member) not in (None, [], {}):
            raise invalid(f"{member} is not supported for SQS event sources.")
    for member in _NOT_SUPPORTED:
        if params.get(member) not in (None, [], {}):
            raise not_implemented("lambda:CreateEventSourceMapping", member)
    changed = {**current, **{member: params[member] for member in _STORED if params.get(member) is not None}}
    return {member: value for member, value in changed.items() if value != {} and value != {"Filters": []}}


def _check(configuration: Mapping[str, Any], source_arn: str) -> None:
    batch_size, window = configuration["BatchSize"], configuration["MaximumBatchingWindowInSeconds"]
    if source_arn.endswith(".fifo"):
        if batch_size > _SMALL_BATCH:
            raise invalid(f"Maximum batch size for FIFO queues is {_SMALL_BATCH}.")
        if window:
            raise invalid("Batching window is not supported for FIFO queues.")
    elif batch_size > _SMALL_BATCH and not window:
        raise invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
    for each in configuration.get("FilterCriteria", {}).get("Filters", ()):
        try:
            compile_pattern(each.get("Pattern", ""))
        except InvalidPattern as error:
            raise invalid("Invalid filter pattern definition.") from error


def _function(call: Call, named: FunctionName) -> tuple[Function, FunctionVersion]:
    try:
        return existing(call, named)
    except AwsError as error:
        raise invalid("Function does not exist") from error


def _check_queue(call: Call, source_arn: str, function: Function, version: FunctionVersion) -> None:
    params = {"QueueUrl": queue_url(call, source_arn), "AttributeNames": ["VisibilityTimeout"]}
    try:
        result = as_role(call, function, version).perform("sqs:GetQueueAttributes", params)
    except AwsError as error:
        if error.code.startswith("AccessDenied"):
            raise invalid(
                "The function execution role does not have permissions to call ReceiveMessage on SQS"
            ) from error
        code = "AWS.SimpleQueueService.NonExistentQueue" if error.code == "QueueDoesNotExist" else error.code
        raise invalid(
            f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {error.message}"
        ) from error
    assert isinstance(result, dict)
    visibility_seconds, timeout_seconds = (
        int(result["Attributes"]["VisibilityTimeout"]),
        version.configuration["Timeout"],
    )
    if visibility_seconds < timeout_seconds:
        raise invalid(
            f"Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: "
            f"{timeout_seconds} seconds"
        )


def _existing(call: Call, params: dict[str, Any]) -> EventSourceMapping:
    mapping = find_mapping(call.tx, params["UUID"])
    if mapping is None or scope_of(mapping.function_arn) != f"{call.region}:{call.account}":
        raise missing()
    return mapping


def _insert(call: Call, mapping: EventSourceMapping) -> None:
    call.tx.run(
        f"INSERT INTO lambda_event_source_mappings ({_COLUMNS}, scope) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        mapping.uuid,
        mapping.function_arn,
        mapping.qualified_arn,
        mapping.source_arn,
        mapping.state,
        mapping.modified_at_ms,
        json.dumps(dict(mapping.configuration)),
        scope_of(mapping.function_arn),
    )


def _mapping(row: Row) -> EventSourceMapping:
    return EventSourceMapping(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]))


def _view(call: Call, mapping: EventSourceMapping, state: str = "") -> dict[str, Any]:
    return {
        **mapping.configuration,
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping_arn(call, mapping),
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.qualified_arn,
        "LastModified": mapping.modified_at_ms,
        "State": state or mapping.state,
        "StateTransitionReason": "USER_INITIATED",
    }
