"""The session of a function's role: what its code signs its calls with.

AWS's own service keeps such sessions fresh in the background; here the invocation that finds one old renews it. A role
that does not exist is refused where identities are enforced; elsewhere the function works as its account, and the log
says so.
"""

from __future__ import annotations

import logging

from segue.api import Call
from segue.api.caller import service_caller
from segue.errors import AwsError
from segue.services.lambda_.errors import invalid
from segue.services.lambda_.records import Function, Session, save_session

log = logging.getLogger(__name__)

PRINCIPAL = "lambda.amazonaws.com"
_SESSION_MS = 3_600_000
# An invocation lasts 15 minutes at most and must not outlive its session.
_RENEW_BEFORE_MS = 1_200_000
# The role may be made later.
_WITHOUT_ROLE_MS = 300_000


def session_name(function_arn: str) -> str:
    """The name of a function's sessions: its own, which may be shorter than a session's must be."""
    return function_arn.split(":")[6].ljust(2, "_")


def open_session(call: Call, function_arn: str, role_arn: str) -> Session:
    """A new session of the role.

    Raises:
        AwsError: ``InvalidParameterValueException`` where the role cannot be assumed and the IAM mode is ``enforce``.
    """
    as_service = call.as_caller(service_caller(PRINCIPAL, function_arn))
    try:
        with call.tx.savepoint():
            result = as_service.perform(
                "sts:AssumeRole", {"RoleArn": role_arn, "RoleSessionName": session_name(function_arn)}
            )
    except AwsError as error:
        return _without_role(call, function_arn, role_arn, error)
    assert isinstance(result, dict)
    found = result["Credentials"]
    return Session(
        role_arn,
        found["AccessKeyId"],
        found["SecretAccessKey"],
        found["SessionToken"],
        call.now_ms + _SESSION_MS - _RENEW_BEFORE_MS,
    )


def current_session(call: Call, function: Function, role_arn: str) -> Session:
    """The function's session, renewed (in this transaction) where it is getting old or the role was changed."""
    session = function.session
    if session.role_arn == role_arn and call.now_ms < session.renew_at_ms:
        return session
    session = open_session(call, function.arn, role_arn)
    save_session(call.tx, function.arn, session)
    return session


def _without_role(call: Call, function_arn: str, role_arn: str, error: AwsError) -> Session:
    if call.api.settings.iam == "enforce":
        raise invalid("The role defined for the function cannot be assumed by Lambda.") from error
    if error.status != 501:
        log.warning("%s: the role %s cannot be assumed (%s); it works as its account", function_arn, role_arn, error)
    account = function_arn.split(":")[4]
    return Session(role_arn, account, "segue", "", call.now_ms + _WITHOUT_ROLE_MS)
