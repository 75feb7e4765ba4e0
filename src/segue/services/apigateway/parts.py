"""Authorizers, models, request validators and gateway responses of an API.

Source: API Gateway API reference: Authorizer, Model, RequestValidator, GatewayResponse.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from segue.api import Call
from segue.api.service import Handler
from segue.arn import is_arn
from segue.services.apigateway import records
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.refusals import DEFAULTS
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


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of part.

    Attributes:
        kind: as in the operations' names.
        place: in the API's document.
        path: in the ARN that policies speak of.
        member: the member that names one in requests.
        by_name: parts are kept by their name, not by their id.
        check: completes a document, or refuses it.
    """

    kind: str
    place: str
    path: str
    member: str
    by_name: bool
    check: Callable[[Document], None]


def check_authorizer(made: Document) -> None:
    """Complete an authorizer, or refuse it."""
    kind = made["type"]
    if kind == "COGNITO_USER_POOLS":
        if not made.get("providerARNs"):
            raise bad_request("COGNITO_USER_POOLS authorizers must have at least one provider ARN")
        if not all(is_arn(arn) for arn in made["providerARNs"]):
            raise bad_request("Invalid Authorizer ARN specified")
        made.setdefault("authType", "cognito_user_pools")
        made.setdefault("authorizerResultTtlInSeconds", 300)
        made.setdefault("identitySource", "method.request.header.Authorization")
        return
    if kind not in ("TOKEN", "REQUEST"):
        raise bad_request("Invalid authorizer type specified. Valid values are: TOKEN, REQUEST, COGNITO_USER_POOLS")
    if not made.get("authorizerUri"):
        raise bad_request("Authorizer URI must be specified for an authorizer of type " + kind)
    made.setdefault("authType", "custom")
    made.setdefault("authorizerResultTtlInSeconds", 300)
    if not made.get("identitySource") and (kind == "TOKEN" or made["authorizerResultTtlInSeconds"] > 0):
        if kind == "REQUEST":
            raise bad_request("Identity source is required for a REQUEST authorizer when caching is enabled")
        made["identitySource"] = "method.request.header.Authorization"


def _check_model(made: Document) -> None:
    if not str(made["name"]).isalnum():
        raise bad_request("Model name must be alphanumeric: " + str(made["name"])[:100])
    schema = made.get("schema")
    if schema:
        try:
            json.loads(schema)
        except ValueError:
            raise bad_request(
                "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
            ) from None


def _check_validator(made: Document) -> None:
    made.setdefault("validateRequestBody", False)
    made.setdefault("validateRequestParameters", False)


_PARTS = (
    _Part("Authorizer", "authorizers", "authorizers", "authorizerId", False, check_authorizer),
    _Part("Model", "models", "models", "modelName", True, _check_model),
    _Part("RequestValidator", "requestValidators", "requestvalidators", "requestValidatorId", False, _check_validator),
)
_WORDS = {
    "Model": "Invalid model name specified: {}",
    "RequestValidator": "Invalid Request Validator identifier specified",
}


def _create(part: _Part, call: Call, params: Document) -> Document:
    api = existing(call, params)
    made = {"id": new_id(call, 6), **given(params, "restApiId")}
    part.check(made)
    parts = api.document[part.place]
    if part.by_name and made["name"] in parts:
        raise conflict("Model name already exists for this REST API")
    if part.kind == "Authorizer" and any(other["name"] == made["name"] for other in parts.values()):
        raise bad_request(
            "Authorizer name must be unique. Authorizer " + made["name"] + " already exists in this RestApi."
        )
    parts[made["name"] if part.by_name else made["id"]] = made
    records.put_api(call.tx, api)
    return made


def _find(part: _Part, call: Call, params: Document) -> tuple[RestApi, Document]:
    api, name = existing(call, params), params[part.member]
    found = api.document[part.place].get(name)
    if found is None:
        raise not_found(_WORDS.get(part.kind, f"Invalid {part.kind} identifier specified").format(name))
    return api, found


def _get(part: _Part, call: Call, params: Document) -> Document:
    return _find(part, call, params)[1]


def _list(part: _Part, call: Call, params: Document) -> Document:
    return page(list(existing(call, params).document[part.place].values()), params, "id")


