"""Whoever brings a token of the issuer may take a route.

The issuer's keys are asked for at its published address (``/.well-known/openid-configuration``) when they are first
needed, and kept for two hours; a token of an unknown key asks again, at most every five minutes.

Source: API Gateway developer guide, "Control access to HTTP APIs with JWT authorizers".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from segue.api import Call, jwt
from segue.api.call import Result
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.jobs import Outbound
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.entered import Entered, answer

Then = Callable[[Entered], Result]

_KEYS = "Keys"
_KEPT_MS = 2 * 3_600_000
_ASK_AGAIN_MS = 5 * 60_000
_CONFIGURATION = "/.well-known/openid-configuration"


def authorize_by_token(entered: Entered, authorizer: dict[str, Any], text: str, then: Then) -> Result:
    """Go on with ``then`` where the token is good, and allows what the route asks for."""
    settings = authorizer.get("JwtConfiguration") or {}
    issuer = str(settings.get("Issuer", ""))
    try:
        token = jwt.read_token(text)
        jwt.check_claims(token.claims, issuer, settings.get("Audience") or (), entered.call.now_ms)
        key = _key(entered, issuer, token)
        if key is None:
            return _ask(entered, authorizer, text, then, issuer.rstrip("/") + _CONFIGURATION)
        jwt.check_signature(token, key)
    except jwt.Refused as refused:
        return _refuse(entered, entered.call, str(refused))
    wanted, allowed = entered.route.get("AuthorizationScopes") or [], jwt.scopes_of(token.claims)
    if wanted and not set(wanted) & set(allowed):
        return answer(entered.api, entered.visit, 403, "Forbidden")
    entered.visit.memory["authorizer"] = {"jwt": {"claims": jwt.told(token.claims), "scopes": wanted or None}}
    return then(entered)


def _key(entered: Entered, issuer: str, token: jwt.Token) -> Any:
    """The issuer's key; ``None`` where it must be asked first.

    Raises:
        jwt.Refused: it has no such key.
    """
    known = records.find_part(entered.call.tx, entered.api.id, _KEYS, issuer)
    age_ms = entered.call.now_ms - (known or {}).get("at_ms", 0)
    found = jwt.find_key(token, known["keys"]) if known is not None and age_ms < _KEPT_MS else None
    if found is None and known is not None and age_ms < _ASK_AGAIN_MS:
        raise jwt.Refused("the issuer has no such key")
    return found


def _ask(entered: Entered, authorizer: dict[str, Any], text: str, then: Then, url: str) -> Result:
    return Outbound(HTTP, HttpRequest("GET", url, timeout_seconds=5), partial(_asked, entered, authorizer, text, then))


def _asked(
    entered: Entered, authorizer: dict[str, Any], text: str, then: Then, call: Call, outcome: HttpAnswer | HttpFailure
) -> Result:
    """First comes where the keys are, then the keys."""
    again = entered.within(call)
    if isinstance(outcome, HttpFailure):
        return _refuse(entered, call, f"the issuer does not answer: {outcome.reason}")
    try:
        document = json.loads(outcome.body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("keys"), list):
        issuer = str((authorizer.get("JwtConfiguration") or {}).get("Issuer", ""))
        keys = [key for key in document["keys"] if isinstance(key, dict)]
        records.put_part(call.tx, entered.api.id, _KEYS, issuer, {"keys": keys, "at_ms": call.now_ms})
        return authorize_by_token(again, authorizer, text, then)
    place = document.get("jwks_uri") if isinstance(document, dict) else None
    if not isinstance(place, str) or not place.startswith(("https://", "http://")) or "asked" in entered.visit.memory:
        return _refuse(entered, call, f"the issuer answers {outcome.status} and no keys")
    entered.visit.memory["asked"] = True
    return _ask(again, authorizer, text, then, place)


def _refuse(entered: Entered, call: Call, why: str) -> dict[str, Any]:
    source = entered.call.caller.source_arn
    record(call, Delivery(source, source, "execute-api:Invoke", "failed", 1, f"The token was refused: {why}"))
    refused = answer(entered.api, entered.visit, 401, "Unauthorized")
    refused["response"].headers["www-authenticate"] = "Bearer"
    return refused
