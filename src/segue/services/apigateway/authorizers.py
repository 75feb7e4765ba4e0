"""Who may call a method: everybody, whoever signs as IAM allows, or whomever a function lets through.

Source: API Gateway developer guide, "Use API Gateway Lambda authorizers" and "Control access to a REST API with IAM
permissions". What a function said is remembered for the request, not for its cache's time: it is asked every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from segue.api.authorize import authorize_action
from segue.api.call import Call, Result
from segue.api.caller import service_caller
from segue.api.integration_targets import function_of, role_or_service, with_stage_variables
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.policy import Request as PolicyRequest
from segue.languages.policy import evaluate
from segue.languages.regexes import InvalidRegex, Regex
from segue.services.apigateway.cognito import authorize_by_token
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.policies import decide
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import SERVICE

Then = Callable[[Entered], Result]
_EXPLICIT = "User is not authorized to access this resource with an explicit deny"


def authorize(entered: Entered, then: Then) -> Result:
    """Go on with ``then`` where the request may; else the refusal."""
    kind = entered.method.get("authorizationType", "NONE")
    if kind == "AWS_IAM":
        return _by_signature(entered, then)
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and "authorizer" not in entered.visit.memory:
        return _ask(entered, then)
    return then(entered)


def _by_signature(entered: Entered, then: Then) -> Result:
    request = entered.visit.request
    if not request.header("authorization").startswith("AWS4-") and "X-Amz-Signature=" not in request.query:
        return refuse(entered, "MISSING_AUTHENTICATION_TOKEN")
    try:
        caller = entered.visit.authenticate(entered.call.tx)
        decision = decide(entered, caller)
        if decision == "Deny" and entered.call.api.settings.iam == "enforce":
            words = f"User: {caller.principal_arn} is not authorized to access this resource with an explicit deny"
            raise AwsError("AccessDeniedException", words, status=403)
        if decision != "Allow":
            authorize_action(entered.call.as_caller(caller), SERVICE, "execute-api:Invoke", entered.method_arn)
    except AwsError as error:
        return refuse(entered, "ACCESS_DENIED", error.message)
    entered.visit.memory["identity"] = {
        "accessKey": caller.access_key or None,
        "accountId": caller.account,
        "caller": caller.principal_arn,
        "user": caller.principal_arn,
        "userArn": caller.principal_arn,
    }
    return then(entered)


def _ask(entered: Entered, then: Then) -> Result:
    authorizer = entered.content.get("authorizers", {}).get(entered.method.get("authorizerId") or "")
    if authorizer is None:
        return refuse(entered, "AUTHORIZER_CONFIGURATION_ERROR")
    if authorizer["type"] == "COGNITO_USER_POOLS":
        return authorize_by_token(entered, authorizer, then)
    event = _event(entered, authorizer)
    if event is None:
        return refuse(entered, "UNAUTHORIZED")
    call = role_or_service(_for_authorizer(entered, authorizer), authorizer.get("authorizerCredentials"))
    function = function_of(with_stage_variables(authorizer["authorizerUri"], entered.stage_variables))
    try:
        asked = call.perform("lambda:Invoke", {"FunctionName": function, "Payload": json.dumps(event).encode()})
    except AwsError:
        return refuse(entered, "AUTHORIZER_CONFIGURATION_ERROR")
    assert isinstance(asked, Outbound)
    return Outbound(asked.effect, asked.request, partial(_told, entered, then, asked))


def _for_authorizer(entered: Entered, authorizer: Document) -> Call:
    """Permissions of functions speak of an authorizer by its id, not of the method that it guards."""
    arn = f"arn:aws:execute-api:{entered.region}:{entered.account}:{entered.api_id}/authorizers/{authorizer['id']}"
    return entered.call.as_caller(service_caller(entered.call.caller.service, arn))


def _event(entered: Entered, authorizer: Document) -> Document | None:
    """What the function is asked; ``None`` where the request has not what identifies it."""
    names = [name.strip() for name in str(authorizer.get("identitySource") or "").split(",") if name.strip()]
    found = [entered.value(name) for name in names]
    if not all(found):
        return None
    if authorizer["type"] == "TOKEN":
        token = str(found[0]) if found else ""
        if not _is_valid(authorizer.get("identityValidationExpression"), token):
            return None
        return {"type": "TOKEN", "methodArn": entered.method_arn, "authorizationToken": token}
    event = {name: value for name, value in entered.event.items() if name not in ("body", "isBase64Encoded")}
    return {"type": "REQUEST", "methodArn": entered.method_arn, **event}


def _is_valid(expression: str | None, token: str) -> bool:
    try:
        return not expression or Regex(expression).is_whole(token)
    except InvalidRegex:
        return False


def _told(entered: Entered, then: Then, asked: Outbound, call: Call, outcome: Any) -> Result:
    again = entered.on(call)
    try:
        result = asked.settle(call, outcome)
        said = json.loads(result["Payload"])
    except (AwsError, ValueError):
        return refuse(again, "AUTHORIZER_FAILURE")
    if "FunctionError" in result or not isinstance(said, dict):
        is_refusal = isinstance(said, dict) and said.get("errorMessage") == "Unauthorized"
        return refuse(again, "UNAUTHORIZED" if is_refusal else "AUTHORIZER_FAILURE")
    policy, principal = said.get("policyDocument"), said.get("principalId")
    context = said.get("context") or {}
    flat = isinstance(context, dict) and not any(isinstance(value, dict | list) for value in context.values())
    if not isinstance(policy, dict) or not principal or not flat:
        return refuse(again, "AUTHORIZER_CONFIGURATION_ERROR")
    try:
        decision = evaluate([policy], PolicyRequest("execute-api:Invoke", entered.method_arn))
    except ValueError:
        return refuse(again, "AUTHORIZER_CONFIGURATION_ERROR")
    # what the function said is context for the refusal's own template, too
    shown = {name: _text(value) for name, value in context.items() if value is not None}
    entered.visit.memory["authorizer"] = {**shown, "principalId": principal, "integrationLatency": 0}
    entered.visit.memory["usage_key"] = said.get("usageIdentifierKey")
    entered.visit.memory["policy"] = json.dumps(policy)
    if decision != "Allow":
        return refuse(entered.on(call), "ACCESS_DENIED", _EXPLICIT if decision == "Deny" else "")
    return then(entered.on(call))


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
