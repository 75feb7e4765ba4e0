"""Names of one's own: which API and stage a name and the first parts of a path lead to.

A name is served to whoever asks for it in ``Host`` (and, without a name service, at ``/_aws/execute-api/NAME/…``); the
API is an HTTP API, a WebSocket API or a REST API. Certificates are kept, not used: TLS is not this server's.

Source: API Gateway version 2 API reference, DomainName and ApiMapping; developer guide, "Custom domain names" and "Use
API mappings": the longest mapping that the path begins with.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.endpoint import Visit
from segue.api.paginate import encode_token
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.errors import AwsError
from segue.services.apigatewayv2 import domain_records, records
from segue.services.apigatewayv2.apis import new_id, page_of
from segue.services.apigatewayv2.service import SERVICE, arn_of
from segue.store import Transaction

Document = dict[str, Any]
_SETTINGS = ("DomainNameConfigurations", "MutualTlsAuthentication", "RoutingMode")
_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9$_.+!*'()/-]{0,300}", re.ASCII)
_ZONE = "Z1UJRXOUMOOFQ8"


def _arn(call: Call, params: Document) -> str:
    name = [str(params["DomainName"])] if params.get("DomainName") else []
    mapping = ["apimappings", str(params["ApiMappingId"])] if params.get("ApiMappingId") else []
    return arn_of(call, "domainnames", *name, *mapping)


def _existing(call: Call, params: Document) -> Document:
    found = domain_records.find_domain(call.tx, params["DomainName"].lower())
    if found is None or found["Owner"] != [call.account, call.region]:
        raise AwsError("NotFoundException", "Invalid domain name identifier specified", status=404)
    return found


@SERVICE.operation("CreateDomainName", resource=_arn, action="apigateway:POST")
def create_domain_name(call: Call, params: Document) -> Document:
    """Take a name."""
    name = params["DomainName"].lower()
    if not _NAME.fullmatch(name):
        raise AwsError("BadRequestException", f"Invalid domain name specified: {name[:100]}")
    if domain_records.find_domain(call.tx, name) is not None:
        raise AwsError("ConflictException", "The domain name you provided already exists.", status=409)
    made = {
        "DomainName": name,
        "Owner": [call.account, call.region],
        "Id": f"d-{new_id(call, 10)}",
        **{member: params[member] for member in _SETTINGS if member in params},
    }
    domain_records.put_domain(call.tx, name, made)
    add_tags(call.tx, arn_of(call, "domainnames", name), params.get("Tags", {}))
    return _told(call, made)


def _told(call: Call, domain: Document) -> Document:
    region = domain["Owner"][1]
    defaults = {
        "ApiGatewayDomainName": f"{domain['Id']}.execute-api.{region}.amazonaws.com",
        "DomainNameStatus": "AVAILABLE",
        "EndpointType": "REGIONAL",
        "HostedZoneId": _ZONE,
        "IpAddressType": "ipv4",
        "SecurityPolicy": "TLS_1_2",
    }
    arn = arn_of(call, "domainnames", domain["DomainName"])
    return {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": domain["DomainName"],
        "DomainNameArn": arn,
        **{name: domain[name] for name in _SETTINGS if name in domain},
        "DomainNameConfigurations": [{**defaults, **one} for one in domain.get("DomainNameConfigurations") or [{}]],
        "Tags": tags_of(call.tx, arn),
    }


@SERVICE.operation("GetDomainName", reads=True, resource=_arn, action="apigateway:GET")
def get_domain_name(call: Call, params: Document) -> Document:
    """Describe a name."""
    return _told(call, _existing(call, params))


@SERVICE.operation("GetDomainNames", reads=True, resource=_arn, action="apigateway:GET")
def get_domain_names(call: Call, params: Document) -> Document:
    """List the account's names."""
    after, most = page_of(params)
    found = domain_records.domains_after(call.tx, call.account, call.region, after, most + 1)
    more = {"NextToken": encode_token(found[most - 1]["DomainName"])} if len(found) > most else {}
    return {"Items": [_told(call, one) for one in found[:most]], **more}


@SERVICE.operation("UpdateDomainName", resource=_arn, action="apigateway:PATCH")
def update_domain_name(call: Call, params: Document) -> Document:
    """Change what is named."""
    found = _existing(call, params)
    found.update({name: params[name] for name in _SETTINGS if name in params})
    domain_records.put_domain(call.tx, found["DomainName"], found)
    return _told(call, found)


@SERVICE.operation("DeleteDomainName", resource=_arn, action="apigateway:DELETE")
def delete_domain_name(call: Call, params: Document) -> Document:
    """Give a name up, with its mappings."""
    found = _existing(call, params)
    domain_records.drop_domain(call.tx, found["DomainName"])
    drop_tags(call.tx, arn_of(call, "domainnames", found["DomainName"]))
    return {}


