"""Who may invoke a function: its resource policy, statement by statement."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.arn import is_account
from segue.services.lambda_.errors import conflict, invalid, missing, stale_revision
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import LATEST, FunctionName, function_resource, named_function
from segue.services.lambda_.service import SERVICE

_POLICY_BYTES = 20_480
_STALE = "GetPolicy"


@SERVICE.operation("AddPermission", resource=function_resource)
def add_permission(call: Call, params: dict[str, Any]) -> Result:
    named = _checked(call, params)
    document, revision = _policy(call, named)
    if params.get("RevisionId", revision) != revision:
        raise stale_revision(_STALE)
    sid = params["StatementId"]
    if any(statement["Sid"] == sid for statement in document["Statement"]):
        raise conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    statement = _statement(named.qualified_arn, params)
    document["Statement"].append(statement)
    _save(call, named, document)
    return {"Statement": _text(statement)}


@SERVICE.operation("RemovePermission", resource=function_resource)
def remove_permission(call: Call, params: dict[str, Any]) -> Result:
    named = _checked(call, params)
    document, revision = _policy(call, named)
    if not document["Statement"]:
        raise missing("No policy is associated with the given resource.")
    if params.get("RevisionId", revision) != revision:
        raise stale_revision(_STALE)
    sid = params["StatementId"]
    left = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    if len(left) == len(document["Statement"]):
        raise missing(f"Statement {sid} is not found in resource policy.")
    _save(call, named, {**document, "Statement": left})
    return {}


@SERVICE.operation("GetPolicy", reads=True, resource=function_resource)
def get_policy(call: Call, params: dict[str, Any]) -> Result:
    named = _checked(call, params)
    document, revision = _policy(call, named)
    if not document["Statement"]:
        raise missing()
    return {"Policy": _text(document), "RevisionId": revision}


def _checked(call: Call, params: dict[str, Any]) -> FunctionName:
    named = named_function(call, params)
    if named.qualifier == LATEST:
        raise invalid("We currently do not support adding policies for $LATEST.")
    existing(call, named)
    return named


def _policy(call: Call, named: FunctionName) -> tuple[dict[str, Any], str]:
    row = call.tx.one("SELECT document, revision FROM lambda_policies WHERE arn = ?", named.qualified_arn)
    if row is None:
        return {"Version": "2012-10-17", "Id": "default", "Statement": []}, ""
    return json.loads(row[0]), row[1]


def _save(call: Call, named: FunctionName, document: dict[str, Any]) -> None:
    if not document["Statement"]:
        call.tx.run("DELETE FROM lambda_policies WHERE arn = ?", named.qualified_arn)
        return
    text = _text(document)
    if len(text.encode()) > _POLICY_BYTES:
        raise conflict(f"The final policy size ({len(text.encode())}) is bigger than the limit ({_POLICY_BYTES}).")
    call.tx.run(
        "INSERT INTO lambda_policies (arn, function_arn, document, revision) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET document = excluded.document, revision = excluded.revision",
        named.qualified_arn,
        named.arn,
        text,
        call.tx.ids.uuid(),
    )


def _statement(resource: str, params: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(params["Principal"]),
        "Action": params["Action"],
        "Resource": resource,
    }
    conditions = _conditions(params)
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principal(principal: str) -> Any:
    if principal == "*":
        return "*"
    if principal.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazon.com")):
        return {"Service": principal}
    if is_account(principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    if principal.startswith("arn:"):
        return {"AWS": principal}
    raise invalid("The provided principal was invalid. Please check the principal and try again.")


def _conditions(params: dict[str, Any]) -> dict[str, Any]:
    """The condition block, its operators in the order in which AWS prints them."""
    equal = {
        "AWS:SourceAccount": params.get("SourceAccount"),
        "lambda:EventSourceToken": params.get("EventSourceToken"),
        "lambda:FunctionUrlAuthType": params.get("FunctionUrlAuthType"),
        "aws:PrincipalOrgID": params.get("PrincipalOrgID"),
    }
    conditions: dict[str, Any] = {}
    equal = {key: value for key, value in equal.items() if value}
    if equal:
        conditions["StringEquals"] = equal
    if params.get("SourceArn"):
        conditions["ArnLike"] = {"AWS:SourceArn": params["SourceArn"]}
    if params.get("InvokedViaFunctionUrl") is not None:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(params["InvokedViaFunctionUrl"]).lower()}
    return conditions


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
