"""Tags of buses and rules."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.events.names import bus_of, no_such_rule
from segue.services.events.records import DEFAULT_BUS, find_rule
from segue.services.events.service import SERVICE


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceARN"])


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags."""
    _check_exists(call, params["ResourceARN"])
    add_tags(call.tx, params["ResourceARN"], {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    _check_exists(call, params["ResourceARN"])
    remove_tags(call.tx, params["ResourceARN"], params["TagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of a bus or rule."""
    _check_exists(call, params["ResourceARN"])
    tags = tags_of(call.tx, params["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _check_exists(call: Call, arn: str) -> None:
    kind, _, name = parse_arn(arn).resource.partition("/")
    if kind == "event-bus":
        bus_of(call, arn)
    elif kind == "rule":
        if find_rule(call.tx, arn) is None:
            bus, _, rule = name.rpartition("/")
            raise no_such_rule(rule, bus or DEFAULT_BUS)
    else:
        raise AwsError("ValidationException", f"Parameter {arn} is not valid. Reason: Provided Arn is not supported.")
