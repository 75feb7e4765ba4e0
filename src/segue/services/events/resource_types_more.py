"""Archives, connections, API destinations and global endpoints in templates.

Source: CloudFormation template reference, AWS::Events::Archive, Connection, ApiDestination, Endpoint.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove
from segue.services.events.service import SERVICE

_ARCHIVE = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")
_LONGEST_ARCHIVE_NAME = 48
_CONNECTION = ("AuthorizationType", "AuthParameters", "Description", "KmsKeyIdentifier")
_DESTINATION = (
    "ConnectionArn",
    "Description",
    "HttpMethod",
    "InvocationEndpoint",
    "InvocationRateLimitPerSecond",
)


def _create_archive(request: ResourceRequest) -> Resource:
    name = request.name("ArchiveName", _LONGEST_ARCHIVE_NAME)
    given = {"EventSourceArn": request.properties["SourceArn"], **chosen(request.properties, *_ARCHIVE)}
    made = request.perform("events:CreateArchive", {"ArchiveName": name, **given})
    return Resource(name, {"Arn": made["ArchiveArn"], "ArchiveName": name})


def _update_archive(request: ResourceRequest) -> Resource:
    gone: dict[str, Any] = {"Description": "", "RetentionDays": 0}
    gone = {name: value for name, value in gone.items() if request.previous.get(name) is not None}
    params = {"ArchiveName": request.physical_id, **gone, **chosen(request.properties, *_ARCHIVE)}
    request.perform("events:UpdateArchive", params)
    return Resource(request.physical_id, request.attributes)


def _delete_archive(request: ResourceRequest) -> None:
    remove(request, "events:DeleteArchive", {"ArchiveName": request.physical_id})


def _create_connection(request: ResourceRequest) -> Resource:
    note_ignored(request, "InvocationConnectivityParameters")
    name = request.name("Name")
    made = request.perform("events:CreateConnection", {"Name": name, **chosen(request.properties, *_CONNECTION)})
    return _connection(request, name, made["ConnectionArn"])


def _connection(request: ResourceRequest, name: str, arn: str) -> Resource:
    secret = request.perform("events:DescribeConnection", {"Name": name})["SecretArn"]
    return Resource(name, {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0], "SecretArn": secret})


def _update_connection(request: ResourceRequest) -> Resource:
    params = {"Name": request.physical_id, **chosen(request.properties, *_CONNECTION)}
    request.perform("events:UpdateConnection", params)
    return _connection(request, request.physical_id, request.attributes["Arn"])


def _delete_connection(request: ResourceRequest) -> None:
    remove(request, "events:DeleteConnection", {"Name": request.physical_id})


def _create_destination(request: ResourceRequest) -> Resource:
    name = request.name("Name")
    made = request.perform("events:CreateApiDestination", {"Name": name, **chosen(request.properties, *_DESTINATION)})
    arn = made["ApiDestinationArn"]
    return Resource(name, {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0]})


def _update_destination(request: ResourceRequest) -> Resource:
    params = {"Name": request.physical_id, **chosen(request.properties, *_DESTINATION)}
    request.perform("events:UpdateApiDestination", params)
    return Resource(request.physical_id, request.attributes)


def _delete_destination(request: ResourceRequest) -> None:
    remove(request, "events:DeleteApiDestination", {"Name": request.physical_id})


def _note_endpoint(request: ResourceRequest) -> Resource:
    name = request.physical_id or request.name("Name")
    request.notes.append("Global endpoints have no effect here: events go to the bus that they are put on")
    arn = request.call.arn("events", f"endpoint/{name}")
    identifier = f"{request.token.lower()}.veo"
    url = f"https://{identifier}.endpoint.events.amazonaws.com"
    attributes = {"Arn": arn, "EndpointId": identifier, "EndpointUrl": url, "State": "ACTIVE", "StateReason": ""}
    return Resource(name, dict(request.attributes) or attributes)


def _forget_endpoint(request: ResourceRequest) -> None:
    """There is nothing to remove."""


SERVICE.resource_type(ResourceType("AWS::Events::Archive", _create_archive, _delete_archive, _update_archive))
SERVICE.resource_type(
    ResourceType("AWS::Events::Connection", _create_connection, _delete_connection, _update_connection)
)
SERVICE.resource_type(
    ResourceType("AWS::Events::ApiDestination", _create_destination, _delete_destination, _update_destination)
)
SERVICE.resource_type(ResourceType("AWS::Events::Endpoint", _note_endpoint, _forget_endpoint, _note_endpoint))
