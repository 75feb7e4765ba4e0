"""Who sent this request? From its signature's credential to the caller."""

from __future__ import annotations

from dataclasses import replace

from segue.api import Api, Caller
from segue.arn import is_account
from segue.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from segue.errors import AwsError
from segue.store import Transaction
from segue.wire.request import Request
from segue.wire.sigv2 import CredentialV2, parse_v2, verify_v2
from segue.wire.sigv4 import Credential, check_expiry, parse_authorization, request_expired, session_token, verify


def authenticate(api: Api, tx: Transaction, request: Request) -> Caller:
    """The caller behind a request.

    A key of digits is the account itself (see ``is_account``); a key that identity management issued is its user or
    session; any other key, or none, is the default account's root: on a laptop nobody should have to configure
    anything. Where policies are enforced, a key in the form of an issued one that nobody issued is refused.

    Raises:
        AwsError: 403 for an unknown or expired key; for a missing or wrong signature, where they are verified.
    """
    credential = parse_authorization(request)
    host = request.headers.get("host", "")
    older = parse_v2(request) if credential is None else None
    if older is not None:
        credential = _older(api, tx, request, older)
    elif credential is not None and credential.presigned:
        check_expiry(request, credential, tx.now_ms)
    if older is None and api.settings.secret_access_key:
        issued = api.identity.secret(tx, credential.access_key) if api.identity and credential else None
        verify(request, issued or api.settings.secret_access_key, tx.now_ms)
    if credential is None:
        return Caller(DEFAULT_ACCOUNT, DEFAULT_REGION, host=host)
    key = credential.access_key
    if is_account(key):
        return Caller(key, credential.region, access_key=key, host=host)
    if api.identity is not None and key.startswith(("AKIA", "ASIA")):
        known = api.identity.caller(tx, key, session_token(request))
        if known is not None:
            return replace(known, region=credential.region, host=host)
        if api.settings.iam == "enforce":
            message = "The security token included in the request is invalid."
            raise AwsError("UnrecognizedClientException", message, status=403)
    return Caller(DEFAULT_ACCOUNT, credential.region, access_key=key, host=host)


def _older(api: Api, tx: Transaction, request: Request, signed: CredentialV2) -> Credential:
    """The credential of a request in version 2's form, checked where signatures are, and never after its time."""
    if signed.expires:
        seconds = int(signed.expires) if signed.expires.isascii() and signed.expires.isdigit() else 0
        if tx.now_ms > min(seconds, 1 << 33) * 1000:
            raise request_expired(min(seconds, 1 << 33) * 1000, tx.now_ms)
    if api.settings.secret_access_key:
        issued = api.identity.secret(tx, signed.access_key) if api.identity else None
        verify_v2(request, issued or api.settings.secret_access_key, signed)
    return Credential(signed.access_key, "", DEFAULT_REGION, "s3")
