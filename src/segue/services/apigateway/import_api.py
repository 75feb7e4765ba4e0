"""REST APIs from OpenAPI documents, in JSON or YAML.

Source: API Gateway API reference, ImportRestApi and PutRestApi.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from segue.api import Call
from segue.api.fit import fit
from segue.errors import AwsError
from segue.languages.templates.errors import TemplateError
from segue.languages.templates.reading import read_value
from segue.services.apigateway import records
from segue.services.apigateway.apis import new_document, told
from segue.services.apigateway.methods import check_integration, check_method
from segue.services.apigateway.openapi import Imported, Importer
from segue.services.apigateway.parts import check_authorizer
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.service import SERVICE, arn_of_api, arn_of_apis, bad_request, existing, new_id

_PARTS = (
    ("authorizers", "authorizers"),
    ("models", "models"),
    ("validators", "requestValidators"),
    ("gateway_responses", "gatewayResponses"),
)


@SERVICE.operation("ImportRestApi", resource=arn_of_apis, action="apigateway:POST")
def import_rest_api(call: Call, params: Document) -> Document:
    """Make an API of a document."""
    document = _read(params["body"])
    api = RestApi(new_id(call, 10), call.account, call.region, call.now_ms, new_document(call, {"name": ""}))
    kinds = (params.get("parameters") or {}).get("endpointConfigurationTypes")
    if kinds:
        api.document["endpointConfiguration"] = {"types": kinds.split(","), "ipAddressType": "ipv4"}
    return _fill(call, api, document)


@SERVICE.operation("PutRestApi", resource=arn_of_api, action="apigateway:PUT")
def put_rest_api(call: Call, params: Document) -> Document:
    """Have an API be what a document says, or (``merge``) that, too. Stages serve what they served."""
    document, api = _read(params["body"]), existing(call, params)
    if params.get("mode") == "merge":
        return _fill(call, api, document, merge=True)
    fresh = new_document(call, {})
    for name in ("models", "authorizers", "requestValidators", "gatewayResponses"):
        api.document[name] = fresh[name]
    return _fill(call, api, document)


def _read(body: Any) -> Document:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        document = read_value(text)
    except TemplateError as error:
        raise bad_request(f"Unable to parse the OpenAPI document: {error}") from None
    known = isinstance(document, dict) and ("swagger" in document or "openapi" in document)
    if not known or not isinstance(document.get("paths", {}), dict):
        raise bad_request("Invalid OpenAPI input.")
    found: Document = document
    return found


def _fill(call: Call, api: RestApi, document: Document, *, merge: bool = False) -> Document:
    root = api.document["rootResourceId"]
    try:
        made = Importer(document, lambda length: new_id(call, length), api.id, root).read()
        _fit(call, made)
    except (TypeError, AttributeError, ValueError) as error:
        raise bad_request(f"Invalid OpenAPI input: {error}") from None
    api.document.update(made.settings)
    for one in made.authorizers.values():
        check_authorizer(one)
    for name, place in _PARTS:
        api.document[place] = {**api.document[place], **getattr(made, name)}
    api.document["resources"] = _merged(api.document["resources"], made) if merge else made.resources
    for resource in made.resources.values():
        for method in resource.get("resourceMethods", {}).values():
            check_method(api, method)
            if "methodIntegration" in method:
                check_integration(method["methodIntegration"])
    records.put_api(call.tx, api)
    return told(call, api)


def _fit(call: Call, made: Imported) -> None:
    """Have every part be of the types that requests would have to give it."""
    model = call.api.model("apigateway")

    def fitted(kind: str, part: Document) -> Document:
        try:
            found: Document = fit(model, model.shape(kind), part)
        except AwsError as error:
            raise bad_request(f"Invalid OpenAPI input: {error.message}") from None
        return found

    made.settings = fitted("RestApi", made.settings)
    for kind, parts in (
        ("Authorizer", made.authorizers),
        ("Model", made.models),
        ("GatewayResponse", made.gateway_responses),
    ):
        for name in list(parts):
            said = parts[name] if kind != "Authorizer" else _without_unknown(model.shape(kind).members, parts[name])
            parts[name] = fitted(kind, said)
    for resource in made.resources.values():
        methods = resource.get("resourceMethods", {})
        for name in list(methods):
            methods[name] = fitted("Method", methods[name])


def _without_unknown(members: Container[str], part: Document) -> Document:
    return {name: value for name, value in part.items() if name in members}


def _merged(kept: dict[str, Document], made: Imported) -> dict[str, Document]:
    """The resources that were, with the methods of the document's."""
    by_path = {one["path"]: one for one in kept.values()}
    ids: dict[str, str] = {}
    for one in sorted(made.resources.values(), key=lambda resource: str(resource["path"])):
        there = by_path.get(one["path"])
        if there is None:
            if "parentId" in one:
                one["parentId"] = ids.get(one["parentId"], one["parentId"])
            kept[one["id"]] = by_path[one["path"]] = one
        else:
            ids[one["id"]] = there["id"]
            there["resourceMethods"] = {**there.get("resourceMethods", {}), **one.get("resourceMethods", {})}
    return kept
