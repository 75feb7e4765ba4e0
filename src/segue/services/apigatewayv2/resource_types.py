"""HTTP APIs and their parts in templates.

Source: CloudFormation template reference, AWS::ApiGatewayV2::Api, Route, Integration, Stage, Deployment, Authorizer,
Model.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from segue.api.objects import read_object
from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, remove
from segue.errors import AwsError
from segue.services.apigatewayv2.service import SERVICE

_NOT_SETTINGS = ("Body", "BodyS3Location", "BasePath", "FailOnWarnings", "Tags", "DisableSchemaValidation")
_BODY_BYTES = 6 * 1024 * 1024
_WEB_SOCKET = "ws-"
"""Begins the ids of WebSocket APIs, which are only accepted: they and their parts have no effect."""


def _body(request: ResourceRequest) -> str | None:
    """The OpenAPI document that the API is made of."""
    given, place = request.properties.get("Body"), request.properties.get("BodyS3Location")
    if place:
        if not (place.get("Bucket") and place.get("Key")):
            raise AwsError("ValidationError", "BodyS3Location needs a Bucket and a Key")
        return read_object(request.call, place["Bucket"], place["Key"], size=_BODY_BYTES).content.decode()
    return None if given is None else given if isinstance(given, str) else json.dumps(given)


def _settings(request: ResourceRequest) -> dict[str, Any]:
    return {name: value for name, value in request.properties.items() if name not in _NOT_SETTINGS}


def _create_api(request: ResourceRequest) -> Resource:
    if request.properties.get("ProtocolType") == "WEBSOCKET":
        request.notes.append("WebSocket APIs have no effect here: nobody can connect")
        api_id = f"{_WEB_SOCKET}{request.token.lower()}"
        endpoint = f"wss://{api_id}.execute-api.{request.call.region}.amazonaws.com"
        return Resource(api_id, {"ApiEndpoint": endpoint, "ApiId": api_id})
    body = _body(request)
    if body is None:
        made = request.perform("apigatewayv2:CreateApi", _settings(request))
    else:
        made = request.perform("apigatewayv2:ImportApi", {"Body": body})
        _override(request, made["ApiId"])
    arn = f"arn:aws:apigateway:{request.call.region}::/apis/{made['ApiId']}"
    request.perform("apigatewayv2:TagResource", {"ResourceArn": arn, "Tags": request.all_tags()})
    return Resource(made["ApiId"], {"ApiEndpoint": made["ApiEndpoint"], "ApiId": made["ApiId"]})


def _override(request: ResourceRequest, api_id: str) -> None:
    """What the template says beside the document."""
    settings = {name: value for name, value in _settings(request).items() if name not in ("ProtocolType", "Target")}
    if settings:
        request.perform("apigatewayv2:UpdateApi", {"ApiId": api_id, **settings})


def _update_api(request: ResourceRequest) -> Resource:
    if request.physical_id.startswith(_WEB_SOCKET):
        return Resource(request.physical_id, request.attributes)
    body = _body(request)
    if body is not None:
        request.perform("apigatewayv2:ReimportApi", {"ApiId": request.physical_id, "Body": body})
    _override(request, request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _delete_api(request: ResourceRequest) -> None:
    if not request.physical_id.startswith(_WEB_SOCKET):
        remove(request, "apigatewayv2:DeleteApi", {"ApiId": request.physical_id})


def _of_web_socket(request: ResourceRequest) -> bool:
    return str(request.properties.get("ApiId")).startswith(_WEB_SOCKET)


def _create(kind: str, member: str, request: ResourceRequest) -> Resource:
    if _of_web_socket(request):
        made_id = request.properties.get(member) or request.token.lower()
        return Resource(str(made_id), {member: made_id})
    made = request.perform(f"apigatewayv2:Create{kind}", _part(request))
    note_ignored(request, "AccessLogSettings", "ResponseParameters")
    return Resource(made[member], {member: made[member]})


def _part(request: ResourceRequest) -> dict[str, Any]:
    return {name: value for name, value in request.properties.items() if name != "AccessPolicyId"}


def _update(kind: str, member: str, request: ResourceRequest) -> Resource:
    if _of_web_socket(request):
        return Resource(request.physical_id, request.attributes)
    given = _part(request)
    if kind in ("Stage", "Deployment"):
        given = {name: value for name, value in given.items() if name != "Tags"}
    if kind == "Deployment":
        given.pop("StageName", None)
    request.perform(f"apigatewayv2:Update{kind}", {**given, member: request.physical_id})
    return Resource(request.physical_id, request.attributes)


def _delete(kind: str, member: str, request: ResourceRequest) -> None:
    if not _of_web_socket(request):
        given = {"ApiId": request.properties["ApiId"], member: request.physical_id}
        remove(request, f"apigatewayv2:Delete{kind}", given)


SERVICE.resource_type(ResourceType("AWS::ApiGatewayV2::Api", _create_api, _delete_api, _update_api))
for _kind in ("Route", "Integration", "Stage", "Deployment", "Authorizer", "Model"):
    _member = "StageName" if _kind == "Stage" else f"{_kind}Id"
    SERVICE.resource_type(
        ResourceType(
            f"AWS::ApiGatewayV2::{_kind}",
            partial(_create, _kind, _member),
            partial(_delete, _kind, _member),
            partial(_update, _kind, _member),
        )
    )
