"""Pipes in templates.

Source: CloudFormation template reference, AWS::Pipes::Pipe.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, remove, retag
from segue.errors import AwsError
from segue.services.pipes.service import SERVICE

_LONGEST_NAME = 64
_STREAM = "DynamoDBStreamParameters"


def _create(request: ResourceRequest) -> Resource:
    note_ignored(request, "KmsKeyIdentifier")
    name = request.name("Name", _LONGEST_NAME)
    tags = request.all_tags()
    request.perform("pipes:CreatePipe", {**request.properties, "Name": name, "Tags": tags or None})
    return _pipe(request, name)


def _pipe(request: ResourceRequest, name: str) -> Resource:
    """``AwsError`` where the pipe could not be made to run: its stack is to fail."""
    found = request.perform("pipes:DescribePipe", {"Name": name})
    if found["CurrentState"].endswith("_FAILED"):
        raise AwsError("GeneralServiceException", f"{found['CurrentState']}: {found['StateReason']}")
    times = {
        member: f"{datetime.fromtimestamp(found[member] / 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        for member in ("CreationTime", "LastModifiedTime")
    }
    reason = {"StateReason": found.get("StateReason", "")}
    return Resource(name, {"Arn": found["Arn"], "CurrentState": found["CurrentState"], **reason, **times})


def _update(request: ResourceRequest) -> Resource:
    given: dict[str, Any] = {
        name: value for name, value in request.properties.items() if name not in ("Name", "Source", "Tags")
    }
    for gone in ("EnrichmentParameters", "TargetParameters"):
        if gone in request.previous and gone not in given:
            given[gone] = {}
    if "Enrichment" in request.previous:
        given.setdefault("Enrichment", "")
    source = given.get("SourceParameters", {})
    if _STREAM in source:
        kept = {name: value for name, value in source[_STREAM].items() if name != "StartingPosition"}
        given["SourceParameters"] = {**source, _STREAM: kept}
    request.perform("pipes:UpdatePipe", {**given, "Name": request.physical_id})
    retag(request, "pipes", {"resourceArn": request.attributes["Arn"]})
    return _pipe(request, request.physical_id)


def _delete(request: ResourceRequest) -> None:
    remove(request, "pipes:DeletePipe", {"Name": request.physical_id})


SERVICE.resource_type(
    ResourceType("AWS::Pipes::Pipe", _create, _delete, _update, replaces=frozenset({"Name", "Source"}))
)