def _update(part: _Part, call: Call, params: Document) -> Document:
    api, found = _find(part, call, params)
    model = call.api.model("apigateway")
    patched(model, model.shape(part.kind), found, params.get("patchOperations", []))
    part.check(found)
    records.put_api(call.tx, api)
    return found


def _delete(part: _Part, call: Call, params: Document) -> Document:
    api, found = _find(part, call, params)
    for one in api.document["resources"].values():
        for method in one.get("resourceMethods", {}).values():
            if method.get(part.member) == params[part.member]:
                raise conflict(
                    f"{part.kind} {params[part.member]} is referenced in method {method['httpMethod']} of {one['path']}"
                )
    del api.document[part.place][found["name"] if part.by_name else found["id"]]
    records.put_api(call.tx, api)
    return {}


def _arn(path: str, member: str, call: Call, params: Document) -> str:
    named = [str(params[member])] if params.get(member) else []
    return arn_of(call, "restapis", str(params["restApiId"]), path, *named)


def _declare(part: _Part) -> None:
    for name, handler, verb in (
        (f"Create{part.kind}", _create, "POST"),
        (f"Get{part.kind}", _get, "GET"),
        (f"Get{part.kind}s", _list, "GET"),
        (f"Update{part.kind}", _update, "PATCH"),
        (f"Delete{part.kind}", _delete, "DELETE"),
    ):
        resource = partial(_arn, part.path, part.member)
        SERVICE.operation(name, reads=verb == "GET", resource=resource, action=f"apigateway:{verb}")(
            partial(handler, part)
        )


for _part in _PARTS:
    _declare(_part)


# Gateway responses: all kinds are there, some are said anew


def _response(name: str, verb: str) -> Callable[[Handler], Handler]:
    resource = partial(_arn, "gatewayresponses", "responseType")
    return SERVICE.operation(name, reads=verb == "GET", resource=resource, action=f"apigateway:{verb}")


def _known(params: Document) -> str:
    kind = str(params["responseType"])
    if kind not in DEFAULTS:
        raise bad_request("Invalid gateway response type specified: " + kind)
    return kind


def _told(api: RestApi, kind: str) -> Document:
    said = api.document["gatewayResponses"].get(kind)
    if said is not None:
        return {"responseType": kind, **said, "defaultResponse": False}
    status = DEFAULTS[kind].status
    shown: Document = {
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
    }
    return {"responseType": kind, **({"statusCode": str(status)} if status else {}), **shown, "defaultResponse": True}


@_response("PutGatewayResponse", "PUT")
def put_gateway_response(call: Call, params: Document) -> Document:
    """Say what the API itself answers in a case."""
    api, kind = existing(call, params), _known(params)
    api.document["gatewayResponses"][kind] = given(params, "restApiId", "responseType")
    records.put_api(call.tx, api)
    return _told(api, kind)


@_response("GetGatewayResponse", "GET")
def get_gateway_response(call: Call, params: Document) -> Document:
    """What the API itself answers in a case."""
    return _told(existing(call, params), _known(params))


@_response("GetGatewayResponses", "GET")
def get_gateway_responses(call: Call, params: Document) -> Document:
    """What the API itself answers in all cases."""
    api = existing(call, params)
    return {"items": [_told(api, kind) for kind in sorted(DEFAULTS)]}


@_response("UpdateGatewayResponse", "PATCH")
def update_gateway_response(call: Call, params: Document) -> Document:
    """Change what the API itself answers in a case."""
    api, kind = existing(call, params), _known(params)
    model = call.api.model("apigateway")
    said = {name: value for name, value in _told(api, kind).items() if name not in ("responseType", "defaultResponse")}
    patched(model, model.shape("GatewayResponse"), said, params.get("patchOperations", []))
    api.document["gatewayResponses"][kind] = said
    records.put_api(call.tx, api)
    return _told(api, kind)


@_response("DeleteGatewayResponse", "DELETE")
def delete_gateway_response(call: Call, params: Document) -> Document:
    """Answer a case as AWS does unless told."""
    api, kind = existing(call, params), _known(params)
    if api.document["gatewayResponses"].pop(kind, None) is None:
        raise not_found("Gateway response type not defined on api")
    records.put_api(call.tx, api)
    return {}
