"""Dashboards: kept as they are given. Nothing draws them here."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError
from segue.services.cloudwatch.service import SERVICE, dashboard_arn, invalid

_PAGE = 300
_LONGEST_NAME = 255
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def _resource(call: Call, params: dict[str, Any]) -> str:
    return dashboard_arn(call, params["DashboardName"])


@SERVICE.operation("PutDashboard", resource=_resource)
def put_dashboard(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Keep a dashboard."""
    name, body = params["DashboardName"], params["DashboardBody"]
    if not 0 < len(name) <= _LONGEST_NAME or not set(name) <= _LETTERS:
        raise invalid("The value for field DashboardName contains invalid characters.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused("The field DashboardBody must be a valid JSON object", "") from None
    if not isinstance(document, dict):
        raise _refused("The field DashboardBody must be a valid JSON object", "")
    if not isinstance(document.get("widgets"), list):
        raise _refused("Should have required property 'widgets'", "/")
    call.tx.run(
        "INSERT INTO cloudwatch_dashboards VALUES (?, ?, ?, ?) ON CONFLICT (account, name)"
        " DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at",
        call.account,
        name,
        body,
        call.now_ms,
    )
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    add_tags(call.tx, dashboard_arn(call, name), tags)
    return {"DashboardValidationMessages": []}


def _refused(message: str, path: str) -> AwsError:
    told = {"dashboardValidationMessages": [{"DataPath": path, "Message": message}]}
    words = f"The field DashboardBody is invalid: {message}"
    return AwsError("DashboardInvalidInputError", words, members=told)


@SERVICE.operation("GetDashboard", reads=True, resource=_resource)
def get_dashboard(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A dashboard."""
    name = params["DashboardName"]
    row = call.tx.one("SELECT body FROM cloudwatch_dashboards WHERE account = ? AND name = ?", call.account, name)
    if row is None:
        raise _no_dashboard(name)
    return {"DashboardArn": dashboard_arn(call, name), "DashboardBody": row[0], "DashboardName": name}


def _no_dashboard(names: str) -> AwsError:
    return AwsError("DashboardNotFoundError", f"Dashboard {names} does not exist", status=404)


@SERVICE.operation("ListDashboards", reads=True)
def list_dashboards(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The account's dashboards, by name."""
    token, prefix = params.get("NextToken"), params.get("DashboardNamePrefix") or ""
    after = decode_token(token, "InvalidParameterValueException", "The token is invalid.")[0] if token else ""
    rows = call.tx.all(
        "SELECT name, length(body), changed_at FROM cloudwatch_dashboards WHERE account = ? AND name > ? AND name >= ?"
        " ORDER BY name LIMIT ?",
        call.account,
        after,
        prefix,
        _PAGE + 1,
    )
    kept = [row for row in rows if row[0].startswith(prefix)]
    entries = [
        {
            "DashboardName": row[0],
            "DashboardArn": dashboard_arn(call, row[0]),
            "LastModified": row[2],
            "Size": row[1],
        }
        for row in kept[:_PAGE]
    ]
    more = {"NextToken": encode_token(kept[_PAGE - 1][0])} if len(kept) > _PAGE else {}
    return {"DashboardEntries": entries, **more}


@SERVICE.operation("DeleteDashboards")
def delete_dashboards(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove dashboards: all of them, or none if one is not there."""
    missing = []
    for name in params["DashboardNames"]:
        sql = "DELETE FROM cloudwatch_dashboards WHERE account = ? AND name = ?"
        if not call.tx.run(sql, call.account, name):
            missing.append(name)
        drop_tags(call.tx, dashboard_arn(call, name))
    if missing:
        raise _no_dashboard(f"[{', '.join(missing)}]")
    return {}
