"""Deployments, which are copies of an API that never change, and stages, which serve them.

Source: API Gateway API reference: Deployment, Stage.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from segue.api import Call
from segue.api.service import Handler
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.services.apigateway import records
from segue.services.apigateway.apis import tag_arn
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.service import (
    SERVICE,
    arn_of,
    bad_request,
    conflict,
    existing,
    given,
    new_id,
    not_found,
    page,
)

_OF_STAGE = ("description", "variables", "cacheClusterEnabled", "cacheClusterSize", "tracingEnabled", "canarySettings")
_METHOD_SETTINGS = {
    "metrics/enabled": "metricsEnabled",
    "logging/loglevel": "loggingLevel",
    "logging/dataTrace": "dataTraceEnabled",
    "throttling/burstLimit": "throttlingBurstLimit",
    "throttling/rateLimit": "throttlingRateLimit",
    "caching/enabled": "cachingEnabled",
    "caching/ttlInSeconds": "cacheTtlInSeconds",
    "caching/dataEncrypted": "cacheDataEncrypted",
    "caching/requireAuthorizationForCacheControl": "requireAuthorizationForCacheControl",
    "caching/unauthorizedCacheControlHeaderStrategy": "unauthorizedCacheControlHeaderStrategy",
}


def _arn(call: Call, params: Document) -> str:
    path = ["restapis", str(params["restApiId"])]
    for member, place in (("deploymentId", "deployments"), ("stageName", "stages")):
        if member in params:
            return arn_of(call, *path, place, str(params[member]))
    return arn_of(call, *path, "deployments")


def _declared(name: str, verb: str) -> Callable[[Handler], Handler]:
    return SERVICE.operation(name, reads=verb == "GET", resource=_arn, action=f"apigateway:{verb}")


@_declared("CreateDeployment", "POST")
def create_deployment(call: Call, params: Document) -> Document:
    """Take a copy of the API as it is; with ``stageName``, serve it there."""
    api = existing(call, params)
    methods = [
        method for one in api.document["resources"].values() for method in one.get("resourceMethods", {}).values()
    ]
    if not methods:
        raise bad_request("The REST API doesn't contain any methods")
    if any("methodIntegration" not in method for method in methods):
        raise bad_request("No integration defined for method")
    made = {"id": new_id(call, 6), "createdDate": call.now_ms, **given(params, *_NOT_OF_DEPLOYMENT)}
    records.put_deployment(call.tx, api.id, made["id"], made, api.document)
    stage = params.get("stageName")
    if stage:
        _deploy_to(call, api, stage, made["id"], params)
    return made


_NOT_OF_DEPLOYMENT = (
    "restApiId",
    "stageName",
    "stageDescription",
    "variables",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "canarySettings",
    "tracingEnabled",
)


def _deploy_to(call: Call, api: RestApi, stage: str, deployment_id: str, params: Document) -> None:
    _check_name(stage)
    found = records.find_stage(call.tx, api.id, stage)
    if found is None:
        found = _new_stage(call, stage, deployment_id)
    settings = {name: params[name] for name in _OF_STAGE if name in params and name != "description"}
    if "stageDescription" in params:
        settings["description"] = params["stageDescription"]
    changed = {**found, **settings, "deploymentId": deployment_id, "lastUpdatedDate": call.now_ms}
    records.put_stage(call.tx, api.id, stage, changed)


def _new_stage(call: Call, name: str, deployment_id: str) -> Document:
    return {
        "stageName": name,
        "deploymentId": deployment_id,
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
        "createdDate": call.now_ms,
        "lastUpdatedDate": call.now_ms,
    }


def _check_name(stage: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", stage, re.ASCII):
        raise bad_request("Stage name only allows a-zA-Z0-9_")


def _deployment(call: Call, params: Document) -> tuple[RestApi, Document]:
    api = existing(call, params)
    found = records.find_deployment(call.tx, api.id, params["deploymentId"])
    if found is None:
        raise not_found("Invalid Deployment identifier specified")
    return api, found


@_declared("GetDeployment", "GET")
def get_deployment(call: Call, params: Document) -> Document:
    """Describe a deployment."""
    api, found = _deployment(call, params)
    if "apisummary" not in (params.get("embed") or ()):
        return found
    content = records.snapshot(call.tx, api.id, found["id"]) or {}
    summary = {
        one["path"]: {
            name: {
                "authorizationType": method["authorizationType"],
                "apiKeyRequired": method.get("apiKeyRequired", False),
            }
            for name, method in one.get("resourceMethods", {}).items()
        }
        for one in content.get("resources", {}).values()
        if one.get("resourceMethods")
    }
    return {**found, "apiSummary": summary}


@_declared("GetDeployments", "GET")
def get_deployments(call: Call, params: Document) -> Document:
    """List an API's deployments."""
    return page(records.deployments_of(call.tx, existing(call, params).id), params, "id")


