"""The tree of an API's paths.

Source: API Gateway API reference, Resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from segue.api import Call
from segue.api.service import Handler
from segue.services.apigateway import records
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.service import (
    SERVICE,
    arn_of,
    bad_request,
    conflict,
    existing,
    new_id,
    not_found,
    page,
)

_PART = re.compile(r"[a-zA-Z0-9._:~$@+%,=*!'-]+|\{[a-zA-Z0-9._:-]+\+?\}", re.ASCII)


def _arn(call: Call, params: Document) -> str:
    path = ["restapis", str(params["restApiId"]), "resources"]
    if "resourceId" in params or "parentId" in params:
        path.append(str(params.get("resourceId") or params.get("parentId")))
    if "httpMethod" in params:
        path += ["methods", str(params["httpMethod"])]
    return arn_of(call, *path)


def declared(name: str, verb: str) -> Callable[[Handler], Handler]:
    """Declare an operation on resources or what is theirs."""
    return SERVICE.operation(name, reads=verb == "GET", resource=_arn, action=f"apigateway:{verb}")


def find_resource(api: RestApi, resource_id: str) -> Document:
    """A resource by its id; ``AwsError`` where the API has none of it."""
    found = api.document["resources"].get(resource_id)
    if found is None:
        raise not_found("Invalid Resource identifier specified")
    resource: Document = found
    return resource


def patch_part(call: Call, shape: str, document: Document, params: Document) -> None:
    """Change a part as the request's patches say."""
    model = call.api.model("apigateway")
    patched(model, model.shape(shape), document, params.get("patchOperations", []))


# Resources


@declared("CreateResource", "POST")
def create_resource(call: Call, params: Document) -> Document:
    """Add a part of a path below another."""
    api, part = existing(call, params), params["pathPart"]
    parent = find_resource(api, params["parentId"])
    if not _PART.fullmatch(part):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )
    if parent["path"].endswith("+}"):
        raise bad_request(f"Cannot create a child of a resource with a greedy path variable: {parent['path']}")
    siblings = [one for one in api.document["resources"].values() if one.get("parentId") == parent["id"]]
    if any(one["pathPart"] == part for one in siblings):
        raise conflict(f"Another resource with the same parent already has this name: {part}")
    if part.startswith("{"):
        others = [one["pathPart"] for one in siblings if one["pathPart"].startswith("{")]
        if any(one.endswith("+}") == part.endswith("+}") for one in others):
            raise bad_request(
                f"A sibling ({others[0]}) of this resource already has a variable path part -- only one is allowed"
            )
    made = {"id": new_id(call, 6), "parentId": parent["id"], "pathPart": part}
    made["path"] = f"{parent['path'].rstrip('/')}/{part}"
    api.document["resources"][made["id"]] = made
    records.put_api(call.tx, api)
    return made


@declared("GetResource", "GET")
def get_resource(call: Call, params: Document) -> Document:
    """Describe a resource."""
    return _shown(find_resource(existing(call, params), params["resourceId"]), params)


@declared("GetResources", "GET")
def get_resources(call: Call, params: Document) -> Document:
    """List an API's resources."""
    found = page(list(existing(call, params).document["resources"].values()), params, "id")
    return {**found, "items": [_shown(one, params) for one in found["items"]]}


def _shown(resource: Document, params: Document) -> Document:
    """Methods are told whole where that is asked for, else by name."""
    if "resourceMethods" not in resource or "methods" in (params.get("embed") or ()):
        return resource
    return {**resource, "resourceMethods": {name: {} for name in resource["resourceMethods"]}}


@declared("UpdateResource", "PATCH")
def update_resource(call: Call, params: Document) -> Document:
    """Rename a resource, or move it below another."""
    api = existing(call, params)
    found = find_resource(api, params["resourceId"])
    if "parentId" not in found:
        raise bad_request("Resource / cannot be updated: Root resource cannot be updated.")
    patch_part(call, "Resource", found, params)
    find_resource(api, found["parentId"])
    _paths(api.document["resources"], found, 0)
    records.put_api(call.tx, api)
    return found


def _paths(resources: Document, changed: Document, depth: int) -> None:
    """The paths of a resource and of all below it, anew."""
    if depth > 100:
        raise bad_request("A resource cannot be below itself")
    changed["path"] = f"{resources[changed['parentId']]['path'].rstrip('/')}/{changed['pathPart']}"
    for other in resources.values():
        if other.get("parentId") == changed["id"]:
            _paths(resources, other, depth + 1)


@declared("DeleteResource", "DELETE")
def delete_resource(call: Call, params: Document) -> Document:
    """Remove a resource with all below it."""
    api = existing(call, params)
    found, resources = find_resource(api, params["resourceId"]), api.document["resources"]
    if "parentId" not in found:
        raise bad_request("Root resource cannot be deleted")
    gone = {found["id"]}
    while more := {one["id"] for one in resources.values() if one.get("parentId") in gone} - gone:
        gone |= more
    api.document["resources"] = {key: one for key, one in resources.items() if key not in gone}
    records.put_api(call.tx, api)
    return {}
