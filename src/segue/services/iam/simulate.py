"""What would be allowed: the policy simulators."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.caller import Caller
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.languages.policy import Request, evaluate
from segue.services.iam.documents import checked
from segue.services.iam.entities import find_by_arn
from segue.services.iam.identity import IamIdentity
from segue.services.iam.service import SERVICE

_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", None: "implicitDeny"}


@SERVICE.operation("SimulatePrincipalPolicy", resource=lambda call, params: str(params["PolicySourceArn"]))
def simulate_principal_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What the policies of a user, group or role, and further ones, would allow."""
    arn = params["PolicySourceArn"]
    entity = find_by_arn(call.tx, arn)
    if entity is None:
        raise AwsError("NoSuchEntity", f"The entity with ARN {arn} cannot be found.", status=404)
    caller = Caller(account=entity.account, kind="user" if entity.kind == "user" else "session", arn=arn)
    documents = [*IamIdentity().policies(call.tx, caller), *map(checked, params.get("PolicyInputList", ()))]
    return _simulate(params, documents, arn)


@SERVICE.operation("SimulateCustomPolicy")
def simulate_custom_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What the given policies would allow."""
    caller = params.get("CallerArn", call.caller.principal_arn)
    return _simulate(params, [checked(text) for text in params["PolicyInputList"]], caller)


def _simulate(params: dict[str, Any], documents: list[Any], principal: str) -> dict[str, Any]:
    for member in ("PermissionsBoundaryPolicyInputList", "OrderedOrganizationPolicyInputList"):
        if params.get(member):
            raise AwsError("NotImplemented", f"Segue does not implement {member} of the simulators yet.", status=501)
    entries = params.get("ContextEntries", ())
    context = {entry.get("ContextKeyName", ""): entry.get("ContextKeyValues", []) for entry in entries}
    resource_policy = [checked(params["ResourcePolicy"], "resource")] if params.get("ResourcePolicy") else []
    account = parse_arn(principal).account
    results = []
    for action in params["ActionNames"]:
        for resource in params.get("ResourceArns") or ["*"]:
            request = Request(action, resource, principal, account, "", context)
            decisions = {evaluate(documents, request), evaluate(resource_policy, request, resource_policy=True)}
            decision = next((one for one in ("Deny", "Allow") if one in decisions), None)
            result = {"EvalActionName": action, "EvalResourceName": resource, "MatchedStatements": []}
            results.append({**result, "EvalDecision": _DECISIONS[decision], "MissingContextValues": []})
    return {"EvaluationResults": results, "IsTruncated": False}
