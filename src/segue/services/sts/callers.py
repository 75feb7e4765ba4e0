"""Who is calling, and whose key is this."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.arn import is_account
from segue.config import DEFAULT_ACCOUNT
from segue.errors import AwsError
from segue.services.sts.records import CALLER_IDENTITY, account_of_key, unique_id_of, user_id_of_session
from segue.services.sts.service import SERVICE


@SERVICE.operation("GetCallerIdentity", reads=True, resource=lambda call, params: CALLER_IDENTITY)
def get_caller_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's account, ARN and unique id. AWS asks no permission for it."""
    caller = call.caller
    known = unique_id_of(call.tx, caller.principal_arn)
    user_id = user_id_of_session(call.tx, caller.access_key) or (known[0] if known else caller.account)
    return {"UserId": user_id, "Account": caller.account, "Arn": caller.principal_arn}


@SERVICE.operation("GetAccessKeyInfo", reads=True)
def get_access_key_info(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The account that a key belongs to."""
    key = params["AccessKeyId"]
    account = account_of_key(call.tx, key)
    if account is None and is_account(key):
        account = key
    return {"Account": account or DEFAULT_ACCOUNT}


@SERVICE.operation("DecodeAuthorizationMessage")
def decode_authorization_message(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """No message is ever encoded here, so none can be decoded."""
    raise AwsError("InvalidAuthorizationMessageException", "Message is not valid.")
