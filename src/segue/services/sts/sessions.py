"""Credentials for a while: AssumeRole and its kin."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from segue.api import Call
from segue.api.deliveries import Delivery, is_recorded, record
from segue.arn import Arn, parse_arn
from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, Request, evaluate, validate_document
from segue.services.sts.records import Session, save_session, trust_policy_of, unique_id_of
from segue.services.sts.service import SERVICE

_DEFAULT_ROLE_SECONDS = 3_600
_DEFAULT_SESSION_SECONDS = 43_200


def _role(call: Call, params: dict[str, Any]) -> str:
    return str(params["RoleArn"])


@SERVICE.operation("AssumeRole", resource=_role)
def assume_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Credentials of a role's session.

    In ``enforce`` mode the role must exist and trust the caller. Otherwise a session is issued for any role ARN, so
    that a function whose role nobody made still has an identity of its own.
    """
    role = _role_arn(params["RoleArn"])
    _check_trust(call, params, "sts:AssumeRole")
    return _session_of_role(call, role, params)


@SERVICE.internal("MayAssumeRole", resource=_role, action="sts:AssumeRole")
def may_assume_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether the caller could assume a role, for a service that does without the session's credentials."""
    _check_trust(call, params, "sts:AssumeRole")
    return {}


@SERVICE.operation("AssumeRoleWithWebIdentity", resource=_role)
def assume_role_with_web_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Credentials of a role's session for the bearer of an OpenID Connect token; its signature is not verified."""
    claims = _claims(params["WebIdentityToken"])
    answer = _session_of_role(call, _role_arn(params["RoleArn"]), params)
    return {
        **answer,
        "SubjectFromWebIdentityToken": str(claims.get("sub", "")),
        "Provider": str(claims.get("iss", "")),
        "Audience": str(claims.get("aud", "")),
    }


@SERVICE.operation("GetSessionToken")
def get_session_token(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Temporary credentials of the caller itself."""
    seconds = params.get("DurationSeconds", _DEFAULT_SESSION_SECONDS)
    caller = call.caller
    kind = "user" if caller.kind == "user" else "root"
    known = unique_id_of(call.tx, caller.principal_arn)
    user_id = known[0] if known else call.account
    session = _new_session(call, call.account, kind, caller.principal_arn, "", user_id, (), seconds)
    return {"Credentials": _credentials(session)}


@SERVICE.operation("GetFederationToken")
def get_federation_token(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Temporary credentials of a federated user that the caller vouches for."""
    seconds = params.get("DurationSeconds", _DEFAULT_SESSION_SECONDS)
    name = params["Name"]
    arn = f"arn:{parse_arn(call.caller.principal_arn).partition}:sts::{call.account}:federated-user/{name}"
    policies = _policies(params)
    user_id = f"{call.account}:{name}"
    session = _new_session(call, call.account, "session", arn, call.caller.principal_arn, user_id, policies, seconds)
    return {"Credentials": _credentials(session), "FederatedUser": {"FederatedUserId": user_id, "Arn": arn}}


def _role_arn(text: str) -> Arn:
    try:
        role = parse_arn(text)
    except AwsError:
        raise AwsError("ValidationError", f"{text} is invalid") from None
    if role.service != "iam" or not role.resource.startswith("role/"):
        raise AwsError("ValidationError", f"{text} is invalid")
    return role


def _check_trust(call: Call, params: dict[str, Any], action: str) -> None:
    """The role must name the caller in its trust policy: required in ``enforce``, recorded in ``audit``."""
    mode = call.api.settings.iam
    if mode == "off":
        return
    caller, role_arn = call.caller, params["RoleArn"]
    trust = trust_policy_of(call.tx, role_arn)
    context: dict[str, str] = {"aws:PrincipalArn": caller.role_arn or caller.principal_arn}
    if params.get("ExternalId"):
        context["sts:ExternalId"] = params["ExternalId"]
    if caller.source_arn:
        context |= {"aws:SourceArn": caller.source_arn, "aws:SourceAccount": call.account}
    request = Request(action, role_arn, caller.principal_arn, caller.account, caller.service, context)
    if trust is not None and evaluate([trust], request, resource_policy=True) == "Allow":
        return
    message = f"User: {caller.principal_arn} is not authorized to perform: {action} on resource: {role_arn}"
    if mode == "enforce":
        raise AwsError("AccessDenied", message, status=403)
    hop = Delivery(caller.role_arn or caller.principal_arn, role_arn, action, "audit", 1, message)
    if not is_recorded(call, hop):
        record(call, hop)


def _session_of_role(call: Call, role: Arn, params: dict[str, Any]) -> dict[str, Any]:
    name, session_name = role.resource.rsplit("/", 1)[-1], params["RoleSessionName"]
    known = unique_id_of(call.tx, str(role))
    role_id, longest_seconds = known or (_stand_in_id(str(role)), 43_200)
    seconds = params.get("DurationSeconds", _DEFAULT_ROLE_SECONDS)
    if seconds > longest_seconds and call.caller.kind != "service":
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    arn = f"arn:{role.partition}:sts::{role.account}:assumed-role/{name}/{session_name}"
    user_id = f"{role_id}:{session_name}"
    session = _new_session(call, role.account, "session", arn, str(role), user_id, _policies(params), seconds)
    answer: dict[str, Any] = {
        "Credentials": _credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
    }
    if params.get("SourceIdentity"):
        answer["SourceIdentity"] = params["SourceIdentity"]
    if session.policies:
        answer["PackedPolicySize"] = min(100, sum(len(text) for text in session.policies) * 100 // 2_048)
    return answer


def _policies(params: dict[str, Any]) -> tuple[str, ...]:
    """The inline session policy; managed ones are refused rather than ignored."""
    if params.get("PolicyArns"):
        raise AwsError("NotImplemented", "Segue does not implement PolicyArns of sts:AssumeRole yet.", status=501)
    text = params.get("Policy")
    if not text:
        return ()
    try:
        validate_document(text)
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    return (text,)


def _new_session(
    call: Call,
    account: str,
    kind: str,
    arn: str,
    role_arn: str,
    user_id: str,
    policies: tuple[str, ...],
    seconds: int,
) -> Session:
    ids = call.tx.ids
    session = Session(
        access_key="ASIA" + ids.alphanumeric(16),
        secret=ids.token(30),
        token=ids.token(120),
        account=account,
        kind=kind,
        arn=arn,
        role_arn=role_arn,
        user_id=user_id,
        policies=policies,
        expires_at_ms=call.now_ms + seconds * 1_000,
    )
    save_session(call.tx, session)
    return session


def _credentials(session: Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires_at_ms,
    }


def _stand_in_id(role_arn: str) -> str:
    """The unique id of a role that nobody made: always the same."""
    digest = hashlib.sha256(role_arn.encode()).digest()
    return "AROA" + base64.b32encode(digest).decode()[:17]


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise AwsError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    return claims
