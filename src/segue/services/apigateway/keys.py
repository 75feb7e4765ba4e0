"""API keys, usage plans, and the account's settings.

Source: API Gateway API reference: ApiKey, UsagePlan, UsagePlanKey, Account. Quotas and throttles are counted
in :mod:`.usage`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from segue.api import Call
from segue.api.service import Handler
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.errors import AwsError
from segue.services.apigateway import records
from segue.services.apigateway.apis import tag_arn
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document
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

_ACCOUNT = "Account"
_PATHS = {"ApiKey": "apikeys", "UsagePlan": "usageplans"}
_MEMBERS = {"ApiKey": "apiKey", "UsagePlan": "usagePlanId"}


def _arn(path: str, member: str, call: Call, params: Document) -> str:
    return arn_of(call, path, *([str(params[member])] if params.get(member) else []))


def _declared(name: str, verb: str, kind: str) -> Callable[[Handler], Handler]:
    resource = partial(_arn, _PATHS.get(kind, "account"), _MEMBERS.get(kind, ""))
    return SERVICE.operation(name, reads=verb == "GET", resource=resource, action=f"apigateway:{verb}")


def _find(call: Call, kind: str, part_id: str) -> Document:
    found = records.find_owned(call.tx, call.account, call.region, kind, part_id)
    if found is None:
        words = {"ApiKey": "Invalid API Key identifier specified", "UsagePlan": "Invalid Usage Plan ID specified"}
        raise not_found(words[kind])
    return found


def _put(call: Call, kind: str, document: Document) -> None:
    records.put_owned(call.tx, call.account, call.region, kind, document["id"], document)


def _told(call: Call, kind: str, document: Document) -> Document:
    tags = tags_of(call.tx, tag_arn(call.region, _PATHS[kind], document["id"]))
    return {**document, **({"tags": tags} if tags else {})}


def _update(call: Call, kind: str, params: Document) -> Document:
    found, model = _find(call, kind, params[_MEMBERS[kind]]), call.api.model("apigateway")
    patched(model, model.shape(kind), found, params.get("patchOperations", []))
    if kind == "ApiKey":
        found["lastUpdatedDate"] = call.now_ms
    else:
        _check_stages(call, found)
    _put(call, kind, found)
    return _told(call, kind, found)


def _delete(call: Call, kind: str, params: Document) -> Document:
    found = _find(call, kind, params[_MEMBERS[kind]])
    if kind == "UsagePlan" and found.get("apiStages"):
        stages = ",".join(f"{one['apiId']}:{one['stage']}" for one in found["apiStages"])
        raise bad_request(
            f"Cannot delete Usage Plan with ID {found['id']} because it is associated with API stages: {stages}"
        )
    records.drop_owned(call.tx, call.account, call.region, kind, found["id"])
    drop_tags(call.tx, tag_arn(call.region, _PATHS[kind], found["id"]))
    if kind == "UsagePlan":
        records.drop_usage(call.tx, found["id"])
    for link in records.owned_of(call.tx, call.account, call.region, "UsagePlanKey"):
        if found["id"] in (link["plan"], link["key"]):
            records.drop_owned(call.tx, call.account, call.region, "UsagePlanKey", link["id"])
    return {}


# Keys


def _stage_key(one: Document) -> str:
    if not one.get("restApiId") or not one.get("stageName"):
        raise bad_request("A stage key needs a restApiId and a stageName")
    return f"{one['restApiId']}/{one['stageName']}"


@_declared("CreateApiKey", "POST", "ApiKey")
def create_api_key(call: Call, params: Document) -> Document:
    """Make a key; its value is made, too, unless it is given."""
    value = params.get("value") or call.tx.ids.alphanumeric(40)
    if not 20 <= len(value) <= 128:
        raise bad_request("API Key value should be at least 20 characters")
    if any(key["value"] == value for key in records.owned_of(call.tx, call.account, call.region, "ApiKey")):
        raise conflict("API Key already exists")
    stages = [_stage_key(one) for one in params.get("stageKeys", ())]
    times = {"createdDate": call.now_ms, "lastUpdatedDate": call.now_ms}
    settings = {"enabled": False, **given(params, "tags", "stageKeys", "generateDistinctId")}
    made = {"id": new_id(call, 10), **settings, "value": value, **times, "stageKeys": stages}
    _put(call, "ApiKey", made)
    add_tags(call.tx, tag_arn(call.region, "apikeys", made["id"]), params.get("tags", {}))
    return _told(call, "ApiKey", made)


@_declared("GetApiKey", "GET", "ApiKey")
def get_api_key(call: Call, params: Document) -> Document:
    """Describe a key; its value is told where that is asked for."""
    found = _told(call, "ApiKey", _find(call, "ApiKey", params["apiKey"]))
    return found if params.get("includeValue") else given(found, "value")


@_declared("GetApiKeys", "GET", "ApiKey")
def get_api_keys(call: Call, params: Document) -> Document:
    """List keys."""
    found = records.owned_of(call.tx, call.account, call.region, "ApiKey")
    wanted = params.get("nameQuery") or ""
    told = page([key for key in found if str(key.get("name", "")).startswith(wanted)], params, "id")
    if not params.get("includeValues"):
        told["items"] = [given(key, "value") for key in told["items"]]
    return told


_declared("UpdateApiKey", "PATCH", "ApiKey")(lambda call, params: _update(call, "ApiKey", params))
_declared("DeleteApiKey", "DELETE", "ApiKey")(lambda call, params: _delete(call, "ApiKey", params))


# Usage plans


@_declared("CreateUsagePlan", "POST", "UsagePlan")
def create_usage_plan(call: Call, params: Document) -> Document:
    """Make a plan: which stages its keys open."""
    made = {"id": new_id(call, 6), "apiStages": [], **given(params, "tags")}
    _check_stages(call, made)
    _put(call, "UsagePlan", made)
    add_tags(call.tx, tag_arn(call.region, "usageplans", made["id"]), params.get("tags", {}))
    return _told(call, "UsagePlan", made)


def _check_stages(call: Call, plan: Document) -> None:
    for one in plan.get("apiStages", ()):
        api_id, stage = str(one.get("apiId", "")), str(one.get("stage", ""))
        if records.owner_of(call.tx, api_id) is None:  # a WebSocket API's, perhaps
            try:
                call.perform("apigatewayv2:GetStage", {"ApiId": api_id, "StageName": stage})
            except AwsError:
                raise not_found(f"API Stage not found: {api_id}:{stage}") from None
        elif records.find_stage(call.tx, existing(call, {"restApiId": api_id}).id, stage) is None:
            raise not_found(f"API Stage not found: {api_id}:{stage}")


@_declared("GetUsagePlan", "GET", "UsagePlan")
def get_usage_plan(call: Call, params: Document) -> Document:
    """Describe a plan."""
    return _told(call, "UsagePlan", _find(call, "UsagePlan", params["usagePlanId"]))


@_declared("GetUsagePlans", "GET", "UsagePlan")
def get_usage_plans(call: Call, params: Document) -> Document:
    """List plans, all or those of a key."""
    found, key = records.owned_of(call.tx, call.account, call.region, "UsagePlan"), params.get("keyId")
    if key:
        plans = {link["plan"] for link in _links(call) if link["key"] == key}
        found = [plan for plan in found if plan["id"] in plans]
    return page(found, params, "id")


_declared("UpdateUsagePlan", "PATCH", "UsagePlan")(lambda call, params: _update(call, "UsagePlan", params))
_declared("DeleteUsagePlan", "DELETE", "UsagePlan")(lambda call, params: _delete(call, "UsagePlan", params))


# Keys of plans


def _links(call: Call) -> list[Document]:
    return records.owned_of(call.tx, call.account, call.region, "UsagePlanKey")


def _key_of_plan(call: Call, key_id: str) -> Document:
    key = _find(call, "ApiKey", key_id)
    return {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": key.get("name", "")}


@_declared("CreateUsagePlanKey", "POST", "UsagePlan")
def create_usage_plan_key(call: Call, params: Document) -> Document:
    """Have a key open a plan's stages."""
    plan = _find(call, "UsagePlan", params["usagePlanId"])
    if params["keyType"] != "API_KEY":
        raise bad_request("Usage plan key type must be API_KEY")
    told = _key_of_plan(call, params["keyId"])
    link = {"id": f"{plan['id']}:{told['id']}", "plan": plan["id"], "key": told["id"]}
    if records.find_owned(call.tx, call.account, call.region, "UsagePlanKey", link["id"]) is not None:
        raise conflict("Usage Plan Key already exists")
    _put(call, "UsagePlanKey", link)
    return told