# Mappings


def _check_mapping(call: Call, domain: Document, made: Document) -> None:
    key = made["ApiMappingKey"]
    if not _KEY.fullmatch(key) or "//" in key or key.startswith("/") or key.endswith("/"):
        raise AwsError("BadRequestException", f"Invalid API mapping key specified: {key[:100]}")
    for other in domain_records.mappings_of(call.tx, domain["DomainName"]):
        if other["ApiMappingKey"] == key and other["ApiMappingId"] != made["ApiMappingId"]:
            raise AwsError("ConflictException", "ApiMapping key already exists for this domain name", status=409)
    served = records.served(call.tx, made["ApiId"])
    if served is None:
        params = {"restApiId": made["ApiId"], "stageName": made["Stage"]}
        try:
            call.perform("apigateway:GetStage", params)
        except AwsError:
            raise _no_stage(made) from None
    elif served.part("Stage", made["Stage"]) is None:
        raise _no_stage(made)


def _no_stage(made: Document) -> AwsError:
    message = f"Invalid stage identifier specified: {made['ApiId']}:{made['Stage']}"
    return AwsError("BadRequestException", message[:300])


@SERVICE.operation("CreateApiMapping", resource=_arn, action="apigateway:POST")
def create_api_mapping(call: Call, params: Document) -> Document:
    """Have a name, or a part of it, lead to a stage."""
    domain = _existing(call, params)
    made = {
        "ApiId": params["ApiId"],
        "ApiMappingId": new_id(call, 6),
        "ApiMappingKey": params.get("ApiMappingKey", ""),
        "Stage": params["Stage"],
    }
    _check_mapping(call, domain, made)
    domain_records.put_mapping(call.tx, domain["DomainName"], made)
    return made


def _mapping(call: Call, params: Document) -> tuple[Document, Document]:
    domain = _existing(call, params)
    for one in domain_records.mappings_of(call.tx, domain["DomainName"]):
        if one["ApiMappingId"] == params["ApiMappingId"]:
            return domain, one
    raise AwsError("NotFoundException", "Invalid API mapping identifier specified", status=404)


@SERVICE.operation("GetApiMapping", reads=True, resource=_arn, action="apigateway:GET")
def get_api_mapping(call: Call, params: Document) -> Document:
    """Describe a mapping."""
    return _mapping(call, params)[1]


@SERVICE.operation("GetApiMappings", reads=True, resource=_arn, action="apigateway:GET")
def get_api_mappings(call: Call, params: Document) -> Document:
    """The mappings of a name."""
    return {"Items": domain_records.mappings_of(call.tx, _existing(call, params)["DomainName"])}


@SERVICE.operation("UpdateApiMapping", resource=_arn, action="apigateway:PATCH")
def update_api_mapping(call: Call, params: Document) -> Document:
    """Change where a mapping leads."""
    domain, found = _mapping(call, params)
    found |= {name: params[name] for name in ("ApiId", "ApiMappingKey", "Stage") if name in params}
    _check_mapping(call, domain, found)
    domain_records.put_mapping(call.tx, domain["DomainName"], found)
    return found


@SERVICE.operation("DeleteApiMapping", resource=_arn, action="apigateway:DELETE")
def delete_api_mapping(call: Call, params: Document) -> Document:
    """Have a name, or a part of it, lead nowhere."""
    domain, found = _mapping(call, params)
    domain_records.drop_mapping(call.tx, domain["DomainName"], found["ApiMappingId"])
    return {}


# Visits


@SERVICE.domain("execute-api")
def is_domain(tx: Transaction, name: str) -> bool:
    """Whether a name is somebody's here (a wildcard stands for one label)."""
    return _domain_of(tx, name) is not None


def _domain_of(tx: Transaction, name: str) -> Document | None:
    found = domain_records.find_domain(tx, name)
    return found or domain_records.find_domain(tx, f"*.{name.partition('.')[2]}")


def resolve(tx: Transaction, visit: Visit) -> Visit | None:
    """The visit to a name as one to an API's stage; ``None`` where no mapping leads on."""
    domain = _domain_of(tx, visit.domain)
    if domain is None:
        return None
    given = visit.path.strip("/").split("/")
    best: Document | None = None
    for one in domain_records.mappings_of(tx, domain["DomainName"]):
        parts = [part for part in one["ApiMappingKey"].split("/") if part]
        if given[: len(parts)] == parts and (best is None or len(best["ApiMappingKey"]) <= len(one["ApiMappingKey"])):
            best = one
    if best is None:
        return None
    base = f"/{best['ApiMappingKey']}" if best["ApiMappingKey"] else ""
    rest = visit.path[len(base) :] or "/"
    return replace(visit, id=best["ApiId"], stage=best["Stage"], base=base, path=rest)
