"""The smaller types of REST APIs in templates: made by one operation, patched by one, removed by one.

Source: CloudFormation template reference, AWS::ApiGateway::Resource, Authorizer, Model, RequestValidator,
GatewayResponse, ApiKey, UsagePlan, UsagePlanKey, Account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, remove
from segue.services.apigateway.resource_types import replaced, text_of
from segue.services.apigateway.service import SERVICE


@dataclass(frozen=True, slots=True)
class _Simple:
    """A type of one operation.

    Attributes:
        create, delete: the operations.
        key: what names one for ``delete``, of the physical id and the properties.
        result: the answer's member that is the physical id.
        attribute: what ``Fn::GetAtt`` calls it.
        renamed: properties that the operation calls otherwise.
    """

    create: str
    delete: str
    key: Callable[[ResourceRequest], dict[str, Any]]
    result: str = "id"
    attribute: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)


def _create(simple: _Simple, request: ResourceRequest) -> Resource:
    given = {
        simple.renamed.get(name, name): value for name, value in request.properties.items() if name not in _NOT_GIVEN
    }
    if simple.create == "CreateModel":
        given["schema"] = text_of(given.get("Schema", given.pop("Schema", {})))
        given.pop("Schema", None)
        given.setdefault("contentType", given.pop("ContentType", None) or "application/json")
    if simple.create in ("CreateModel", "CreateUsagePlan", "CreateApiKey", "CreateRequestValidator"):
        named = request.name("Name")
        given["Name"] = named if simple.create != "CreateModel" else named.replace("-", "")
    if simple.create in ("CreateApiKey", "CreateUsagePlan"):
        given["Tags"] = request.all_tags()
    made = request.perform(f"apigateway:{simple.create}", given)
    physical_id = str(made[simple.result])
    return Resource(physical_id, {simple.attribute: physical_id} if simple.attribute else {})


_NOT_GIVEN = frozenset(("Tags", "CustomerIdType"))


def _delete(simple: _Simple, request: ResourceRequest) -> None:
    if simple.delete == "DeleteUsagePlan":
        patches = [{"op": "remove", "path": "/apiStages"}]
        remove(request, "apigateway:UpdateUsagePlan", {**simple.key(request), "patchOperations": patches})
    remove(request, f"apigateway:{simple.delete}", simple.key(request))


def _update(simple: _Simple, update: str, request: ResourceRequest) -> Resource:
    """What has changed, as patches (a gateway response is put anew)."""
    if update.startswith("Put"):
        return _create(simple, request)
    patches: list[dict[str, str]] = []
    for name in sorted(request.properties.keys() | request.previous.keys()):
        if name in _NOT_GIVEN or not request.changed(name):
            continue
        path = "/" + _lower(simple.renamed.get(name, name))
        value = request.properties.get(name)
        if name == "ApiStages":
            patches.append({"op": "remove", "path": path})
            stages = [f"{one['ApiId']}:{one['Stage']}" for one in value or []]
            patches += [{"op": "add", "path": path, "value": stage} for stage in stages]
        elif value is None:
            patches.append({"op": "remove", "path": path})
        else:
            if isinstance(value, dict) and name != "Schema":
                value = {_lower(key): one for key, one in value.items()}
            patches.append(replaced(path, text_of(value)))
    if patches:
        request.perform(f"apigateway:{update}", {**simple.key(request), "patchOperations": patches})
    return Resource(request.physical_id, request.attributes)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _of_api(member: str) -> Callable[[ResourceRequest], dict[str, Any]]:
    return lambda request: {"restApiId": request.properties["RestApiId"], member: request.physical_id}


def _alone(member: str) -> Callable[[ResourceRequest], dict[str, Any]]:
    return lambda request: {member: request.physical_id}


_SIMPLE = {
    "Resource": _Simple("CreateResource", "DeleteResource", _of_api("resourceId"), attribute="ResourceId"),
    "Authorizer": _Simple("CreateAuthorizer", "DeleteAuthorizer", _of_api("authorizerId"), attribute="AuthorizerId"),
    "Model": _Simple("CreateModel", "DeleteModel", _of_api("modelName"), result="name"),
    "RequestValidator": _Simple(
        "CreateRequestValidator",
        "DeleteRequestValidator",
        _of_api("requestValidatorId"),
        attribute="RequestValidatorId",
    ),
    "GatewayResponse": _Simple(
        "PutGatewayResponse", "DeleteGatewayResponse", _of_api("responseType"), result="responseType"
    ),
    "ApiKey": _Simple("CreateApiKey", "DeleteApiKey", _alone("apiKey"), attribute="APIKeyId"),
    "UsagePlan": _Simple(
        "CreateUsagePlan",
        "DeleteUsagePlan",
        _alone("usagePlanId"),
        attribute="Id",
        renamed={"UsagePlanName": "Name"},
    ),
    "UsagePlanKey": _Simple(
        "CreateUsagePlanKey",
        "DeleteUsagePlanKey",
        lambda request: {"usagePlanId": request.properties["UsagePlanId"], "keyId": request.properties["KeyId"]},
        attribute="Id",
    ),
}
for _kind, _simple in _SIMPLE.items():
    SERVICE.resource_type(
        ResourceType(
            f"AWS::ApiGateway::{_kind}",
            partial(_create, _simple),
            partial(_delete, _simple),
            partial(_update, _simple, "PutGatewayResponse" if _kind == "GatewayResponse" else f"Update{_kind}")
            if _kind not in ("Resource", "UsagePlanKey")
            else None,
        )
    )


def _set_account(request: ResourceRequest) -> Resource:
    patches = [replaced("/cloudwatchRoleArn", str(request.properties.get("CloudWatchRoleArn") or ""))]
    request.perform("apigateway:UpdateAccount", {"patchOperations": patches})
    note_ignored(request, "CloudWatchRoleArn")
    return Resource(request.physical_id or request.name(""), {})


SERVICE.resource_type(ResourceType("AWS::ApiGateway::Account", _set_account, lambda request: None, _set_account))
