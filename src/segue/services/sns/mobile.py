"""Mobile push: applications and devices are kept, nothing is sent to them.

Source: conformance cases create_platform_*, *_platform_endpoint_*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.api.paginate import encode_token
from segue.errors import AwsError
from segue.services.sns.arns import invalid
from segue.services.sns.service import PRINCIPAL, SERVICE
from segue.services.sns.topics import PAGE, after_token

_PLATFORMS: Final = frozenset(
    (
        *("ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "FCM", "GCM", "MACOS"),
        *("MACOS_SANDBOX", "MPNS", "WNS"),
    )
)
_SECRETS: Final = frozenset(("PlatformCredential", "PlatformPrincipal"))
_ENDPOINT_ATTRIBUTES: Final = frozenset(("CustomUserData", "Enabled", "Token"))


@SERVICE.operation("CreatePlatformApplication")
def create_platform_application(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, str] = params.get("Attributes") or {}
    _check_present(attributes)
    platform: str = params["Platform"]
    if platform not in _PLATFORMS:
        raise invalid(f"Platform Reason: {platform} is not supported")
    for one, other in (("PlatformPrincipal", "PlatformCredential"), ("PlatformCredential", "PlatformPrincipal")):
        if one in attributes and other not in attributes:
            raise invalid(f"Attributes Reason: {one} attribute provided without {other}")
    if "PlatformCredential" not in attributes:
        raise invalid("Attributes Reason: Platform credentials are required")
    arn = call.arn("sns", f"app/{platform}/{params['Name']}")
    call.tx.run(
        "INSERT INTO sns_platform_applications VALUES (?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET attributes = excluded.attributes",
        arn,
        json.dumps({"Enabled": "true", **attributes}),
    )
    return {"PlatformApplicationArn": arn}


@SERVICE.operation("GetPlatformApplicationAttributes", reads=True)
def get_platform_application_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"Attributes": _shown(_application(call, params["PlatformApplicationArn"]))}


@SERVICE.operation("SetPlatformApplicationAttributes")
def set_platform_application_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    arn: str = params["PlatformApplicationArn"]
    attributes = _application(call, arn) | params["Attributes"]
    call.tx.run("UPDATE sns_platform_applications SET attributes = ? WHERE arn = ?", json.dumps(attributes), arn)
    return {}


@SERVICE.operation("DeletePlatformApplication")
def delete_platform_application(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    call.tx.run("DELETE FROM sns_platform_applications WHERE arn = ?", params["PlatformApplicationArn"])
    return {}


@SERVICE.operation("ListPlatformApplications", reads=True)
def list_platform_applications(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    prefix = call.arn("sns", "app/")
    rows = call.tx.all(
        "SELECT arn, attributes FROM sns_platform_applications WHERE arn >= ? AND arn < ? AND arn > ?"
        " ORDER BY arn LIMIT ?",
        prefix,
        prefix + "\U0010ffff",
        str(after_token(params) or ""),
        PAGE + 1,
    )
    return _page(rows, "PlatformApplications", "PlatformApplicationArn")


@SERVICE.operation("CreatePlatformEndpoint")
def create_platform_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    application: str = params["PlatformApplicationArn"]
    _application(call, application)
    attributes: dict[str, str] = dict(params.get("Attributes") or {})
    _check_endpoint_attributes(attributes)
    if params.get("CustomUserData"):
        attributes["CustomUserData"] = params["CustomUserData"]
    attributes = {"Enabled": "true", **attributes, "Token": params["Token"]}
    for arn, text in call.tx.all(
        "SELECT arn, attributes FROM sns_platform_endpoints WHERE application = ?", application
    ):
        known = json.loads(text)
        if known["Token"] != params["Token"]:
            continue
        if known != attributes:
            raise invalid(f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes.")
        return {"EndpointArn": arn}
    arn = f"{application.replace(':app/', ':endpoint/')}/{call.tx.ids.uuid()}"
    call.tx.run("INSERT INTO sns_platform_endpoints VALUES (?, ?, ?)", arn, application, json.dumps(attributes))
    return {"EndpointArn": arn}


@SERVICE.operation("GetEndpointAttributes", reads=True)
def get_endpoint_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"Attributes": _endpoint(call, params["EndpointArn"])}


@SERVICE.operation("SetEndpointAttributes")
def set_endpoint_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _check_present(params.get("Attributes"))
    attributes = _endpoint(call, params["EndpointArn"])
    _check_endpoint_attributes(params["Attributes"])
    call.tx.run(
        "UPDATE sns_platform_endpoints SET attributes = ? WHERE arn = ?",
        json.dumps(attributes | params["Attributes"]),
        params["EndpointArn"],
    )
    return {}


@SERVICE.operation("DeleteEndpoint")
def delete_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    call.tx.run("DELETE FROM sns_platform_endpoints WHERE arn = ?", params["EndpointArn"])
    return {}


@SERVICE.operation("ListEndpointsByPlatformApplication", reads=True)
def list_endpoints_by_platform_application(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _application(call, params["PlatformApplicationArn"])
    rows = call.tx.all(
        "SELECT arn, attributes FROM sns_platform_endpoints WHERE application = ? AND arn > ? ORDER BY arn LIMIT ?",
        params["PlatformApplicationArn"],
        str(after_token(params) or ""),
        PAGE + 1,
    )
    return _page(rows, "Endpoints", "EndpointArn")


def _check_present(attributes: dict[str, str] | None) -> None:
    # An empty map does not show on the query protocol: AWS takes it for none.
    if not attributes:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: "
            "Member must not be null",
        )


def _check_endpoint_attributes(attributes: dict[str, str]) -> None:
    for name, value in attributes.items():
        if name not in _ENDPOINT_ATTRIBUTES:
            raise invalid(f"Attributes Reason: Invalid attribute name: {name}")
        if name == "CustomUserData" and len(value.encode()) > 2_048:
            raise invalid(
                "Attributes Reason: Invalid value for attribute: CustomUserData: "
                "must be at most 2048 bytes long in UTF-8 encoding"
            )


def _application(call: Call, arn: str) -> dict[str, str]:
    row = call.tx.one("SELECT attributes FROM sns_platform_applications WHERE arn = ?", arn)
    if row is None:
        raise AwsError("NotFound", "PlatformApplication does not exist", status=404)
    attributes: dict[str, str] = json.loads(row[0])
    return attributes


def _endpoint(call: Call, arn: str) -> dict[str, str]:
    row = call.tx.one("SELECT attributes FROM sns_platform_endpoints WHERE arn = ?", arn)
    if row is None:
        raise AwsError("NotFound", "Endpoint does not exist", status=404)
    attributes: dict[str, str] = json.loads(row[0])
    return attributes


def _shown(attributes: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name not in _SECRETS}


def _page(rows: list[tuple[Any, ...]], member: str, arn_member: str) -> dict[str, Any]:
    page: dict[str, Any] = {
        member: [{arn_member: arn, "Attributes": _shown(json.loads(text))} for arn, text in rows[:PAGE]]
    }
    if len(rows) > PAGE:
        page["NextToken"] = encode_token(rows[PAGE - 1][0])
    return page


def push(call: Call, arn: str, bodies: Mapping[str, str], message_id: str, source_arn: str = PRINCIPAL) -> None:
    """Push a message to a device. We have no way to one: that, and what it would have got, is written down.

    Args:
        source_arn: the topic that it comes by, if any.

    Raises:
        AwsError: ``InvalidParameter`` for a device that is not there, ``EndpointDisabled`` for one that is switched
            off, ``PlatformApplicationDisabled``.
    """
    row = call.tx.one("SELECT application, attributes FROM sns_platform_endpoints WHERE arn = ?", arn)
    if row is None:
        raise invalid("TargetArn Reason: No endpoint found for the target arn specified")
    if json.loads(row[1]).get("Enabled", "true").lower() != "true":
        raise AwsError("EndpointDisabled", "Endpoint is disabled")
    application = call.tx.one("SELECT attributes FROM sns_platform_applications WHERE arn = ?", row[0])
    if application is not None and json.loads(application[0]).get("Enabled", "true").lower() != "true":
        raise AwsError("PlatformApplicationDisabled", "Platform application is disabled")
    platform = arn.split(":", 5)[5].split("/")[1]
    reason = f"Segue does not send push notifications. The message was: {bodies.get(platform, bodies['default'])}"
    record(call, Delivery(source_arn, arn, "sns:Publish", "failed", 1, reason, message_id))
