"""REST APIs and their parts in templates.

Source: CloudFormation template reference, AWS::ApiGateway::RestApi, Resource, Method, Deployment and Stage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from segue.api.objects import read_object
from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove, retag
from segue.errors import AwsError
from segue.services.apigateway.service import SERVICE

_BODY_BYTES = 6 * 1024 * 1024
_OF_API = (
    "Name",
    "Description",
    "ApiKeySourceType",
    "BinaryMediaTypes",
    "DisableExecuteApiEndpoint",
    "EndpointConfiguration",
    "MinimumCompressionSize",
    "Policy",
)
_NO_EFFECT = ("MinimumCompressionSize", "SecurityPolicy", "EndpointAccessMode")


# RestApi


def _body(request: ResourceRequest) -> bytes | None:
    """The OpenAPI document that the API is made of."""
    given, place = request.properties.get("Body"), request.properties.get("BodyS3Location")
    if place:
        if not place.get("Bucket") or not place.get("Key"):
            raise AwsError("ValidationError", "BodyS3Location needs a Bucket and a Key")
        return read_object(request.call, place["Bucket"], place["Key"], size=_BODY_BYTES).content
    return None if given is None else (given if isinstance(given, str) else json.dumps(given)).encode()


def _create_api(request: ResourceRequest) -> Resource:
    properties, body = request.properties, _body(request)
    if body is None:
        given = chosen(properties, "CloneFrom", *_OF_API)
        given = {"ApiKeySource" if name == "ApiKeySourceType" else name: value for name, value in given.items()}
        made = request.perform("apigateway:CreateRestApi", {"Name": request.name("Name"), **given})
    else:
        parameters = properties.get("Parameters") or {}
        made = request.perform("apigateway:ImportRestApi", {"body": body, "parameters": parameters})
        _override(request, made["id"])
    _tag(request, "restapis", made["id"])
    note_ignored(request, *_NO_EFFECT)
    return Resource(made["id"], {"RootResourceId": made["rootResourceId"], "RestApiId": made["id"]})


def _tag(request: ResourceRequest, *path: str) -> None:
    arn = f"arn:aws:apigateway:{request.call.region}::/" + "/".join(path)
    retag(request, "apigateway", {"resourceArn": arn}, "GetTags")


def _override(request: ResourceRequest, api_id: str) -> None:
    """What the template says beside the document."""
    patches = []
    for name, value in chosen(request.properties, *_OF_API).items():
        path = "apiKeySource" if name == "ApiKeySourceType" else name[0].lower() + name[1:]
        if name == "EndpointConfiguration":
            patches.append(replaced("/endpointConfiguration/types", ",".join(value.get("Types") or ["EDGE"])))
        elif name == "BinaryMediaTypes":
            patches.append(replaced("/binaryMediaTypes", ",".join(kind.replace("~1", "/") for kind in value)))
        else:
            patches.append(replaced(f"/{path}", text_of(value)))
    if patches:
        request.perform("apigateway:UpdateRestApi", {"restApiId": api_id, "patchOperations": patches})


def replaced(path: str, value: str) -> dict[str, str]:
    """A patch."""
    return {"op": "replace", "path": path, "value": value}


def text_of(value: Any) -> str:
    """A value as a patch has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _update_api(request: ResourceRequest) -> Resource:
    body = _body(request)
    if body is not None:
        mode = str(request.properties.get("Mode") or "overwrite")
        given = {"restApiId": request.physical_id, "body": body, "mode": mode}
        request.perform("apigateway:PutRestApi", given)
    _override(request, request.physical_id)
    _tag(request, "restapis", request.physical_id)
    return Resource(request.physical_id, request.attributes)


