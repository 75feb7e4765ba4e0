"""Tags of pipes."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.services.pipes.records import find_pipe
from segue.services.pipes.service import SERVICE, missing


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["resourceArn"])


def _existing(call: Call, arn: str) -> str:
    if find_pipe(call.tx, arn) is None:
        raise missing(arn.rpartition("/")[2])
    return arn


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags."""
    add_tags(call.tx, _existing(call, params["resourceArn"]), params["tags"])
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    remove_tags(call.tx, _existing(call, params["resourceArn"]), params["tagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A pipe's tags."""
    return {"tags": tags_of(call.tx, _existing(call, params["resourceArn"]))}
