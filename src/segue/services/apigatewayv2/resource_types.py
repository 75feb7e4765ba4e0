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
    body = _body(request)
    if body is not None:
        request.perform("apigatewayv2:ReimportApi", {"ApiId": request.physical_id, "Body": body})
    _override(request, request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _delete_api(request: ResourceRequest) -> None:
    remove(request, "apigatewayv2:DeleteApi", {"ApiId": request.physical_id})


def _create(kind: str, member: str, request: ResourceRequest) -> Resource:
    made = request.perform(f"apigatewayv2:Create{kind}", _part(request))
    note_ignored(request, "AccessLogSettings", "ResponseParameters")
    return Resource(made[member], {member: made[member]})


def _part(request: ResourceRequest) -> dict[str, Any]:
    return {name: value for name, value in request.properties.items() if name != "AccessPolicyId"}


def _update(kind: str, member: str, request: ResourceRequest) -> Resource:
    given = _part(request)
    if kind in ("Stage", "Deployment"):
        given = {name: value for name, value in given.items() if name != "Tags"}
    if kind == "Deployment":
        given.pop("StageName", None)
    request.perform(f"apigatewayv2:Update{kind}", {**given, member: request.physical_id})
    return Resource(request.physical_id, request.attributes)


def _delete(kind: str, member: str, request: ResourceRequest) -> None:
    owner = {"RouteResponse": "RouteId", "IntegrationResponse": "IntegrationId"}.get(kind)
    above = {owner: request.properties[owner]} if owner else {}
    given = {"ApiId": request.properties["ApiId"], **above, member: request.physical_id}
    remove(request, f"apigatewayv2:Delete{kind}", given)


SERVICE.resource_type(ResourceType("AWS::ApiGatewayV2::Api", _create_api, _delete_api, _update_api))
_KINDS = ("Route", "Integration", "Stage", "Deployment", "Authorizer", "Model", "RouteResponse", "IntegrationResponse")
for _kind in _KINDS:
    _member = "StageName" if _kind == "Stage" else f"{_kind}Id"
    SERVICE.resource_type(
        ResourceType(
            f"AWS::ApiGatewayV2::{_kind}",
            partial(_create, _kind, _member),
            partial(_delete, _kind, _member),
            partial(_update, _kind, _member),
        )
    )