@_declared("UpdateDeployment", "PATCH")
def update_deployment(call: Call, params: Document) -> Document:
    """Change a deployment's description."""
    api, found = _deployment(call, params)
    model = call.api.model("apigateway")
    patched(model, model.shape("Deployment"), found, params.get("patchOperations", []))
    records.change_deployment(call.tx, api.id, found["id"], found)
    return found


@_declared("DeleteDeployment", "DELETE")
def delete_deployment(call: Call, params: Document) -> Document:
    """Remove a deployment that no stage serves."""
    api, found = _deployment(call, params)
    if any(stage["deploymentId"] == found["id"] for stage in records.stages_of(call.tx, api.id)):
        raise bad_request("Active stages pointing to this deployment must be moved or deleted")
    records.drop_deployment(call.tx, api.id, found["id"])
    return {}


# Stages


@_declared("CreateStage", "POST")
def create_stage(call: Call, params: Document) -> Document:
    """Serve a deployment under a name."""
    api, _ = _deployment(call, params)
    name = params["stageName"]
    _check_name(name)
    if records.find_stage(call.tx, api.id, name) is not None:
        raise conflict("Stage already exists")
    made = {**_new_stage(call, name, params["deploymentId"]), **given(params, "restApiId", "tags")}
    records.put_stage(call.tx, api.id, name, made)
    add_tags(call.tx, tag_arn(api.region, "restapis", api.id, "stages", name), params.get("tags", {}))
    return _told(call, api, made)


def _stage(call: Call, params: Document) -> tuple[RestApi, Document]:
    api = existing(call, params)
    found = records.find_stage(call.tx, api.id, params["stageName"])
    if found is None:
        raise not_found("Invalid stage identifier specified")
    return api, found


def _told(call: Call, api: RestApi, stage: Document) -> Document:
    tags = tags_of(call.tx, tag_arn(api.region, "restapis", api.id, "stages", stage["stageName"]))
    return {**stage, **({"tags": tags} if tags else {})}


@_declared("GetStage", "GET")
def get_stage(call: Call, params: Document) -> Document:
    """Describe a stage."""
    return _told(call, *_stage(call, params))


@_declared("GetStages", "GET")
def get_stages(call: Call, params: Document) -> Document:
    """List an API's stages."""
    api, wanted = existing(call, params), params.get("deploymentId")
    found = [one for one in records.stages_of(call.tx, api.id) if wanted in (None, one["deploymentId"])]
    return {"item": [_told(call, api, one) for one in found]}


@_declared("UpdateStage", "PATCH")
def update_stage(call: Call, params: Document) -> Document:
    """Change a stage: another deployment, variables, settings of methods."""
    api, found = _stage(call, params)
    model, plain = call.api.model("apigateway"), []
    for operation in params.get("patchOperations", []):
        settings = _method_setting(operation)
        if settings is None:
            plain.append(operation)
        else:
            key, name = settings
            shown = {**operation, "path": f"/methodSettings/{key.replace('/', '~1')}/{name}"}
            patched(model, model.shape("Stage"), found, [shown])
    patched(model, model.shape("Stage"), found, plain)
    if records.find_deployment(call.tx, api.id, found["deploymentId"]) is None:
        raise bad_request("Invalid Deployment identifier specified")
    records.put_stage(call.tx, api.id, found["stageName"], {**found, "lastUpdatedDate": call.now_ms})
    return _told(call, api, found)


def _method_setting(operation: Document) -> tuple[str, str] | None:
    """The method (``~1pets/GET``) and the setting of a path such as ``/~1pets/GET/throttling/rateLimit``."""
    path = str(operation.get("path", ""))
    for suffix, name in _METHOD_SETTINGS.items():
        if path.endswith(f"/{suffix}"):
            resource, _, method = path[1 : -len(suffix) - 1].rpartition("/")
            return f"{resource.replace('~1', '/').lstrip('/') if resource != '*' else '*'}/{method}", name
    return None


@_declared("DeleteStage", "DELETE")
def delete_stage(call: Call, params: Document) -> Document:
    """Serve nothing under a name any more."""
    api, found = _stage(call, params)
    records.drop_stage(call.tx, api.id, found["stageName"])
    drop_tags(call.tx, tag_arn(api.region, "restapis", api.id, "stages", found["stageName"]))
    return {}


def _nothing(call: Call, params: Document) -> Document:
    """Nothing is cached here, so there is nothing to forget."""
    _stage(call, params)
    return {}


_declared("FlushStageCache", "DELETE")(_nothing)
_declared("FlushStageAuthorizersCache", "DELETE")(_nothing)
