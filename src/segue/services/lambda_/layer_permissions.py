"""Who may use a layer's version: its resource policy, statement by statement."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.arn import is_account
from segue.services.lambda_.errors import conflict, missing, stale_revision
from segue.services.lambda_.layers import find_layer, version_resource
from segue.services.lambda_.service import SERVICE


@SERVICE.operation("AddLayerVersionPermission", resource=version_resource)
def add_layer_version_permission(call: Call, params: dict[str, Any]) -> Result:
    arn, document, revision = _policy(call, params)
    sid = params["StatementId"]
    if any(statement["Sid"] == sid for statement in document["Statement"]):
        raise conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    principal = params["Principal"]
    if is_account(principal):
        principal = f"arn:aws:iam::{principal}:root"
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": principal},
        "Action": params["Action"],
        "Resource": arn,
    }
    if params.get("OrganizationId"):
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": params["OrganizationId"]}}
    revision = _save(call, arn, {**document, "Statement": [*document["Statement"], statement]})
    return {"Statement": _text(statement), "RevisionId": revision}


@SERVICE.operation("RemoveLayerVersionPermission", resource=version_resource)
def remove_layer_version_permission(call: Call, params: dict[str, Any]) -> Result:
    arn, document, _ = _policy(call, params)
    left = [statement for statement in document["Statement"] if statement["Sid"] != params["StatementId"]]
    if len(left) == len(document["Statement"]):
        raise missing(f"Statement {params['StatementId']} is not found in resource policy.")
    _save(call, arn, {**document, "Statement": left})
    return {}


@SERVICE.operation("GetLayerVersionPolicy", reads=True, resource=version_resource)
def get_layer_version_policy(call: Call, params: dict[str, Any]) -> Result:
    _, document, revision = _policy(call, params)
    if not document["Statement"]:
        raise missing("No policy is associated with the given resource.")
    return {"Policy": _text(document), "RevisionId": revision}


def _policy(call: Call, params: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    arn = version_resource(call, params)
    if find_layer(call.tx, arn) is None:
        raise missing(f"Layer version {arn} does not exist.")
    row = call.tx.one("SELECT document, revision FROM lambda_layer_policies WHERE arn = ?", arn)
    if row is None:
        return arn, {"Version": "2012-10-17", "Id": "default", "Statement": []}, ""
    if params.get("RevisionId", row[1]) != row[1]:
        raise stale_revision("GetLayerVersionPolicy")
    return arn, json.loads(row[0]), row[1]


def _save(call: Call, arn: str, document: dict[str, Any]) -> str:
    revision = call.tx.ids.uuid()
    if not document["Statement"]:
        call.tx.run("DELETE FROM lambda_layer_policies WHERE arn = ?", arn)
        return revision
    call.tx.run(
        "INSERT INTO lambda_layer_policies (arn, document, revision) VALUES (?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET document = excluded.document, revision = excluded.revision",
        arn,
        _text(document),
        revision,
    )
    return revision


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
