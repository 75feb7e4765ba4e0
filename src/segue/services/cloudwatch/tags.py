"""Tags of alarms and dashboards."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.errors import AwsError
from segue.services.cloudwatch import alarm_records
from segue.services.cloudwatch.service import SERVICE


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceARN"])


def _existing(call: Call, params: dict[str, Any]) -> str:
    """The ARN; ``AwsError`` where nothing has it."""
    arn: str = params["ResourceARN"]
    place, _, name = arn.rpartition(":dashboard/")
    found: Any = alarm_records.find(call.tx, arn)
    if place:
        account = place.rpartition(":")[2]
        found = call.tx.one("SELECT 1 FROM cloudwatch_dashboards WHERE account = ? AND name = ?", account, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.", status=404)
    return arn


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags."""
    add_tags(call.tx, _existing(call, params), {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    remove_tags(call.tx, _existing(call, params), params["TagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A resource's tags."""
    tags = tags_of(call.tx, _existing(call, params))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
