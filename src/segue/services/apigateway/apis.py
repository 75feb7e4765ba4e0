"""REST APIs themselves, and tags.

Source: API Gateway API reference, RestApi; errors as AWS words them.
"""

from __future__ import annotations

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.services.apigateway import records
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.service import (
    SERVICE,
    arn_of_api,
    arn_of_apis,
    bad_request,
    existing,
    given,
    new_id,
    not_found,
)

PARTS = ("resources", "authorizers", "models", "requestValidators", "gatewayResponses")
"""What a document has beside the API's settings, each by id (or name)."""

_MODELS = {
    "Empty": "This is a default empty schema model",
    "Error": "This is a default error schema model",
}
_SCHEMA = (
    '{{\n  "$schema" : "http://json-schema.org/draft-04/schema#",\n  "title" : "{} Schema",\n  "type" : "object"{}\n}}'
)


def tag_arn(region: str, *path: str) -> str:
    """The ARN by which something is tagged."""
    return f"arn:aws:apigateway:{region}::/" + "/".join(path)


def new_document(call: Call, settings: Document) -> Document:
    """An API with nothing but its root and the models that all have."""
    root = new_id(call, 10)
    message = ',\n  "properties" : {\n    "message" : { "type" : "string" }\n  }'
    models = {
        name: {
            "id": new_id(call, 6),
            "name": name,
            "description": described,
            "contentType": "application/json",
            "schema": _SCHEMA.format(name, message if name == "Error" else ""),
        }
        for name, described in _MODELS.items()
    }
    return {
        "apiKeySource": "HEADER",
        "disableExecuteApiEndpoint": False,
        **settings,
        "endpointConfiguration": {
            "types": ["EDGE"],
            "ipAddressType": "ipv4",
            **settings.get("endpointConfiguration", {}),
        },
        "rootResourceId": root,
        "resources": {root: {"id": root, "path": "/"}},
        "authorizers": {},
        "models": models,
        "requestValidators": {},
        "gatewayResponses": {},
    }


@SERVICE.operation("CreateRestApi", resource=arn_of_apis, action="apigateway:POST")
def create_rest_api(call: Call, params: Document) -> Document:
    """Make an API, empty or like another one."""
    if not params["name"].strip():
        raise bad_request("No API name specified")
    document = new_document(call, given(params, "tags", "cloneFrom"))
    if "binaryMediaTypes" in document:  # templates have to say image~1png
        document["binaryMediaTypes"] = [kind.replace("~1", "/") for kind in document["binaryMediaTypes"]]
    if params.get("cloneFrom"):
        origin = existing(call, {"restApiId": params["cloneFrom"]})
        document |= {name: origin.document[name] for name in (*PARTS, "rootResourceId")}
    api = RestApi(new_id(call, 10), call.account, call.region, call.now_ms, document)
    records.put_api(call.tx, api)
    add_tags(call.tx, tag_arn(call.region, "restapis", api.id), params.get("tags", {}))
    return told(call, api)


@SERVICE.operation("GetRestApi", reads=True, resource=arn_of_api, action="apigateway:GET")
def get_rest_api(call: Call, params: Document) -> Document:
    """Describe an API."""
    return told(call, existing(call, params))


@SERVICE.operation("GetRestApis", reads=True, resource=arn_of_apis, action="apigateway:GET")
def get_rest_apis(call: Call, params: Document) -> Document:
    """List the account's APIs."""
    position = params.get("position")
    after = decode_token(position, "BadRequestException", "Invalid position")[0] if position else ""
    most = min(max(params.get("limit") or 25, 1), 500)
    found = records.apis_after(call.tx, call.account, call.region, after, most + 1)
    more = {"position": encode_token(found[most - 1].id)} if len(found) > most else {}
    return {"items": [told(call, api) for api in found[:most]], **more}


@SERVICE.operation("UpdateRestApi", resource=arn_of_api, action="apigateway:PATCH")
def update_rest_api(call: Call, params: Document) -> Document:
    """Change an API's settings."""
    api = existing(call, params)
    model = call.api.model("apigateway")
    patched(model, model.shape("RestApi"), api.document, params.get("patchOperations", []))
    records.put_api(call.tx, api)
    return told(call, api)


@SERVICE.operation("DeleteRestApi", resource=arn_of_api, action="apigateway:DELETE")
def delete_rest_api(call: Call, params: Document) -> Document:
    """Remove an API with all its parts and stages."""
    api = existing(call, params)
    for stage in records.stages_of(call.tx, api.id):
        drop_tags(call.tx, tag_arn(api.region, "restapis", api.id, "stages", stage["stageName"]))
    records.drop_api(call.tx, api.id)
    drop_tags(call.tx, tag_arn(api.region, "restapis", api.id))
    return {}


def told(call: Call, api: RestApi) -> Document:
    """An API as answers show it."""
    shown = {name: value for name, value in api.document.items() if name not in PARTS}
    tags = tags_of(call.tx, tag_arn(api.region, "restapis", api.id))
    return {**shown, "id": api.id, "createdDate": api.created_at_ms, **({"tags": tags} if tags else {})}


# Tags, of whatever has an ARN here


def _tagged(call: Call, params: Document) -> str:
    return str(params["resourceArn"])


def _known(call: Call, params: Document) -> str:
    arn = str(params["resourceArn"])
    kind, _, rest = arn.partition("::/")[2].partition("/")
    part = rest.partition("/")[0]
    owned = {"apikeys": "ApiKey", "usageplans": "UsagePlan"}
    if kind == "restapis":
        existing(call, {"restApiId": part})
    elif kind in owned:
        if records.find_owned(call.tx, call.account, call.region, owned[kind], part) is None:
            raise not_found(f"Invalid {owned[kind]} identifier specified")
    else:
        raise bad_request(f"Invalid ARN specified in the request: {arn[:200]}")
    return arn


@SERVICE.operation("TagResource", resource=_tagged, action="apigateway:PUT")
def tag_resource(call: Call, params: Document) -> Document:
    """Add tags."""
    add_tags(call.tx, _known(call, params), params["tags"])
    return {}


@SERVICE.operation("UntagResource", resource=_tagged, action="apigateway:DELETE")
def untag_resource(call: Call, params: Document) -> Document:
    """Remove tags."""
    remove_tags(call.tx, _known(call, params), params["tagKeys"])
    return {}


@SERVICE.operation("GetTags", reads=True, resource=_tagged, action="apigateway:GET")
def get_tags(call: Call, params: Document) -> Document:
    """The tags of something."""
    return {"tags": tags_of(call.tx, _known(call, params))}
