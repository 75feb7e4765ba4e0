"""An API's own policy: who may call its methods, from where.

It is held against requests as the server's mode for policies says: ``enforce`` refuses, ``audit`` records what AWS
would refuse, ``off`` does not ask.

Source: API Gateway developer guide, "Control access to a REST API with API Gateway resource policies" and "How API
Gateway resource policies affect authorization workflow".
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from segue.api.caller import Caller
from segue.api.deliveries import Delivery, record
from segue.api.endpoint import ANONYMOUS
from segue.api.http_payload import source_ip
from segue.languages.policy import Request as PolicyRequest
from segue.languages.policy import evaluate
from segue.services.apigateway.entered import Entered

_ACTION = "execute-api:Invoke"


def decide(entered: Entered, caller: Caller = ANONYMOUS) -> str | None:
    """``Allow``, ``Deny``, or ``None`` where the API's policy says nothing, or there is none."""
    document = _policy(entered)
    if document is None:
        return None
    request = entered.visit.request
    context = {
        "aws:SourceIp": source_ip(request),
        "aws:SecureTransport": "true",
        "aws:UserAgent": request.header("user-agent"),
        "aws:Referer": request.header("referer"),
        "aws:RequestedRegion": entered.region,
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
    }
    context = {name: value for name, value in context.items() if value}
    asked = PolicyRequest(_ACTION, entered.method_arn, caller.principal_arn, caller.account, caller.service, context)
    return evaluate([document], asked, resource_policy=True)


def refusal(entered: Entered) -> str:
    """Why the API's policy refuses a caller of whom only the policy speaks, in AWS's words; empty where it does not."""
    mode = entered.call.api.settings.iam
    if mode == "off" or _policy(entered) is None:
        return ""
    decision = decide(entered)
    if decision == "Allow":
        return ""
    arn = entered.method_arn.replace(entered.account, f"********{entered.account[-4:]}", 1)
    words = f"User: anonymous is not authorized to perform: {_ACTION} on resource: {arn}"
    words += " with an explicit deny" if decision == "Deny" else ""
    if mode == "enforce":
        return words
    record(entered.call, Delivery("anonymous", entered.method_arn, _ACTION, "audit", 1, words))
    return ""


def _policy(entered: Entered) -> dict[str, Any] | None:
    text = entered.content.get("policy")
    if not text:
        return None
    arn = f"arn:aws:execute-api:{entered.region}:{entered.account}:{entered.api_id}"
    return _read(text.replace('\\"', '"') if text.startswith('{\\"') else text, arn)


@lru_cache(maxsize=128)
def _read(text: str, arn: str) -> dict[str, Any] | None:
    """The document; what it calls ``execute-api:/stage/…`` is of this API."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    statements = found.get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        for member in ("Resource", "NotResource"):
            if isinstance(statement, dict) and member in statement:
                named = statement[member] if isinstance(statement[member], list) else [statement[member]]
                statement[member] = [_whole(str(name), arn) for name in named]
    return found


def _whole(name: str, arn: str) -> str:
    return arn + name.removeprefix("execute-api:") if name.startswith("execute-api:/") else name
