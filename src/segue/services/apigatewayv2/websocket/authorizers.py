"""Who may connect: everybody, whoever signs as IAM allows, or whomever a function lets through.

Source: API Gateway developer guide, "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers" and "with
IAM authorization". A function is asked at every connection, whatever the time for which it may be remembered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from segue.api.authorize import authorize_action
from segue.api.call import Call, Result
from segue.api.caller import Caller, service_caller
from segue.api.integration_targets import function_of, role_or_service, with_stage_variables
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.policy import Request as PolicyRequest
from segue.languages.policy import evaluate
from segue.services.apigatewayv2.service import SERVICE
from segue.services.apigatewayv2.websocket.entered import Document, Entered

Then = Callable[[Entered], Result]
_DENIED = "User is not authorized to access this resource"
_EXPLICITLY = "User is not authorized to access this resource with an explicit deny"


def authorize(entered: Entered, authenticate: Callable[[], Caller], then: Then) -> Result:
    """Go on with ``then`` where the client may connect; else the refusal."""
    kind = entered.route.get("AuthorizationType", "NONE")
    if kind == "AWS_IAM":
        return _by_signature(entered, authenticate, then)
    if kind == "CUSTOM" and "authorizer" not in entered.memory:
        return _ask(entered, then)
    return then(_authorized(entered))


def _authorized(entered: Entered) -> Entered:
    authorizer = entered.memory.get("authorizer")
    if authorizer is None:
        return entered
    return replace(entered, connection=replace(entered.connection, authorizer=authorizer))


def _by_signature(entered: Entered, authenticate: Callable[[], Caller], then: Then) -> Result:
    request = entered.request
    assert request is not None
    if not request.header("authorization").startswith("AWS4-") and "X-Amz-Signature=" not in request.query:
        return entered.refuse(403, "Missing Authentication Token")
    try:
        caller = authenticate()
        authorize_action(entered.call.as_caller(caller), SERVICE, "execute-api:Invoke", entered.route_arn)
    except AwsError as error:
        return entered.refuse(403, error.message)
    who = {
        "accountId": caller.account,
        "accessKey": caller.access_key or None,
        "caller": caller.principal_arn,
        "user": caller.principal_arn,
        "userArn": caller.principal_arn,
    }
    known = replace(entered.connection, identity={**entered.connection.identity, **who})
    return then(replace(entered, connection=known))


def _ask(entered: Entered, then: Then) -> Result:
    authorizer = entered.served.part("Authorizer", entered.route.get("AuthorizerId", ""))
    if authorizer is None:
        return entered.refuse(500, None)
    sources = [entered.value(source) for source in authorizer.get("IdentitySource") or ()]
    if not all(sources):
        return entered.refuse(401, "Unauthorized")
    event = {"type": "REQUEST", "methodArn": entered.route_arn, **entered.request_members()}
    event |= {"stageVariables": entered.stage_variables, "requestContext": entered.context}
    arn = f"{entered.served.api.arn}/authorizers/{authorizer['AuthorizerId']}"
    owned = entered.call.as_caller(service_caller(entered.call.caller.service, arn))
    call = role_or_service(owned, authorizer.get("AuthorizerCredentialsArn"))
    function = function_of(with_stage_variables(authorizer.get("AuthorizerUri", ""), entered.stage_variables))
    try:
        asked = call.perform("lambda:Invoke", {"FunctionName": function, "Payload": json.dumps(event).encode()})
    except AwsError:
        return entered.refuse(500, None)
    assert isinstance(asked, Outbound)
    return Outbound(asked.effect, asked.request, partial(_told, entered, then, asked))


def _told(before: Entered, then: Then, asked: Outbound, call: Call, outcome: Any) -> Result:
    entered = before.on(call)
    try:
        result = asked.settle(call, outcome)
        said = json.loads(result["Payload"])
    except (AwsError, ValueError):
        return entered.refuse(500, None)
    if "FunctionError" in result or not isinstance(said, dict):
        is_refusal = isinstance(said, dict) and said.get("errorMessage") == "Unauthorized"
        return entered.refuse(401, "Unauthorized") if is_refusal else entered.refuse(500, None)
    decision = _decision(entered, said)
    if decision is None:
        return entered.refuse(500, None)
    if decision != "Allow":
        return entered.refuse(403, _EXPLICITLY if decision == "Deny" else _DENIED)
    shown: Document = {"principalId": said["principalId"], "integrationLatency": 0, **(said.get("context") or {})}
    entered.memory["authorizer"] = shown
    entered.memory["usage_key"] = said.get("usageIdentifierKey")
    return then(_authorized(entered))


def _decision(entered: Entered, said: Document) -> str | None:
    """What the policy that a function answers comes to; ``None`` for an answer that is none."""
    policy, context = said.get("policyDocument"), said.get("context") or {}
    flat = isinstance(context, dict) and not any(isinstance(value, dict | list) for value in context.values())
    if not isinstance(policy, dict) or not said.get("principalId") or not flat:
        return None
    try:
        return evaluate([policy], PolicyRequest("execute-api:Invoke", entered.route_arn)) or "none"
    except ValueError:
        return None
