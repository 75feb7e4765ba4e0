"""What an HTTP API is made of: routes, integrations, stages, authorizers, deployments, models. One way for all.

Source: API Gateway version 2 API reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.paginate import encode_token
from segue.errors import AwsError, not_implemented
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.apis import existing, new_id, page_of
from segue.services.apigatewayv2.routing import is_route_key
from segue.services.apigatewayv2.service import SERVICE, arn_of

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of part.

    Attributes:
        kind: as in the operations' names; a part's id is the member ``<kind>Id`` unless told.
        path: in the ARN that policies speak of.
        check: refuses a document that is no such part.
        defaults: what is told where nothing was given.
    """

    kind: str
    path: str
    id_member: str = ""
    check: Callable[[Call, str, Document], None] = lambda call, api_id, document: None
    defaults: Document = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.id_member or f"{self.kind}Id"


def _check_route(call: Call, api_id: str, document: Document) -> None:
    key = document["RouteKey"]
    if not is_route_key(key):
        message = "The provided route key is not formatted properly for HTTP protocol. Format should be "
        raise AwsError("BadRequestException", message + '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"')
    for other in records.parts_after(call.tx, api_id, "Route"):
        if other["RouteKey"] == key and other["RouteId"] != document["RouteId"]:
            raise AwsError("ConflictException", f"Route with key {key} already exists for this API", status=409)
    target = document.get("Target", "")
    if target and records.find_part(call.tx, api_id, "Integration", target.removeprefix("integrations/")) is None:
        raise AwsError("BadRequestException", f"Unable to resolve target {target}: no such integration")


def _check_integration(call: Call, api_id: str, document: Document) -> None:
    kind = document["IntegrationType"]
    if kind not in ("AWS_PROXY", "HTTP_PROXY"):
        raise AwsError("BadRequestException", f"Invalid integration type {kind} for HTTP protocol APIs")
    if document.get("ConnectionType") == "VPC_LINK":
        raise not_implemented("apigatewayv2:CreateIntegration", "the connection type VPC_LINK")
    subtype = document.get("IntegrationSubtype")
    if subtype is None:
        if not document.get("IntegrationUri"):
            raise AwsError("BadRequestException", f"IntegrationUri is required for {kind} integrations")
        if document.get("PayloadFormatVersion") not in ("1.0", "2.0"):
            raise AwsError("BadRequestException", "PayloadFormatVersion is a required parameter for integration")
    elif not document.get("CredentialsArn"):
        raise AwsError("BadRequestException", f"Credentials are required for the subtype {subtype}")


def _check_authorizer(call: Call, api_id: str, document: Document) -> None:
    if document["AuthorizerType"] == "JWT":
        if not (document.get("JwtConfiguration") or {}).get("Issuer"):
            raise AwsError("BadRequestException", "Issuer is required for JWT authorizers")
        if len(document.get("IdentitySource") or ()) != 1:
            raise AwsError("BadRequestException", "Exactly one identity source is required for JWT authorizers")
        return
    if document.get("AuthorizerPayloadFormatVersion") not in ("1.0", "2.0"):
        raise AwsError("BadRequestException", "AuthorizerPayloadFormatVersion is a required parameter for authorizer")


def _check_stage(call: Call, api_id: str, document: Document) -> None:
    if not re.fullmatch(r"\$default|[A-Za-z0-9_-]{1,128}", document["StageName"], re.ASCII):
        raise AwsError("BadRequestException", "Stage name only allows a-zA-Z0-9_- or $default")


