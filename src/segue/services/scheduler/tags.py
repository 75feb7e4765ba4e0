"""Tags of schedule groups; schedules have none."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.services.scheduler.groups import existing_group
from segue.services.scheduler.service import SERVICE


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceArn"])


def _group(call: Call, params: dict[str, Any]) -> str:
    """The group's ARN; ``AwsError`` where there is no such group."""
    return existing_group(call, params["ResourceArn"].rpartition("/")[2]).arn


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags."""
    add_tags(call.tx, _group(call, params), {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    remove_tags(call.tx, _group(call, params), params["TagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A group's tags."""
    tags = tags_of(call.tx, _group(call, params))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
