"""The service's declaration, and what its operations share."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.errors import AwsError
from segue.services.apigateway import records
from segue.services.apigateway.records import Document, RestApi

SERVICE = Service("apigateway", migrations=records.MIGRATIONS)
PRINCIPAL = "apigateway.amazonaws.com"


def arn_of(call: Call, *path: str) -> str:
    """What a policy must allow, of a path of the API of APIs (``arn:aws:apigateway:us-east-1::/restapis/abc``)."""
    return f"arn:aws:apigateway:{call.region}::/" + "/".join(path)


def arn_of_api(call: Call, params: Document) -> str:
    """The ARN of an API (with the parts below it, policies speak of ``/restapis/*``, too)."""
    return arn_of(call, "restapis", str(params.get("restApiId", "")))


def arn_of_apis(call: Call, params: Document) -> str:
    """The ARN of all APIs."""
    return arn_of(call, "restapis")


def existing(call: Call, params: Document) -> RestApi:
    """The caller's API; ``AwsError`` where he has none of that id."""
    api = records.find_api(call.tx, params["restApiId"])
    if api is None or (api.account, api.region) != (call.account, call.region):
        raise not_found(f"Invalid API identifier specified {call.account}:{params['restApiId']}")
    return api


def new_id(call: Call, length: int) -> str:
    """An id as AWS makes them: lower-case letters and digits."""
    return call.tx.ids.alphanumeric(length).lower()


def not_found(message: str) -> AwsError:
    """There is no such thing."""
    return AwsError("NotFoundException", message, status=404)


def conflict(message: str) -> AwsError:
    """There is one already, or somebody needs it."""
    return AwsError("ConflictException", message, status=409)


def bad_request(message: str) -> AwsError:
    """It cannot be so."""
    return AwsError("BadRequestException", message)


def given(params: Document, *without: str) -> Document:
    """What a request gives of a part: its members but for those that name the part."""
    return {name: value for name, value in params.items() if name not in without and value is not None}


def page(items: list[Document], params: Document, key: str) -> Document:
    """A page of a list that is in memory. The position is the key of the last one told."""
    found = sorted(items, key=lambda item: str(item.get(key)))
    after = params.get("position") or ""
    found = [item for item in found if str(item.get(key)) > after]
    most = min(max(int(params.get("limit") or 25), 1), 500)
    more: dict[str, Any] = {"position": str(found[most - 1][key])} if len(found) > most else {}
    return {"items": found[:most], **more}
