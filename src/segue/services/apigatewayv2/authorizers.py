"""Who may take a route: everybody, whoever signs as IAM allows or brings a token, or whomever a function lets through.

Source: API Gateway developer guide, "Control access to HTTP APIs with AWS Lambda authorizers" and "with IAM
authorization". What a function said is remembered for the request, not for its cache's time: it is asked every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.authorize import authorize_action
from segue.api.call import Result
from segue.api.http_payload import query_of, request_v1, request_v2
from segue.api.integration_targets import function_of, role_or_service
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.policy import Request as PolicyRequest
from segue.languages.policy import evaluate
from segue.services.apigatewayv2.entered import Entered, answer
from segue.services.apigatewayv2.jwt_authorizers import authorize_by_token
from segue.services.apigatewayv2.service import SERVICE

Then = Callable[[Entered], Result]


def authorize(entered: Entered, then: Then) -> Result:
    """Go on with ``then`` where the request may; else the refusal."""
    kind = entered.route.get("AuthorizationType", "NONE")
    if kind == "AWS_IAM":
        return _by_signature(entered, then)
    if kind in ("CUSTOM", "JWT") and "authorizer" not in entered.visit.memory:
        return _ask(entered, then)
    return then(entered)


def _by_signature(entered: Entered, then: Then) -> Result:
    if not entered.visit.request.header("authorization").startswith("AWS4-"):
        return answer(entered.api, entered.visit, 403, "Forbidden")
    caller = entered.visit.authenticate(entered.call.tx)
    try:
        authorize_action(entered.call.as_caller(caller), SERVICE, "execute-api:Invoke", entered.call.caller.source_arn)
    except AwsError:
        return answer(entered.api, entered.visit, 403, "Forbidden")
    return then(entered)


def _ask(entered: Entered, then: Then) -> Result:
    authorizer = entered.served.part("Authorizer", entered.route.get("AuthorizerId", ""))
    if authorizer is None:
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    sources = [_identity(entered, source) for source in authorizer.get("IdentitySource") or ()]
    if not all(sources):
        return answer(entered.api, entered.visit, 401, "Unauthorized")
    if authorizer["AuthorizerType"] == "JWT":
        return authorize_by_token(entered, authorizer, str(sources[0]) if sources else "", then)
    event = _event(entered, authorizer, [str(source) for source in sources])
    call = role_or_service(entered.call, authorizer.get("AuthorizerCredentialsArn"))
    params = {"FunctionName": function_of(authorizer["AuthorizerUri"]), "Payload": json.dumps(event).encode()}
    try:
        asked = call.perform("lambda:Invoke", params)
    except AwsError:
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    assert isinstance(asked, Outbound)
    return Outbound(asked.effect, asked.request, partial(_told, entered, then, authorizer, asked))


def _identity(entered: Entered, source: str) -> str | None:
    """The value of an identity source (``$request.header.Authorization``)."""
    kind, _, name = source.removeprefix("$request.").partition(".")
    if kind == "header":
        return entered.visit.request.headers.get(name.lower())
    if kind == "querystring":
        return ",".join(query_of(entered.visit.request).get(name, ())) or None
    return str(entered.stage.get("StageVariables", {}).get(name, "")) if source.startswith("$stageVariables") else "-"


def _event(entered: Entered, authorizer: dict[str, Any], sources: list[str]) -> dict[str, Any]:
    asked, request = entered.asked(), entered.visit.request
    if authorizer["AuthorizerPayloadFormatVersion"] == "1.0":
        event = request_v1(asked, request, version="1.0")
        event |= {"identitySource": ",".join(sources), "authorizationToken": ",".join(sources)}
    else:
        event = request_v2(asked, request) | {"identitySource": sources}
    event.pop("body", None)
    event.pop("isBase64Encoded", None)
    return event | {"type": "REQUEST", "routeArn": _route_arn(entered), "methodArn": _route_arn(entered)}


def _route_arn(entered: Entered) -> str:
    path = entered.path.removeprefix("/")
    return f"{entered.api.arn}/{entered.stage_name}/{entered.visit.request.method}/{path}"


def _told(
    entered: Entered, then: Then, authorizer: dict[str, Any], asked: Outbound, call: Call, outcome: Any
) -> Result:
    result = asked.settle(call, outcome)
    try:
        said = json.loads(result["Payload"])
    except ValueError:
        said = None
    if "FunctionError" in result or not isinstance(said, dict):
        if b"Unauthorized" in result["Payload"]:
            return answer(entered.api, entered.visit, 401, "Unauthorized")
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    allowed = said.get("isAuthorized") is True if authorizer.get("EnableSimpleResponses") else _allows(entered, said)
    if not allowed:
        return answer(entered.api, entered.visit, 403, "Forbidden")
    context = said.get("context") or {}
    own = authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    entered.visit.memory["authorizer"] = {"lambda": context} if own else context
    return then(entered.within(call))


def _allows(entered: Entered, said: dict[str, Any]) -> bool:
    """Whether the policy that a function answers lets the request through."""
    policy = said.get("policyDocument")
    if not isinstance(policy, dict) or not said.get("principalId"):
        return False
    try:
        return evaluate([policy], PolicyRequest("execute-api:Invoke", _route_arn(entered))) == "Allow"
    except ValueError:
        return False
