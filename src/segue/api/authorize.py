"""May this caller do this? Resource policies and identity policies, in three modes.

``off`` asks nobody. ``audit`` (the default) allows, and records what AWS would have denied: once for a principal, an
action and a resource, as what is polled would fill the record. ``enforce`` denies.
In ``audit``, too, one thing is denied: a service that may not invoke a function, because on AWS "nothing happens if
IAM doesn't play along" and a program whose grant is missing must not look as if it worked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api.call import Call, Result
from segue.api.deliveries import Delivery, is_recorded, record
from segue.api.service import Operation, Params, Service
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.languages.policy import Request, evaluate


def authorize(call: Call, service: Service, operation: Operation, params: Params) -> None:
    """Raise ``AwsError`` where the caller may not perform the operation and the mode denies."""
    mode = call.api.settings.iam
    caller = call.caller
    if mode == "off" or not operation.action or (caller.kind == "root" and mode == "audit"):
        return
    invokes_for_service = caller.kind == "service" and operation.action == "lambda:InvokeFunction"
    if mode == "audit" and caller.kind == "service" and service.resource_policy is None:
        return  # nobody could allow it: what a service does here, it does by itself
    resource = operation.resource(call, params) if operation.resource is not None else "*"
    if caller.kind == "root" and _account(call, service, resource) in ("", caller.account):
        return
    conditions = service.conditions(operation.name, params) if service.conditions is not None else {}
    if _allowed(call, service, operation, resource, conditions):
        return
    message = (
        f"User: {caller.principal_arn} is not authorized to perform: {operation.action} on resource: {resource} "
        f"because no {'resource' if caller.kind == 'service' else 'identity'}-based policy allows the "
        f"{operation.action} action"
    )
    if mode == "enforce" or invokes_for_service:
        raise AwsError("AccessDeniedException", message, status=403)
    hop = Delivery(caller.role_arn or caller.principal_arn, resource, operation.action, "audit", 1, message)
    if not is_recorded(call, hop):
        record(call, hop)


def authorize_action(call: Call, service: Service, action: str, resource: str) -> None:
    """Raise ``AwsError`` where the caller may not do ``action`` (``dynamodb:PutItem``) to ``resource``."""

    def handle(call: Call, params: Params) -> Result:
        raise AssertionError("only asked about")

    name = action.partition(":")[2]
    authorize(call, service, Operation(name, handle, resource=lambda call, params: resource, action=action), {})


def _allowed(call: Call, service: Service, operation: Operation, resource: str, conditions: dict[str, str]) -> bool:
    caller = call.caller
    request = Request(
        action=operation.action,
        resource=resource,
        principal_arn=caller.principal_arn,
        account=caller.account,
        service=caller.service,
        context=_context(call, operation, _account(call, service, resource)) | conditions,
    )
    document = service.resource_policy(call.tx, resource) if service.resource_policy and resource != "*" else None
    by_resource = evaluate([document], request, resource_policy=True) if document else None
    if by_resource == "Deny":
        return False
    if caller.kind == "service":
        return by_resource == "Allow"
    if caller.kind == "root":
        return by_resource == "Allow"
    identity: list[dict[str, Any]] = call.api.identity.policies(call.tx, caller) if call.api.identity else []
    decisions = [evaluate(identity, request)]
    if caller.session_policies:  # what a session was narrowed to, its role's policies do not widen
        decisions.append(evaluate(caller.session_policies, request))
    if "Deny" in decisions:
        return False
    by_identity = all(decision == "Allow" for decision in decisions)
    if _account(call, service, resource) not in ("", caller.account):
        return by_identity and by_resource == "Allow"  # into another account both sides must agree
    return by_identity or (by_resource == "Allow" and _names_caller(document, request))


def _names_caller(document: str | None, request: Request) -> bool:
    """Whether a resource's policy speaks of the caller, and not of its whole account: that leaves it to the account's
    own policies (IAM user guide, "Policy evaluation logic"; the default policy of every key of KMS says just this).
    """
    return document is not None and evaluate([document], replace(request, account=""), resource_policy=True) == "Allow"


def _account(call: Call, service: Service, resource: str) -> str:
    """Whose a resource is; empty where it is nobody's (yet)."""
    account = parse_arn(resource).account if is_arn(resource) else ""
    if not account and service.account_of is not None:
        return service.account_of(call.tx, resource)
    return account


def _context(call: Call, operation: Operation, resource_account: str) -> dict[str, str]:
    whose = resource_account or call.account
    # AWS is reached by TLS, and policies insist on it. Here plain HTTP is the way in, and no reason to refuse anybody.
    context = {
        "aws:RequestedRegion": call.region,
        "aws:PrincipalAccount": call.account,
        "aws:SecureTransport": "true",
        "aws:ResourceAccount": whose,
        f"{operation.action.partition(':')[0]}:ResourceAccount": whose,
    }
    if call.caller.source_arn:
        context["aws:SourceArn"] = call.caller.source_arn
        context["aws:SourceAccount"] = call.account
    if call.caller.kind != "service":
        context["aws:PrincipalArn"] = call.caller.role_arn or call.caller.principal_arn
    return context