def _link(call: Call, params: Document) -> Document:
    link_id = f"{params['usagePlanId']}:{params['keyId']}"
    found = records.find_owned(call.tx, call.account, call.region, "UsagePlanKey", link_id)
    if found is None:
        raise not_found("Invalid Usage Plan Key identifier specified")
    return found


@_declared("GetUsagePlanKey", "GET", "UsagePlan")
def get_usage_plan_key(call: Call, params: Document) -> Document:
    """A key of a plan."""
    return _key_of_plan(call, _link(call, params)["key"])


@_declared("GetUsagePlanKeys", "GET", "UsagePlan")
def get_usage_plan_keys(call: Call, params: Document) -> Document:
    """The keys of a plan."""
    plan = _find(call, "UsagePlan", params["usagePlanId"])
    return page([_key_of_plan(call, link["key"]) for link in _links(call) if link["plan"] == plan["id"]], params, "id")


@_declared("DeleteUsagePlanKey", "DELETE", "UsagePlan")
def delete_usage_plan_key(call: Call, params: Document) -> Document:
    """Have a key open a plan's stages no more."""
    link = _link(call, params)
    records.drop_owned(call.tx, call.account, call.region, "UsagePlanKey", link["id"])
    return {}


# The account


@_declared("GetAccount", "GET", _ACCOUNT)
def get_account(call: Call, params: Document) -> Document:
    """The account's settings."""
    return _account(call)


def _account(call: Call) -> Document:
    kept = records.find_owned(call.tx, call.account, call.region, _ACCOUNT, _ACCOUNT) or {}
    limits = {"burstLimit": 5000, "rateLimit": 10000.0}
    return {"throttleSettings": limits, "features": ["UsagePlans"], "apiKeyVersion": "4", **given(kept, "id")}


@_declared("UpdateAccount", "PATCH", _ACCOUNT)
def update_account(call: Call, params: Document) -> Document:
    """Change the account's settings: the role for logs (nothing is logged with it here)."""
    kept = records.find_owned(call.tx, call.account, call.region, _ACCOUNT, _ACCOUNT) or {"id": _ACCOUNT}
    model = call.api.model("apigateway")
    patched(model, model.shape(_ACCOUNT), kept, params.get("patchOperations", []))
    _put(call, _ACCOUNT, kept)
    return _account(call)
