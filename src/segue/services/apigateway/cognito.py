"""Whoever brings a token of one of the authorizer's user pools may call a method.

There are no user pools here. A token is held against the keys that its pool publishes: at the server that
``cognito-idp`` is forwarded to, or else at AWS. They are kept for two hours.

Source: API Gateway developer guide, "Control access to REST APIs using Amazon Cognito user pools as an authorizer";
Cognito developer guide, "Verifying JSON web tokens".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from segue.api import jwt
from segue.api.call import Call, Result
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.arn import parse_arn
from segue.jobs import Outbound
from segue.languages.regexes import InvalidRegex, Regex
from segue.services.apigateway import records
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.records import Document

Then = Callable[[Entered], Result]
_KEYS = "Keys"
_KEPT_MS = 2 * 3_600_000


def authorize_by_token(entered: Entered, authorizer: Document, then: Then) -> Result:
    """Go on with ``then`` where the token is good, and allows what the method asks for."""
    name = str(authorizer.get("identitySource") or "method.request.header.Authorization")
    text = str(entered.value(name.split(",")[0].strip()) or "")
    if not text or not _is_valid(authorizer.get("identityValidationExpression"), text):
        return refuse(entered, "UNAUTHORIZED")
    try:
        token = jwt.read_token(text)
        issuer, place = _pool(entered, authorizer, token)
        kept = records.find_owned(entered.call.tx, entered.account, entered.region, _KEYS, place)
        if kept is None or entered.call.now_ms - kept["at_ms"] >= _KEPT_MS:
            wanted = HttpRequest("GET", f"{place}/.well-known/jwks.json", timeout_seconds=5)
            return Outbound(HTTP, wanted, partial(_asked, entered, authorizer, place, then))
        key = jwt.find_key(token, kept["keys"])
        if key is None:
            raise jwt.Refused("its pool has no such key")
        jwt.check_signature(token, key)
        jwt.check_claims(token.claims, issuer, (), entered.call.now_ms)
        allowed = _allows(entered, token)
    except jwt.Refused as refused:
        is_old = "expired" in str(refused)
        return _refuse(entered, str(refused), "The incoming token has expired" if is_old else "")
    if not allowed:
        return _refuse(entered, "it is no token for this method")
    entered.visit.memory["authorizer"] = {"claims": jwt.told(token.claims)}
    return then(entered)


def _is_valid(expression: str | None, token: str) -> bool:
    try:
        return not expression or Regex(expression).is_whole(token)
    except InvalidRegex:
        return False


def _pool(entered: Entered, authorizer: Document, token: jwt.Token) -> tuple[str, str]:
    """The issuer that a token says it is of, and where its keys are.

    Raises:
        jwt.Refused: none of the authorizer's pools is.
    """
    said = str(token.claims.get("iss", ""))
    forwards = entered.call.api.forwards
    forward = forwards.of("cognito-idp") if forwards else None
    for arn in authorizer.get("providerARNs") or ():
        pool = parse_arn(arn)
        name = pool.resource.rpartition("/")[2]
        issuer = f"https://cognito-idp.{pool.region}.amazonaws.com/{name}"
        place = f"{forward.url}/{name}" if forward is not None and forward.url else issuer
        if said in (issuer, place) or (place != issuer and said.endswith(f"/{name}")):
            return said, place
    raise jwt.Refused("it is of another issuer")


def _allows(entered: Entered, token: jwt.Token) -> bool:
    """An access token of one of the method's scopes; an identity token where the method asks for none."""
    wanted = entered.method.get("authorizationScopes") or []
    if wanted:
        return bool(set(wanted) & set(jwt.scopes_of(token.claims)))
    return token.claims.get("token_use") != "access"


def _asked(
    before: Entered, authorizer: Document, place: str, then: Then, call: Call, outcome: HttpAnswer | HttpFailure
) -> Result:
    entered = before.on(call)
    if isinstance(outcome, HttpFailure):
        return _refuse(entered, f"the keys of its pool cannot be had at {place}: {outcome.reason}")
    try:
        found: Any = json.loads(outcome.body)["keys"]
        keys = [key for key in found if isinstance(key, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return _refuse(entered, f"{place} answers {outcome.status} and no keys")
    document = {"keys": keys, "at_ms": call.now_ms}
    records.put_owned(call.tx, entered.account, entered.region, _KEYS, place, document)
    return authorize_by_token(entered, authorizer, then)


def _refuse(entered: Entered, why: str, message: str = "") -> Document:
    source = entered.call.caller.source_arn
    record(entered.call, Delivery(source, source, "execute-api:Invoke", "failed", 1, f"The token was refused: {why}"))
    return refuse(entered, "UNAUTHORIZED", message)
