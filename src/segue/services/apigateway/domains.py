"""Names of one's own, as version 1 of the API speaks of them: they are version 2's, told in its words.

Source: API Gateway API reference, DomainName and BasePathMapping (``(none)`` is the empty path).
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.apigateway.patching import patched
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import SERVICE, arn_of, bad_request, conflict, not_found, page

_NONE = "(none)"
_EDGE_ZONE = "Z2FDTNDATAQYW2"


def _arn(call: Call, params: Document) -> str:
    name = [str(params["domainName"])] if params.get("domainName") else []
    path = ["basepathmappings", str(params["basePath"])] if "basePath" in params else []
    return arn_of(call, "domainnames", *name, *path)


def _perform(call: Call, operation: str, params: Document) -> Any:
    """Version 2's operation, its errors in version 1's words."""
    try:
        return call.perform(f"apigatewayv2:{operation}", params)
    except AwsError as error:
        words = {"ConflictException": conflict, "NotFoundException": not_found, "BadRequestException": bad_request}
        if error.code in words:
            raise words[error.code](error.message) from None
        raise


def _configuration(params: Document) -> Document:
    kinds = (params.get("endpointConfiguration") or {}).get("types") or ["EDGE"]
    certificate = params.get("regionalCertificateArn") or params.get("certificateArn")
    settings = {
        "EndpointType": kinds[0],
        "CertificateArn": certificate,
        "CertificateName": params.get("certificateName") or params.get("regionalCertificateName"),
        "SecurityPolicy": params.get("securityPolicy"),
    }
    return {name: value for name, value in settings.items() if value is not None}


@SERVICE.operation("CreateDomainName", resource=_arn, action="apigateway:POST")
def create_domain_name(call: Call, params: Document) -> Document:
    """Take a name."""
    wanted = {"DomainName": params["domainName"], "DomainNameConfigurations": [_configuration(params)]}
    return _told(_perform(call, "CreateDomainName", {**wanted, "Tags": params.get("tags", {})}))


def _told(domain: Document) -> Document:
    said = domain["DomainNameConfigurations"][0]
    is_edge = said["EndpointType"] == "EDGE"
    certificate = {"certificateArn" if is_edge else "regionalCertificateArn": said.get("CertificateArn")}
    place = (
        {"distributionDomainName": said["ApiGatewayDomainName"], "distributionHostedZoneId": _EDGE_ZONE}
        if is_edge
        else {"regionalDomainName": said["ApiGatewayDomainName"], "regionalHostedZoneId": said["HostedZoneId"]}
    )
    told = {
        "domainName": domain["DomainName"],
        "domainNameArn": domain["DomainNameArn"],
        **certificate,
        **place,
        "endpointConfiguration": {"types": [said["EndpointType"]], "ipAddressType": "ipv4"},
        "domainNameStatus": said["DomainNameStatus"],
        "securityPolicy": said["SecurityPolicy"],
        "tags": domain["Tags"] or None,
    }
    return {name: value for name, value in told.items() if value is not None}


@SERVICE.operation("GetDomainName", reads=True, resource=_arn, action="apigateway:GET")
def get_domain_name(call: Call, params: Document) -> Document:
    """Describe a name."""
    return _told(_perform(call, "GetDomainName", {"DomainName": params["domainName"]}))


@SERVICE.operation("GetDomainNames", reads=True, resource=_arn, action="apigateway:GET")
def get_domain_names(call: Call, params: Document) -> Document:
    """List the account's names."""
    found = _perform(call, "GetDomainNames", {})["Items"]
    return page([_told(one) for one in found], params, "domainName")


@SERVICE.operation("UpdateDomainName", resource=_arn, action="apigateway:PATCH")
def update_domain_name(call: Call, params: Document) -> Document:
    """Change a name's settings."""
    shown = _told(_perform(call, "GetDomainName", {"DomainName": params["domainName"]}))
    model = call.api.model("apigateway")
    patched(model, model.shape("DomainName"), shown, params.get("patchOperations", []))
    changed = {"DomainName": params["domainName"], "DomainNameConfigurations": [_configuration(shown)]}
    return _told(_perform(call, "UpdateDomainName", changed))


@SERVICE.operation("DeleteDomainName", resource=_arn, action="apigateway:DELETE")
def delete_domain_name(call: Call, params: Document) -> Document:
    """Give a name up."""
    _perform(call, "DeleteDomainName", {"DomainName": params["domainName"]})
    return {}


# Mappings


def _mapping(found: Document) -> Document:
    return {"basePath": found["ApiMappingKey"] or _NONE, "restApiId": found["ApiId"], "stage": found["Stage"]}


def _find(call: Call, params: Document) -> Document:
    key = "" if params["basePath"] == _NONE else params["basePath"]
    items: list[Document] = _perform(call, "GetApiMappings", {"DomainName": params["domainName"]})["Items"]
    found = next((one for one in items if one["ApiMappingKey"] == key), None)
    if found is None:
        raise not_found("Invalid base path mapping identifier specified")
    return found


@SERVICE.operation("CreateBasePathMapping", resource=_arn, action="apigateway:POST")
def create_base_path_mapping(call: Call, params: Document) -> Document:
    """Have a name, or a part of it, lead to a stage."""
    key = "" if params.get("basePath") in (None, _NONE) else params["basePath"]
    wanted = {"DomainName": params["domainName"], "ApiId": params["restApiId"], "ApiMappingKey": key}
    return _mapping(_perform(call, "CreateApiMapping", {**wanted, "Stage": params.get("stage") or ""}))


@SERVICE.operation("GetBasePathMapping", reads=True, resource=_arn, action="apigateway:GET")
def get_base_path_mapping(call: Call, params: Document) -> Document:
    """Describe a mapping."""
    return _mapping(_find(call, params))


@SERVICE.operation("GetBasePathMappings", reads=True, resource=_arn, action="apigateway:GET")
def get_base_path_mappings(call: Call, params: Document) -> Document:
    """The mappings of a name."""
    items = _perform(call, "GetApiMappings", {"DomainName": params["domainName"]})["Items"]
    return page([_mapping(one) for one in items], params, "basePath")


@SERVICE.operation("UpdateBasePathMapping", resource=_arn, action="apigateway:PATCH")
def update_base_path_mapping(call: Call, params: Document) -> Document:
    """Change where a mapping leads."""
    found = _find(call, params)
    shown, model = _mapping(found), call.api.model("apigateway")
    patches = [
        {**patch, "path": "/restApiId" if patch.get("path") == "/restapiId" else patch.get("path")}
        for patch in params.get("patchOperations", [])
    ]
    patched(model, model.shape("BasePathMapping"), shown, patches)
    key = "" if shown["basePath"] == _NONE else shown["basePath"]
    changed = {"ApiId": shown["restApiId"], "ApiMappingKey": key, "Stage": shown["stage"]}
    which = {"DomainName": params["domainName"], "ApiMappingId": found["ApiMappingId"]}
    return _mapping(_perform(call, "UpdateApiMapping", {**which, **changed}))


@SERVICE.operation("DeleteBasePathMapping", resource=_arn, action="apigateway:DELETE")
def delete_base_path_mapping(call: Call, params: Document) -> Document:
    """Have a name, or a part of it, lead nowhere."""
    which = {"DomainName": params["domainName"], "ApiMappingId": _find(call, params)["ApiMappingId"]}
    _perform(call, "DeleteApiMapping", which)
    return {}
