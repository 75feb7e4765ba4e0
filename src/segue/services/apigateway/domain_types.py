"""Names of one's own and links to private networks in templates.

Source: CloudFormation template reference, AWS::ApiGateway::DomainName, BasePathMapping and VpcLink.
"""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, remove
from segue.services.apigateway.records import Document
from segue.services.apigateway.resource_types import replaced
from segue.services.apigateway.service import SERVICE

_NOT_KEPT = ("MutualTlsAuthentication", "OwnershipVerificationCertificateArn", "RoutingMode", "EndpointAccessMode")


def _create_domain(request: ResourceRequest) -> Resource:
    given = {name: value for name, value in request.properties.items() if name not in (*_NOT_KEPT, "Tags")}
    made = request.perform("apigateway:CreateDomainName", {**given, "Tags": request.all_tags()})
    return _domain(request, made)


def _domain(request: ResourceRequest, made: Document) -> Resource:
    note_ignored(request, "MutualTlsAuthentication")
    names = ("distributionDomainName", "distributionHostedZoneId", "regionalDomainName", "regionalHostedZoneId")
    attributes = {name[0].upper() + name[1:]: made[name] for name in names if name in made}
    return Resource(made["domainName"], {**attributes, "DomainNameArn": made["domainNameArn"]})


def _update_domain(request: ResourceRequest) -> Resource:
    patches = [
        replaced(f"/{name[0].lower()}{name[1:]}", request.properties[name])
        for name in ("CertificateArn", "RegionalCertificateArn", "SecurityPolicy")
        if request.changed(name) and request.properties.get(name)
    ]
    given = {"domainName": request.physical_id, "patchOperations": patches}
    return _domain(request, request.perform("apigateway:UpdateDomainName", given))


def _delete_domain(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteDomainName", {"domainName": request.physical_id})


def _key(request: ResourceRequest) -> Document:
    path = request.properties.get("BasePath") or "(none)"
    return {"domainName": request.properties["DomainName"], "basePath": path}


def _create_mapping(request: ResourceRequest) -> Resource:
    properties = request.properties
    given = {"restApiId": properties.get("RestApiId") or "", "stage": properties.get("Stage") or ""}
    request.perform("apigateway:CreateBasePathMapping", {**_key(request), **given})
    return Resource(f"{properties['DomainName']}|{_key(request)['basePath']}", {})


def _delete_mapping(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteBasePathMapping", _key(request))


def _update_mapping(request: ResourceRequest) -> Resource:
    patches = [
        replaced(path, request.properties[name])
        for name, path in (("RestApiId", "/restApiId"), ("Stage", "/stage"))
        if request.properties.get(name)
    ]
    request.perform("apigateway:UpdateBasePathMapping", {**_key(request), "patchOperations": patches})
    return Resource(request.physical_id, request.attributes)


def _create_link(request: ResourceRequest) -> Resource:
    given = {name: value for name, value in request.properties.items() if name != "Tags"}
    made = request.perform("apigateway:CreateVpcLink", {**given, "Tags": request.all_tags()})
    request.notes.append("There are no private networks here: integrations by this link go to their URI over HTTP")
    return Resource(made["id"], {"VpcLinkId": made["id"]})


def _update_link(request: ResourceRequest) -> Resource:
    patches = [replaced("/name", request.properties["Name"])]
    patches.append(replaced("/description", str(request.properties.get("Description") or "")))
    request.perform("apigateway:UpdateVpcLink", {"vpcLinkId": request.physical_id, "patchOperations": patches})
    return Resource(request.physical_id, request.attributes)


def _delete_link(request: ResourceRequest) -> None:
    remove(request, "apigateway:DeleteVpcLink", {"vpcLinkId": request.physical_id})


for _name, _made, _removed, _changed in (
    ("DomainName", _create_domain, _delete_domain, _update_domain),
    ("BasePathMapping", _create_mapping, _delete_mapping, _update_mapping),
    ("VpcLink", _create_link, _delete_link, _update_link),
):
    SERVICE.resource_type(ResourceType(f"AWS::ApiGateway::{_name}", _made, _removed, _changed))
