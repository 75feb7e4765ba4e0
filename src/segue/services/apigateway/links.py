"""Links to private networks: rows. There are no such networks here; an integration by one goes to its URI over HTTP.

Source: API Gateway API reference, VpcLink.
"""

from __future__ import annotations

from segue.api import Call
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.services.apigateway import records
from segue.services.apigateway.apis import tag_arn
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import SERVICE, arn_of, given, new_id, not_found, page

_KIND = "VpcLink"


def _arn(call: Call, params: Document) -> str:
    return arn_of(call, "vpclinks", *([str(params["vpcLinkId"])] if params.get("vpcLinkId") else []))


def _existing(call: Call, params: Document) -> Document:
    found = records.find_owned(call.tx, call.account, call.region, _KIND, params["vpcLinkId"])
    if found is None:
        raise not_found("Invalid VpcLink identifier specified")
    return found


def _told(call: Call, link: Document) -> Document:
    tags = tags_of(call.tx, tag_arn(call.region, "vpclinks", link["id"]))
    return {**link, **({"tags": tags} if tags else {})}


@SERVICE.operation("CreateVpcLink", resource=_arn, action="apigateway:POST")
def create_vpc_link(call: Call, params: Document) -> Document:
    """Make a link."""
    said = {"status": "AVAILABLE", "statusMessage": "Your vpc link is ready for use"}
    made = {"id": new_id(call, 6), **given(params, "tags"), **said}
    records.put_owned(call.tx, call.account, call.region, _KIND, made["id"], made)
    add_tags(call.tx, tag_arn(call.region, "vpclinks", made["id"]), params.get("tags", {}))
    return _told(call, made)


@SERVICE.operation("GetVpcLink", reads=True, resource=_arn, action="apigateway:GET")
def get_vpc_link(call: Call, params: Document) -> Document:
    """Describe a link."""
    return _told(call, _existing(call, params))


@SERVICE.operation("GetVpcLinks", reads=True, resource=_arn, action="apigateway:GET")
def get_vpc_links(call: Call, params: Document) -> Document:
    """List the account's links."""
    found = records.owned_of(call.tx, call.account, call.region, _KIND)
    return page([_told(call, link) for link in found], params, "id")


@SERVICE.operation("UpdateVpcLink", resource=_arn, action="apigateway:PATCH")
def update_vpc_link(call: Call, params: Document) -> Document:
    """Change a link's name or description."""
    found, model = _existing(call, params), call.api.model("apigateway")
    patched(model, model.shape(_KIND), found, params.get("patchOperations", []))
    records.put_owned(call.tx, call.account, call.region, _KIND, params["vpcLinkId"], found)
    return _told(call, found)


@SERVICE.operation("DeleteVpcLink", resource=_arn, action="apigateway:DELETE")
def delete_vpc_link(call: Call, params: Document) -> Document:
    """Remove a link."""
    found = _existing(call, params)
    records.drop_owned(call.tx, call.account, call.region, _KIND, found["id"])
    drop_tags(call.tx, tag_arn(call.region, "vpclinks", found["id"]))
    return {}
