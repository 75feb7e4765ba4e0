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
    made = request.perform(f"apigatewayv2:Create{kind}", _part(kind, request))
    if kind == "Route":
        note_ignored(request, "RequestParameters")
    return Resource(made[member], {member: made[member]})


def _part(kind: str, request: ResourceRequest) -> dict[str, Any]:
    given = {name: value for name, value in request.properties.items() if name != "AccessPolicyId"}
    if kind == "Integration" and isinstance(given.get("ResponseParameters"), dict):  # lists in templates, maps here
        given["ResponseParameters"] = {
            status: {one.get("Destination"): one.get("Source") for one in said.get("ResponseParameters") or []}
            for status, said in given["ResponseParameters"].items()
        }
    return given


def _update(kind: str, member: str, request: ResourceRequest) -> Resource:
    given = _part(kind, request)
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


# Names of one's own, and links


def _create_domain(request: ResourceRequest) -> Resource:
    given = {**request.properties, "Tags": request.all_tags()}
    return _domain(request, request.perform("apigatewayv2:CreateDomainName", given))


def _domain(request: ResourceRequest, made: dict[str, Any]) -> Resource:
    first = made["DomainNameConfigurations"][0]
    note_ignored(request, "MutualTlsAuthentication")
    attributes = {
        "DomainNameArn": made["DomainNameArn"],
        "RegionalDomainName": first["ApiGatewayDomainName"],
        "RegionalHostedZoneId": first["HostedZoneId"],
    }
    return Resource(made["DomainName"], attributes)


def _update_domain(request: ResourceRequest) -> Resource:
    given = {name: value for name, value in request.properties.items() if name != "Tags"}
    return _domain(request, request.perform("apigatewayv2:UpdateDomainName", given))


def _delete_domain(request: ResourceRequest) -> None:
    remove(request, "apigatewayv2:DeleteDomainName", {"DomainName": request.physical_id})


def _create_mapping(request: ResourceRequest) -> Resource:
    made = request.perform("apigatewayv2:CreateApiMapping", request.properties)
    return Resource(made["ApiMappingId"], {"ApiMappingId": made["ApiMappingId"]})


def _update_mapping(request: ResourceRequest) -> Resource:
    request.perform("apigatewayv2:UpdateApiMapping", {**request.properties, "ApiMappingId": request.physical_id})
    return Resource(request.physical_id, request.attributes)


def _delete_mapping(request: ResourceRequest) -> None:
    given = {"DomainName": request.properties["DomainName"], "ApiMappingId": request.physical_id}
    remove(request, "apigatewayv2:DeleteApiMapping", given)


def _create_link(request: ResourceRequest) -> Resource:
    made = request.perform("apigatewayv2:CreateVpcLink", {**request.properties, "Tags": request.all_tags()})
    request.notes.append("There are no private networks here: integrations by this link go to their URI over HTTP")
    return Resource(made["VpcLinkId"], {"VpcLinkId": made["VpcLinkId"]})


def _update_link(request: ResourceRequest) -> Resource:
    given = {"VpcLinkId": request.physical_id, "Name": request.properties["Name"]}
    request.perform("apigatewayv2:UpdateVpcLink", given)
    return Resource(request.physical_id, request.attributes)


def _delete_link(request: ResourceRequest) -> None:
    remove(request, "apigatewayv2:DeleteVpcLink", {"VpcLinkId": request.physical_id})


for _name, _made, _removed, _changed in (
    ("DomainName", _create_domain, _delete_domain, _update_domain),
    ("ApiMapping", _create_mapping, _delete_mapping, _update_mapping),
    ("VpcLink", _create_link, _delete_link, _update_link),
):
    SERVICE.resource_type(ResourceType(f"AWS::ApiGatewayV2::{_name}", _made, _removed, _changed))
