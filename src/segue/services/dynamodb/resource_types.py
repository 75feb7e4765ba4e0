"""Tables in templates.

Source: CloudFormation template reference, AWS::DynamoDB::Table, AWS::DynamoDB::GlobalTable. A global table is one
table here, in the stack's region: that of its replicas which lies there.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove, retag
from segue.errors import AwsError
from segue.services.dynamodb.global_table import as_table
from segue.services.dynamodb.service import SERVICE

_LONGEST_NAME = 255
_KEPT = ("AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "OnDemandThroughput", "TableClass")
_AT_CREATION = ("KeySchema", "LocalSecondaryIndexes", "ProvisionedThroughput", "WarmThroughput")
_OF_INDEX = ("IndexName", "KeySchema", "OnDemandThroughput", "Projection", "ProvisionedThroughput", "WarmThroughput")
_IGNORED = (
    "ContributorInsightsSpecification",
    "GlobalTableSourceArn",
    "GlobalTableWitnesses",
    "ImportSourceSpecification",
    "KinesisStreamSpecification",
    "MultiRegionConsistency",
    "ReadOnDemandThroughputSettings",
    "VectorIndexes",
    "WriteOnDemandThroughputSettings",
)
_ENCRYPTION = {"SSEEnabled": "Enabled"}


def _create_table(request: ResourceRequest) -> Resource:
    return create(request, request.properties)


def _create_global_table(request: ResourceRequest) -> Resource:
    return create(request, as_table(request.call.region, request.properties, request.notes))


def create(request: ResourceRequest, given: dict[str, Any]) -> Resource:
    """A table of these properties, which are a ``Table``'s."""
    name = request.name("TableName", _LONGEST_NAME)
    indexes = [_index(index) for index in given.get("GlobalSecondaryIndexes") or ()]
    params = {
        "TableName": name,
        **chosen(given, *_KEPT, *_AT_CREATION),
        "GlobalSecondaryIndexes": indexes or None,
        "StreamSpecification": _stream(given) if given.get("StreamSpecification") else None,
        "SSESpecification": _encryption(given),
        "ResourcePolicy": (given.get("ResourcePolicy") or {}).get("PolicyDocument"),
        "Tags": request.all_tags(),
    }
    if params["Tags"] == {}:
        del params["Tags"]
    request.perform("dynamodb:CreateTable", params)
    _keep_time_to_live(request, name, given, {})
    _note(request, given)
    return _table(request, name)