def _delete_api(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteRestApi", {"restApiId": request.physical_id})


# Methods, whose integration and responses are theirs


def _method_key(request: ResourceRequest) -> dict[str, Any]:
    return chosen(request.properties, "RestApiId", "ResourceId", "HttpMethod")


def _create_method(request: ResourceRequest) -> Resource:
    properties, key = request.properties, _method_key(request)
    without = (*key, "Integration", "MethodResponses")
    settings = {name: value for name, value in properties.items() if name not in without}
    settings.setdefault("AuthorizationType", "NONE")
    request.perform("apigateway:PutMethod", {**key, **settings})
    for response in properties.get("MethodResponses") or []:
        request.perform("apigateway:PutMethodResponse", {**key, **response})
    integration = properties.get("Integration")
    if integration is not None:
        _put_integration(request, key, integration)
    name = f"{key['RestApiId']}|{key['ResourceId']}|{key['HttpMethod']}"
    return Resource(name, {})


def _put_integration(request: ResourceRequest, key: Mapping[str, Any], integration: Mapping[str, Any]) -> None:
    given = {name: value for name, value in integration.items() if name != "IntegrationResponses"}
    given["Type"] = given.get("Type") or "MOCK"
    request.perform("apigateway:PutIntegration", {**key, **given})
    for response in integration.get("IntegrationResponses") or []:
        request.perform("apigateway:PutIntegrationResponse", {**key, **response})


def _delete_method(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteMethod", _method_key(request))


def _update_method(request: ResourceRequest) -> Resource:
    """A method is put anew: nothing refers to it by an id."""
    _delete_method(request)
    return _create_method(request)


# Deployments and stages


def _create_deployment(request: ResourceRequest) -> Resource:
    properties = request.properties
    stage = properties.get("StageDescription") or {}
    given = chosen(properties, "RestApiId", "StageName", "Description")
    given |= chosen(stage, "Variables", "TracingEnabled", "CacheClusterEnabled", "CacheClusterSize")
    if stage.get("Description"):
        given["StageDescription"] = stage["Description"]
    made = request.perform("apigateway:CreateDeployment", given)
    return Resource(made["id"], {"DeploymentId": made["id"]})


def _delete_deployment(request: ResourceRequest) -> None:
    """A deployment goes; a stage that it made itself goes with it."""
    api, name = request.properties["RestApiId"], request.properties.get("StageName")
    if name and _serves(request, api, name):
        remove(request, "apigateway:DeleteStage", {"restApiId": api, "stageName": name})
    remove(request, "apigateway:DeleteDeployment", {"restApiId": api, "deploymentId": request.physical_id})


def _serves(request: ResourceRequest, api_id: str, stage: str) -> bool:
    """Whether a stage serves this deployment (and not one that has replaced it)."""
    try:
        found = request.perform("apigateway:GetStage", {"restApiId": api_id, "stageName": stage})
    except AwsError:
        return False
    return bool(found["deploymentId"] == request.physical_id)


def _update_deployment(request: ResourceRequest) -> Resource:
    patches = [replaced("/description", str(request.properties.get("Description") or ""))]
    key = {"restApiId": request.properties["RestApiId"], "deploymentId": request.physical_id}
    request.perform("apigateway:UpdateDeployment", {**key, "patchOperations": patches})
    return Resource(request.physical_id, request.attributes)


def _stage_key(request: ResourceRequest) -> dict[str, str]:
    return {"restApiId": request.properties["RestApiId"], "stageName": request.properties["StageName"]}


def _create_stage(request: ResourceRequest) -> Resource:
    names = ("RestApiId", "StageName", "DeploymentId", "Description", "Variables", "TracingEnabled")
    request.perform("apigateway:CreateStage", chosen(request.properties, *names))
    settings = _stage_settings(request)
    if settings:
        request.perform("apigateway:UpdateStage", {**_stage_key(request), "patchOperations": settings})
    return _finish_stage(request)


def _stage_settings(request: ResourceRequest) -> list[dict[str, str]]:
    """Patches for what belongs to a stage beside itself: its access log, the throttles of its methods."""
    logged = request.properties.get("AccessLogSetting") or {}
    patches = [
        replaced(f"/accessLogSettings/{name[0].lower()}{name[1:]}", str(logged[name]))
        for name in ("DestinationArn", "Format")
        if logged.get(name)
    ]
    if not logged and request.previous.get("AccessLogSetting"):
        patches.append({"op": "remove", "path": "/accessLogSettings"})
    for one in request.properties.get("MethodSettings") or []:
        path = str(one.get("ResourcePath", "/*")).replace("/", "~1") if one.get("ResourcePath") != "/*" else "*"
        for name, setting in _METHOD_SETTINGS.items():
            if one.get(name) is not None:
                value = one[name] if isinstance(one[name], str) else json.dumps(one[name])
                patches.append(replaced(f"/{path}/{one.get('HttpMethod', '*')}/{setting}", value))
    return patches


_METHOD_SETTINGS = {
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "MetricsEnabled": "metrics/enabled",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}


def _finish_stage(request: ResourceRequest) -> Resource:
    _tag(request, "restapis", request.properties["RestApiId"], "stages", request.properties["StageName"])
    note_ignored(request, "CanarySetting", "CacheClusterEnabled", "ClientCertificateId")
    return Resource(request.properties["StageName"], {})


def _update_stage(request: ResourceRequest) -> Resource:
    properties = request.properties
    patches = [replaced("/deploymentId", properties["DeploymentId"])] if properties.get("DeploymentId") else []
    patches.append(replaced("/description", str(properties.get("Description") or "")))
    patches.append(replaced("/variables", json.dumps(properties.get("Variables") or {})))
    patches += _stage_settings(request)
    request.perform("apigateway:UpdateStage", {**_stage_key(request), "patchOperations": patches})
    return _finish_stage(request)


def _delete_stage(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteStage", _stage_key(request))


SERVICE.resource_type(ResourceType("AWS::ApiGateway::RestApi", _create_api, _delete_api, _update_api))
SERVICE.resource_type(
    ResourceType(
        "AWS::ApiGateway::Method",
        _create_method,
        _delete_method,
        _update_method,
        frozenset(("RestApiId", "ResourceId", "HttpMethod")),
    )
)
SERVICE.resource_type(
    ResourceType("AWS::ApiGateway::Deployment", _create_deployment, _delete_deployment, _update_deployment)
)
SERVICE.resource_type(ResourceType("AWS::ApiGateway::Stage", _create_stage, _delete_stage, _update_stage))
