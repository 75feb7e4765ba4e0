"""Tags of functions and event source mappings."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.services.lambda_.errors import function_not_found, invalid, missing
from segue.services.lambda_.records import find_function
from segue.services.lambda_.service import SERVICE

_MAXIMUM_TAGS = 50


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["Resource"])


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> Result:
    arn = _existing(call, params["Resource"])
    if not params["Tags"]:
        raise invalid("An error occurred and the request cannot be processed.")
    add_tags(call.tx, arn, params["Tags"])
    if len(tags_of(call.tx, arn)) > _MAXIMUM_TAGS:
        raise invalid("Number of tags exceeds resource tag limit.")
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> Result:
    remove_tags(call.tx, _existing(call, params["Resource"]), params["TagKeys"])
    return {}


@SERVICE.operation("ListTags", reads=True, resource=_resource)
def list_tags(call: Call, params: dict[str, Any]) -> Result:
    return {"Tags": tags_of(call.tx, _existing(call, params["Resource"]))}


def _existing(call: Call, arn: str) -> str:
    kind, _, name = arn.split(":", 5)[5].partition(":")
    if kind == "function":
        if ":" in name:
            raise invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
        if find_function(call.tx, arn) is None:
            raise function_not_found(arn)
    elif kind == "event-source-mapping":
        if call.tx.one("SELECT 1 FROM lambda_event_source_mappings WHERE uuid = ?", name) is None:
            raise missing()
    else:
        raise invalid(f"The resource {arn} cannot be tagged.")
    return arn