def _note(request: ResourceRequest, given: dict[str, Any]) -> None:
    note_ignored(request, *_IGNORED)
    if (given.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled"):
        request.notes.append(
            "PointInTimeRecoverySpecification has no effect here: tables do not go back to a point in time"
        )


def _table(request: ResourceRequest, name: str) -> Resource:
    table = request.perform("dynamodb:DescribeTable", {"TableName": name})["Table"]
    attributes = {"Arn": table["TableArn"], "TableId": table["TableId"]}
    if "LatestStreamArn" in table and table.get("StreamSpecification", {}).get("StreamEnabled"):
        attributes["StreamArn"] = table["LatestStreamArn"]
    return Resource(name, attributes)


def _index(index: dict[str, Any]) -> dict[str, Any]:
    return chosen(index, *_OF_INDEX)


def _stream(given: dict[str, Any]) -> dict[str, Any]:
    wanted = given.get("StreamSpecification")
    if not wanted:
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": wanted.get("StreamViewType", "NEW_AND_OLD_IMAGES")}


def _encryption(given: dict[str, Any]) -> dict[str, Any] | None:
    wanted = given.get("SSESpecification")
    return None if wanted is None else {_ENCRYPTION.get(name, name): value for name, value in wanted.items()}


def _keep_time_to_live(request: ResourceRequest, name: str, given: dict[str, Any], before: dict[str, Any]) -> None:
    wanted, until_now = _time_to_live(given), _time_to_live(before)
    if wanted == until_now:
        return
    if until_now:
        _set_time_to_live(request, name, until_now, enabled=False)
    if wanted:
        _set_time_to_live(request, name, wanted, enabled=True)


def _time_to_live(given: dict[str, Any]) -> str:
    """The attribute by which items expire; none where they do not."""
    specification = given.get("TimeToLiveSpecification") or {}
    return str(specification.get("AttributeName", "")) if specification.get("Enabled") else ""


def _set_time_to_live(request: ResourceRequest, name: str, attribute: str, *, enabled: bool) -> None:
    specification = {"AttributeName": attribute, "Enabled": enabled}
    request.perform("dynamodb:UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})


def _update_table(request: ResourceRequest) -> Resource:
    return update(request, request.properties, request.previous)


def _update_global_table(request: ResourceRequest) -> Resource:
    region, unseen = request.call.region, list[str]()
    now, before = as_table(region, request.properties, request.notes), as_table(region, request.previous, unseen)
    return update(request, now, before)


def update(request: ResourceRequest, given: dict[str, Any], before: dict[str, Any]) -> Resource:
    """A table changed from one ``Table``'s properties to another's: settings first, then each index by itself."""
    name = request.physical_id
    _refuse_retyped(given, before)
    changes: dict[str, Any] = {}
    if given.get("BillingMode") != before.get("BillingMode") or _throughput(given) != _throughput(before):
        changes["BillingMode"] = given.get("BillingMode") or "PROVISIONED"
        changes["ProvisionedThroughput"] = _throughput(given)
    if _stream(given) != _stream(before):
        changes["StreamSpecification"] = _stream(given)
    if _encryption(given) != _encryption(before):
        changes["SSESpecification"] = _encryption(given) or {"Enabled": False}
    for setting, unset in _SETTINGS.items():
        if given.get(setting) != before.get(setting):
            changes[setting] = given.get(setting, unset)
    changes = {member: value for member, value in changes.items() if value is not None}
    if changes:
        _apply_stream_first_off(request, name, changes, before)
    _change_indexes(request, name, given, before)
    _keep_time_to_live(request, name, given, before)
    _keep_policy(request, given, before)
    retag(request, "dynamodb", {"ResourceArn": request.attributes["Arn"]}, "ListTagsOfResource")
    _note(request, given)
    return _table(request, name)


_SETTINGS: dict[str, Any] = {
    "DeletionProtectionEnabled": False,
    "TableClass": "STANDARD",
    "OnDemandThroughput": None,
    "WarmThroughput": None,
}
"""What can be changed in place, and what it is again when a template no longer names it."""


def _apply_stream_first_off(
    request: ResourceRequest, name: str, changes: dict[str, Any], before: dict[str, Any]
) -> None:
    """A stream whose view changes is another stream: the one until now ends first."""
    if changes.get("StreamSpecification", {}).get("StreamEnabled") and before.get("StreamSpecification"):
        off = {"TableName": name, "StreamSpecification": {"StreamEnabled": False}}
        request.perform("dynamodb:UpdateTable", off)
    request.perform("dynamodb:UpdateTable", {"TableName": name, **changes})


def _throughput(given: dict[str, Any]) -> dict[str, Any] | None:
    return None if given.get("BillingMode") == "PAY_PER_REQUEST" else given.get("ProvisionedThroughput")


def _refuse_retyped(given: dict[str, Any], before: dict[str, Any]) -> None:
    """AWS replaces a table whose key's type changes; here it has to be given another name or be removed first."""
    types = {each["AttributeName"]: each["AttributeType"] for each in before.get("AttributeDefinitions") or ()}
    for each in given.get("AttributeDefinitions") or ():
        if types.get(each["AttributeName"], each["AttributeType"]) != each["AttributeType"]:
            message = f"The type of the attribute {each['AttributeName']} cannot be changed in place"
            raise AwsError("ValidationError", message)


def _change_indexes(request: ResourceRequest, name: str, given: dict[str, Any], before: dict[str, Any]) -> None:
    wanted = {index["IndexName"]: _index(index) for index in given.get("GlobalSecondaryIndexes") or ()}
    there = {index["IndexName"]: _index(index) for index in before.get("GlobalSecondaryIndexes") or ()}
    for index, spec in there.items():
        if index not in wanted or _is_another(spec, wanted[index]):
            _change_index(request, name, given, {"Delete": {"IndexName": index}})
    for index, spec in wanted.items():
        if index not in there or _is_another(there[index], spec):
            _change_index(request, name, given, {"Create": spec})
        elif spec != there[index] and (changed := chosen(spec, "ProvisionedThroughput", "OnDemandThroughput")):
            _change_index(request, name, given, {"Update": {"IndexName": index, **changed}})


def _is_another(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(one.get(member) != other.get(member) for member in ("KeySchema", "Projection"))


def _change_index(request: ResourceRequest, name: str, given: dict[str, Any], change: dict[str, Any]) -> None:
    params: dict[str, Any] = {"TableName": name, "GlobalSecondaryIndexUpdates": [change]}
    if "Create" in change:
        params["AttributeDefinitions"] = _needed(given, change["Create"])
    request.perform("dynamodb:UpdateTable", params)


def _needed(given: dict[str, Any], index: dict[str, Any]) -> list[dict[str, Any]]:
    """The definitions of an index's keys: UpdateTable refuses those that nothing uses yet."""
    keys = {key["AttributeName"] for key in index["KeySchema"]}
    return [each for each in given.get("AttributeDefinitions") or () if each["AttributeName"] in keys]


def _keep_policy(request: ResourceRequest, given: dict[str, Any], before: dict[str, Any]) -> None:
    wanted = (given.get("ResourcePolicy") or {}).get("PolicyDocument")
    if wanted == (before.get("ResourcePolicy") or {}).get("PolicyDocument"):
        return
    table = {"ResourceArn": request.attributes["Arn"]}
    if wanted is None:
        request.perform("dynamodb:DeleteResourcePolicy", table)
    else:
        request.perform("dynamodb:PutResourcePolicy", {**table, "Policy": wanted})


def _delete_table(request: ResourceRequest) -> None:
    remove(request, "dynamodb:DeleteTable", {"TableName": request.physical_id})


_NEW = frozenset(("KeySchema", "LocalSecondaryIndexes"))
SERVICE.resource_type(ResourceType("AWS::DynamoDB::Table", _create_table, _delete_table, _update_table, _NEW))
SERVICE.resource_type(
    ResourceType("AWS::DynamoDB::GlobalTable", _create_global_table, _delete_table, _update_global_table, _NEW)
)
