"""Links to private networks, and the smaller operations.

There are no private networks here: a link is a row, and an integration by it goes to its URI over HTTP, if that is one.

Source: API Gateway version 2 API reference, VpcLink, DeleteAccessLogSettings, DeleteRouteSettings,
DeleteRouteRequestParameter, ResetAuthorizersCache.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.errors import AwsError
from segue.services.apigatewayv2 import domain_records, records
from segue.services.apigatewayv2.apis import existing, new_id
from segue.services.apigatewayv2.service import SERVICE, arn_of, arn_of_api

Document = dict[str, Any]


def _arn(call: Call, params: Document) -> str:
    return arn_of(call, "vpclinks", *([str(params["VpcLinkId"])] if params.get("VpcLinkId") else []))


def _existing(call: Call, params: Document) -> Document:
    for link in domain_records.links_of(call.tx, call.account, call.region):
        if link["VpcLinkId"] == params["VpcLinkId"]:
            return link
    raise AwsError("NotFoundException", "Invalid Vpc Link identifier specified", status=404)


def _told(call: Call, link: Document) -> Document:
    return {**link, "Tags": tags_of(call.tx, arn_of(call, "vpclinks", link["VpcLinkId"]))}


@SERVICE.operation("CreateVpcLink", resource=_arn, action="apigateway:POST")
def create_vpc_link(call: Call, params: Document) -> Document:
    """Make a link."""
    made = {
        "CreatedDate": call.now_ms,
        "Name": params["Name"],
        "SecurityGroupIds": params.get("SecurityGroupIds", []),
        "SubnetIds": params["SubnetIds"],
        "VpcLinkId": new_id(call, 6),
        "VpcLinkStatus": "AVAILABLE",
        "VpcLinkStatusMessage": "VPC link is ready to route traffic",
        "VpcLinkVersion": "V2",
    }
    domain_records.put_link(call.tx, call.account, call.region, made)
    add_tags(call.tx, arn_of(call, "vpclinks", made["VpcLinkId"]), params.get("Tags", {}))
    return _told(call, made)


@SERVICE.operation("GetVpcLink", reads=True, resource=_arn, action="apigateway:GET")
def get_vpc_link(call: Call, params: Document) -> Document:
    """Describe a link."""
    return _told(call, _existing(call, params))


@SERVICE.operation("GetVpcLinks", reads=True, resource=_arn, action="apigateway:GET")
def get_vpc_links(call: Call, params: Document) -> Document:
    """List the account's links."""
    return {"Items": [_told(call, link) for link in domain_records.links_of(call.tx, call.account, call.region)]}


@SERVICE.operation("UpdateVpcLink", resource=_arn, action="apigateway:PATCH")
def update_vpc_link(call: Call, params: Document) -> Document:
    """Call a link something else."""
    found = _existing(call, params)
    found["Name"] = params.get("Name", found["Name"])
    domain_records.put_link(call.tx, call.account, call.region, found)
    return _told(call, found)


@SERVICE.operation("DeleteVpcLink", resource=_arn, action="apigateway:DELETE")
def delete_vpc_link(call: Call, params: Document) -> Document:
    """Remove a link."""
    found = _existing(call, params)
    domain_records.drop_link(call.tx, call.account, call.region, found["VpcLinkId"])
    drop_tags(call.tx, arn_of(call, "vpclinks", found["VpcLinkId"]))
    return {}


# Settings of stages and routes


def _part(call: Call, params: Document, kind: str, member: str) -> Document:
    found = records.find_part(call.tx, existing(call, params["ApiId"]).id, kind, params[member])
    if found is None:
        message = f"Invalid {kind} identifier specified {params[member]}"
        raise AwsError("NotFoundException", message, status=404)
    return found


@SERVICE.operation("DeleteAccessLogSettings", resource=arn_of_api, action="apigateway:DELETE")
def delete_access_log_settings(call: Call, params: Document) -> Document:
    """Log a stage's requests no more."""
    stage = _part(call, params, "Stage", "StageName")
    stage.pop("AccessLogSettings", None)
    records.put_part(call.tx, params["ApiId"], "Stage", stage["StageName"], stage)
    return {}


@SERVICE.operation("DeleteRouteSettings", resource=arn_of_api, action="apigateway:DELETE")
def delete_route_settings(call: Call, params: Document) -> Document:
    """Have a route of a stage be like the others."""
    stage = _part(call, params, "Stage", "StageName")
    if (stage.get("RouteSettings") or {}).pop(params["RouteKey"], None) is None:
        raise AwsError("NotFoundException", "Invalid route key specified", status=404)
    records.put_part(call.tx, params["ApiId"], "Stage", stage["StageName"], stage)
    return {}


@SERVICE.operation("DeleteRouteRequestParameter", resource=arn_of_api, action="apigateway:DELETE")
def delete_route_request_parameter(call: Call, params: Document) -> Document:
    """Want a parameter of a route no more."""
    route = _part(call, params, "Route", "RouteId")
    if (route.get("RequestParameters") or {}).pop(params["RequestParameterKey"], None) is None:
        raise AwsError("NotFoundException", "Invalid request parameter specified", status=404)
    records.put_part(call.tx, params["ApiId"], "Route", route["RouteId"], route)
    return {}


@SERVICE.operation("ResetAuthorizersCache", resource=arn_of_api, action="apigateway:DELETE")
def reset_authorizers_cache(call: Call, params: Document) -> Document:
    """Nothing that authorizers said is remembered here, so there is nothing to forget."""
    _part(call, params, "Stage", "StageName")
    return {}
