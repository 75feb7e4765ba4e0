"""What an API is made of: routes, integrations, their responses, stages, authorizers, deployments, models. One way for
all.

Source: API Gateway version 2 API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.paginate import encode_token
from segue.errors import AwsError
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.apis import existing, new_id, page_of
from segue.services.apigatewayv2.checks import check_authorizer, check_integration, check_route, check_stage
from segue.services.apigatewayv2.records import HttpApi
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
        owner: the kind of the part that such parts belong to, if they do.
    """

    kind: str
    path: str
    id_member: str = ""
    check: Callable[[Call, HttpApi, Document], None] = lambda call, api, document: None
    defaults: Document = field(default_factory=dict)
    owner: str = ""

    @property
    def id(self) -> str:
        return self.id_member or f"{self.kind}Id"

    def key(self, params: Document, part_id: str) -> str:
        """Under which id a part is kept: behind its owner's, if it has one."""
        return f"{params[f'{self.owner}Id']}/{part_id}" if self.owner else part_id


_PARTS = (
    _Part("Route", "routes", "", check_route, {"ApiKeyRequired": False, "AuthorizationType": "NONE"}),
    _Part(
        "Integration",
        "integrations",
        "",
        check_integration,
        {"ConnectionType": "INTERNET", "PayloadFormatVersion": "1.0"},
    ),
    _Part("Authorizer", "authorizers", "", check_authorizer),
    _Part(
        "Stage",
        "stages",
        "StageName",
        check_stage,
        {"AutoDeploy": False, "StageVariables": {}, "RouteSettings": {}, "DefaultRouteSettings": {}},
    ),
    _Part("Deployment", "deployments", "", defaults={"DeploymentStatus": "DEPLOYED"}),
    _Part("Model", "models"),
    _Part("RouteResponse", "routeresponses", owner="Route"),
    _Part("IntegrationResponse", "integrationresponses", owner="Integration"),
)
_NOT_TOLD = frozenset(("ApiId", "Tags"))


def _create(part: _Part, call: Call, params: Document) -> Document:
    api = existing(call, params["ApiId"])
    given = {name: value for name, value in params.items() if name not in _NOT_TOLD}
    part_id = given.get(part.id) or new_id(call, 7)
    document = {**part.defaults, **given, part.id: part_id, **_times(part, call)}
    key = part.key(params, part_id)
    if part.owner:
        _check_owner(part, call, api.id, params)
    part.check(call, api, document)
    if records.find_part(call.tx, api.id, part.kind, key) is not None:
        raise AwsError("ConflictException", f"{part.kind} already exists", status=409)
    records.put_part(call.tx, api.id, part.kind, key, document)
    return document


def _check_owner(part: _Part, call: Call, api_id: str, params: Document) -> None:
    owner_id = params[f"{part.owner}Id"]
    if records.find_part(call.tx, api_id, part.owner, owner_id) is None:
        raise AwsError("NotFoundException", f"Invalid {part.owner} identifier specified {owner_id}", status=404)
    member = f"{part.kind}Key"
    for other in records.parts_below(call.tx, api_id, part.kind, owner_id):
        if other[member] == params[member]:
            raise AwsError("ConflictException", f"{part.kind} already exists for this {part.owner}", status=409)


def _times(part: _Part, call: Call) -> Document:
    if part.kind == "Stage":
        return {"CreatedDate": call.now_ms, "LastUpdatedDate": call.now_ms}
    return {"CreatedDate": call.now_ms} if part.kind == "Deployment" else {}


def _existing(part: _Part, call: Call, params: Document) -> tuple[HttpApi, Document]:
    api = existing(call, params["ApiId"])
    found = records.find_part(call.tx, api.id, part.kind, part.key(params, params[part.id]))
    if found is None:
        message = f"Invalid {part.kind} identifier specified {params[part.id]}"
        raise AwsError("NotFoundException", message, status=404)
    return api, found


def _get(part: _Part, call: Call, params: Document) -> Document:
    return _existing(part, call, params)[1]


def _list(part: _Part, call: Call, params: Document) -> Document:
    api = existing(call, params["ApiId"])
    after, most = page_of(params)
    if part.owner:
        found = records.parts_below(call.tx, api.id, part.kind, params[f"{part.owner}Id"], after, most + 1)
    else:
        found = records.parts_after(call.tx, api.id, part.kind, after, most + 1)
    more = {"NextToken": encode_token(found[most - 1][part.id])} if len(found) > most else {}
    return {"Items": found[:most], **more}


def _update(part: _Part, call: Call, params: Document) -> Document:
    api, document = _existing(part, call, params)
    document.update({name: value for name, value in params.items() if name not in _NOT_TOLD})
    if part.kind == "Stage":
        document["LastUpdatedDate"] = call.now_ms
    part.check(call, api, document)
    records.put_part(call.tx, api.id, part.kind, part.key(params, document[part.id]), document)
    return document


def _delete(part: _Part, call: Call, params: Document) -> Document:
    api, document = _existing(part, call, params)
    if part.kind == "Integration":
        target = f"integrations/{document['IntegrationId']}"
        if any(route.get("Target") == target for route in records.parts_after(call.tx, api.id, "Route")):
            message = f"Cannot delete Integration '{document['IntegrationId']}' as it is referenced by a Route"
            raise AwsError("ConflictException", message, status=409)
    records.drop_part(call.tx, api.id, part.kind, part.key(params, document[part.id]))
    for below in _PARTS:
        if below.owner == part.kind:
            records.drop_parts_below(call.tx, api.id, below.kind, document[part.id])
    return {}


def _resource(part: _Part, call: Call, params: Document) -> str:
    named = [str(params[part.id])] if params.get(part.id) else []
    above = [f"{part.owner.lower()}s", str(params[f"{part.owner}Id"])] if part.owner else []
    return arn_of(call, "apis", str(params["ApiId"]), *above, part.path, *named)


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