_PARTS = (
    _Part("Route", "routes", "", _check_route, {"ApiKeyRequired": False, "AuthorizationType": "NONE"}),
    _Part(
        "Integration",
        "integrations",
        "",
        _check_integration,
        {"ConnectionType": "INTERNET", "TimeoutInMillis": 30_000, "PayloadFormatVersion": "1.0"},
    ),
    _Part("Authorizer", "authorizers", "", _check_authorizer),
    _Part(
        "Stage",
        "stages",
        "StageName",
        _check_stage,
        {"AutoDeploy": False, "StageVariables": {}, "RouteSettings": {}, "DefaultRouteSettings": {}},
    ),
    _Part("Deployment", "deployments", "", lambda call, api_id, document: None, {"DeploymentStatus": "DEPLOYED"}),
    _Part("Model", "models"),
)
_NOT_TOLD = frozenset(("ApiId", "Tags"))


def _create(part: _Part, call: Call, params: Document) -> Document:
    api = existing(call, params["ApiId"])
    given = {name: value for name, value in params.items() if name not in _NOT_TOLD}
    part_id = given.get(part.id) or new_id(call, 7)
    document = {**part.defaults, **given, part.id: part_id, **_times(part, call)}
    part.check(call, api.id, document)
    if records.find_part(call.tx, api.id, part.kind, part_id) is not None:
        raise AwsError("ConflictException", f"{part.kind} already exists", status=409)
    records.put_part(call.tx, api.id, part.kind, part_id, document)
    return document


def _times(part: _Part, call: Call) -> Document:
    if part.kind == "Stage":
        return {"CreatedDate": call.now_ms, "LastUpdatedDate": call.now_ms}
    return {"CreatedDate": call.now_ms} if part.kind == "Deployment" else {}


def _existing(part: _Part, call: Call, params: Document) -> tuple[str, Document]:
    api = existing(call, params["ApiId"])
    found = records.find_part(call.tx, api.id, part.kind, params[part.id])
    if found is None:
        message = f"Invalid {part.kind} identifier specified {params[part.id]}"
        raise AwsError("NotFoundException", message, status=404)
    return api.id, found


def _get(part: _Part, call: Call, params: Document) -> Document:
    return _existing(part, call, params)[1]


def _list(part: _Part, call: Call, params: Document) -> Document:
    api = existing(call, params["ApiId"])
    after, most = page_of(params)
    found = records.parts_after(call.tx, api.id, part.kind, after, most + 1)
    more = {"NextToken": encode_token(found[most - 1][part.id])} if len(found) > most else {}
    return {"Items": found[:most], **more}


def _update(part: _Part, call: Call, params: Document) -> Document:
    api_id, document = _existing(part, call, params)
    document.update({name: value for name, value in params.items() if name not in _NOT_TOLD})
    if part.kind == "Stage":
        document["LastUpdatedDate"] = call.now_ms
    part.check(call, api_id, document)
    records.put_part(call.tx, api_id, part.kind, document[part.id], document)
    return document


def _delete(part: _Part, call: Call, params: Document) -> Document:
    api_id, document = _existing(part, call, params)
    if part.kind == "Integration":
        target = f"integrations/{document['IntegrationId']}"
        if any(route.get("Target") == target for route in records.parts_after(call.tx, api_id, "Route")):
            message = f"Cannot delete Integration '{document['IntegrationId']}' as it is referenced by a Route"
            raise AwsError("ConflictException", message, status=409)
    records.drop_part(call.tx, api_id, part.kind, document[part.id])
    return {}


def _resource(part: _Part, call: Call, params: Document) -> str:
    named = [str(params[part.id])] if params.get(part.id) else []
    return arn_of(call, "apis", str(params["ApiId"]), part.path, *named)


def _declare(part: _Part) -> None:
    resource = partial(_resource, part)
    for name, handler, verb in (
        (f"Create{part.kind}", _create, "POST"),
        (f"Get{part.kind}", _get, "GET"),
        (f"Get{part.kind}s", _list, "GET"),
        (f"Update{part.kind}", _update, "PATCH"),
        (f"Delete{part.kind}", _delete, "DELETE"),
    ):
        SERVICE.operation(name, reads=verb == "GET", resource=resource, action=f"apigateway:{verb}")(
            partial(handler, part)
        )


for _part in _PARTS:
    _declare(_part)
