"""Labels of versions, and tags of parameters.

Source: API reference, LabelParameterVersion, UnlabelParameterVersion, AddTagsToResource.
"""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.errors import AwsError, not_implemented
from segue.services.ssm import records
from segue.services.ssm.records import Version
from segue.services.ssm.service import SERVICE, arn_of, named, not_found, scope_of, selected

_LABEL = re.compile(r"(?!aws|ssm)[A-Za-z_.-][A-Za-z0-9_.-]{0,99}", re.ASCII | re.IGNORECASE)
_MOST_LABELS = 10


@SERVICE.operation("LabelParameterVersion", resource=named)
def label_parameter_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Give a version labels, which leave the version that had them."""
    there = _versions(call, params["Name"])
    target = _one(there, params.get("ParameterVersion") or there[-1].version, params["Name"])
    valid = [label for label in params["Labels"] if _LABEL.fullmatch(label)]
    labels = tuple(dict.fromkeys((*target.labels, *valid)))
    if len(labels) > _MOST_LABELS:
        message = f"A parameter version can have a maximum of {_MOST_LABELS} labels."
        raise AwsError("ParameterVersionLabelLimitExceeded", message)
    for one in there:
        kept = labels if one is target else tuple(label for label in one.labels if label not in valid)
        if kept != one.labels:
            records.save_labels(call.tx, scope_of(call), one.name, one.version, kept)
    refused = [label for label in params["Labels"] if label not in valid]
    return {"InvalidLabels": refused, "ParameterVersion": target.version}


@SERVICE.operation("UnlabelParameterVersion", resource=named)
def unlabel_parameter_version(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take labels from a version."""
    target = _one(_versions(call, params["Name"]), params["ParameterVersion"], params["Name"])
    gone = [label for label in params["Labels"] if label in target.labels]
    kept = tuple(label for label in target.labels if label not in gone)
    records.save_labels(call.tx, scope_of(call), target.name, target.version, kept)
    return {"RemovedLabels": gone, "InvalidLabels": [label for label in params["Labels"] if label not in gone]}


def _versions(call: Call, given: str) -> list[Version]:
    there = records.versions(call.tx, scope_of(call), selected(given)[0])
    if not there:
        raise not_found()
    return there


def _one(there: list[Version], number: int, name: str) -> Version:
    for version in there:
        if version.version == number:
            return version
    message = f"Systems Manager could not find version {number} of {name}. Verify the version and try again."
    raise AwsError("ParameterVersionNotFound", message)


@SERVICE.operation("AddTagsToResource", resource=named)
def add_tags_to_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tag a parameter."""
    arn = _tagged(call, "AddTagsToResource", params)
    add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@SERVICE.operation("RemoveTagsFromResource", resource=named)
def remove_tags_from_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags of a parameter."""
    remove_tags(call.tx, _tagged(call, "RemoveTagsFromResource", params), params["TagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=named)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A parameter's tags."""
    found = tags_of(call.tx, _tagged(call, "ListTagsForResource", params))
    return {"TagList": [{"Key": key, "Value": value} for key, value in found.items()]}


def _tagged(call: Call, operation: str, params: dict[str, Any]) -> str:
    if params["ResourceType"] != "Parameter":
        raise not_implemented(f"ssm:{operation}", f"ResourceType {params['ResourceType']}")
    name = selected(params["ResourceId"])[0]
    if records.latest(call.tx, scope_of(call), name) is None:
        message = f"The resource ID '{params['ResourceId']}' is not valid. Verify that the resource exists."
        raise AwsError("InvalidResourceId", message)
    return arn_of(call, name)
