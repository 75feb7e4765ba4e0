"""HTTP APIs and WebSocket APIs themselves.

Source: API Gateway version 2 API reference; developer guide, "Choose between REST APIs and HTTP APIs".
"""

from __future__ import annotations

from typing import Any

from segue.api import Call, sockets
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.arn import partition_of
from segue.errors import AwsError
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.records import HttpApi
from segue.services.apigatewayv2.service import SERVICE, arn_of, arn_of_api

_SETTINGS = (
    "Name",
    "Description",
    "Version",
    "CorsConfiguration",
    "DisableExecuteApiEndpoint",
    "RouteSelectionExpression",
    "DisableSchemaValidation",
    "IpAddressType",
    "ApiKeySelectionExpression",
)
DEFAULT_STAGE = "$default"
_PAGE = 100


def arn_of_apis(call: Call, params: dict[str, Any]) -> str:
    """The ARN of all APIs."""
    return arn_of(call, "apis")


def existing(call: Call, api_id: str) -> HttpApi:
    """The caller's API; ``AwsError`` where he has none of that id."""
    api = records.find_api(call.tx, api_id)
    if api is None or (api.account, api.region) != (call.account, call.region):
        message = f"Invalid API identifier specified {call.account}:{api_id}"
        raise AwsError("NotFoundException", message, status=404)
    return api


def tag_arn(api_id: str, region: str) -> str:
    """The ARN by which an API is tagged."""
    return f"arn:{partition_of(region)}:apigateway:{region}::/apis/{api_id}"


def new_id(call: Call, length: int) -> str:
    """An id as AWS makes them: lower-case letters and digits."""
    return call.tx.ids.alphanumeric(length).lower()


@SERVICE.operation("CreateApi", resource=arn_of_apis, action="apigateway:POST")
def create_api(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make an API; with ``Target``, a route to it and a stage, too ("quick create")."""
    protocol = params["ProtocolType"]
    if protocol not in ("HTTP", "WEBSOCKET"):
        raise AwsError("BadRequestException", "Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
    if protocol == "WEBSOCKET":
        _check_websocket(params)
    document = {
        "ProtocolType": protocol,
        "RouteSelectionExpression": "${request.method} ${request.path}",
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        **{name: params[name] for name in _SETTINGS if name in params},
    }
    api = HttpApi(new_id(call, 10), call.account, call.region, call.now_ms, document)
    records.put_api(call.tx, api)
    add_tags(call.tx, tag_arn(api.id, api.region), params.get("Tags", {}))
    if "Target" in params:
        _quick_create(call, api, params)
    return told(call, api)


def _check_websocket(params: dict[str, Any]) -> None:
    if not params.get("RouteSelectionExpression"):
        raise AwsError("BadRequestException", "RouteSelectionExpression is required for WEBSOCKET protocol APIs")
    for name in ("CorsConfiguration", "Target", "RouteKey", "CredentialsArn"):
        if name in params:
            raise AwsError("BadRequestException", f"{name} is not supported for WEBSOCKET protocol APIs")


def _quick_create(call: Call, api: HttpApi, params: dict[str, Any]) -> None:
    is_function = ":lambda:" in params["Target"] or ":function:" in params["Target"]
    integration = {
        "IntegrationType": "AWS_PROXY" if is_function else "HTTP_PROXY",
        "IntegrationUri": params["Target"],
        "PayloadFormatVersion": "2.0" if is_function else "1.0",
        **({} if is_function else {"IntegrationMethod": "ANY"}),
        **({"CredentialsArn": params["CredentialsArn"]} if "CredentialsArn" in params else {}),
    }
    made = call.perform("apigatewayv2:CreateIntegration", {"ApiId": api.id, **integration})
    assert isinstance(made, dict)
    route = {"RouteKey": params.get("RouteKey", "$default"), "Target": f"integrations/{made['IntegrationId']}"}
    call.perform("apigatewayv2:CreateRoute", {"ApiId": api.id, **route})
    call.perform("apigatewayv2:CreateStage", {"ApiId": api.id, "StageName": DEFAULT_STAGE, "AutoDeploy": True})


@SERVICE.operation("GetApi", reads=True, resource=arn_of_api, action="apigateway:GET")
def get_api(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Describe an API."""
    return told(call, existing(call, params["ApiId"]))


@SERVICE.operation("GetApis", reads=True, resource=arn_of_apis, action="apigateway:GET")
def get_apis(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """List the account's APIs."""
    after, most = page_of(params)
    found = records.apis_after(call.tx, call.account, call.region, after, most + 1)
    more = {"NextToken": encode_token(found[most - 1].id)} if len(found) > most else {}
    return {"Items": [told(call, api) for api in found[:most]], **more}


@SERVICE.operation("UpdateApi", resource=arn_of_api, action="apigateway:PATCH")
def update_api(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is named."""
    api = existing(call, params["ApiId"])
    api.document.update({name: params[name] for name in _SETTINGS if name in params})
    records.put_api(call.tx, api)
    return told(call, api)


@SERVICE.operation("DeleteApi", resource=arn_of_api, action="apigateway:DELETE")
def delete_api(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an API with all its parts."""
    api = existing(call, params["ApiId"])
    records.drop_api(call.tx, api.id)
    sockets.end_all(call.tx, "execute-api", api.id)
    drop_tags(call.tx, tag_arn(api.id, api.region))
    return {}


@SERVICE.operation("DeleteCorsConfiguration", resource=arn_of_api, action="apigateway:DELETE")
def delete_cors_configuration(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Pages of other origins are told nothing any more."""
    api = existing(call, params["ApiId"])
    api.document.pop("CorsConfiguration", None)
    records.put_api(call.tx, api)
    return {}


def _tagged(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceArn"])


@SERVICE.operation("TagResource", resource=_tagged, action="apigateway:POST")
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to an API."""
    add_tags(call.tx, _api_arn(call, params), params.get("Tags", {}))
    return {}


@SERVICE.operation("UntagResource", resource=_tagged, action="apigateway:DELETE")
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from an API."""
    remove_tags(call.tx, _api_arn(call, params), params["TagKeys"])
    return {}


@SERVICE.operation("GetTags", reads=True, resource=_tagged, action="apigateway:GET")
def get_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of an API."""
    return {"Tags": tags_of(call.tx, _api_arn(call, params))}


def _api_arn(call: Call, params: dict[str, Any]) -> str:
    arn = str(params["ResourceArn"])
    existing(call, arn.rpartition("/apis/")[2].partition("/")[0])
    return arn


def page_of(params: dict[str, Any]) -> tuple[str, int]:
    """After which id a page begins, and how many it has."""
    token = params.get("NextToken")
    after = decode_token(token, "BadRequestException", "Invalid NextToken")[0] if token else ""
    most = params.get("MaxResults")
    if most is not None and not str(most).isdigit():
        raise AwsError("BadRequestException", "Invalid MaxResults")
    return after, min(int(most), _PAGE) if most else _PAGE


def told(call: Call, api: HttpApi) -> dict[str, Any]:
    """An API as answers show it. Its endpoint is one that can be reached on this machine, by path."""
    url = call.api.settings.endpoint_url
    return {
        **api.document,
        "ApiId": api.id,
        "ApiEndpoint": f"{url.replace('http', 'ws', 1) if api.is_websocket else url}/_aws/execute-api/{api.id}",
        "CreatedDate": api.created_at_ms,
        "Tags": tags_of(call.tx, tag_arn(api.id, api.region)),
    }
