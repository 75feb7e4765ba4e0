"""Text messages: to a number, to the numbers of a topic; their settings, who wants none, and the sandbox's numbers.

Messages go into the outbox. Nobody's account is in the sandbox here, so every number can be written to; numbers are
verified as on AWS all the same.

Source: conformance cases set_invalid_sms_attributes_*, opt_in_*, publish_wrong_phone_format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from segue.api import Call, outbox
from segue.api.deliveries import Delivery, record
from segue.api.paginate import encode_token
from segue.errors import AwsError
from segue.services.sns.arns import invalid
from segue.services.sns.delivery_status import is_rate, log_text_message
from segue.services.sns.service import PRINCIPAL, SERVICE
from segue.services.sns.topics import PAGE, after_token

_ATTRIBUTES: Final = frozenset(
    (
        "DefaultSMSType",
        "DefaultSenderID",
        "DeliveryStatusIAMRole",
        "DeliveryStatusSuccessSamplingRate",
        "MonthlySpendLimit",
        "UsageReportS3Bucket",
    )
)
_SENDER_ID: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}", re.ASCII)
_PHONE: Final = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
_LONGEST: Final = 1_600
_OWN: Final = "AWS.SNS.SMS."
_PASSWORD_MS: Final = 86_400_000


def send_text(
    call: Call,
    number: str,
    text: str,
    attributes: Mapping[str, Mapping[str, Any]],
    message_id: str,
    source_arn: str = PRINCIPAL,
) -> None:
    """Send a text message into the outbox; whoever has opted out gets none, and that is written down.

    Args:
        attributes: of the message; those named ``AWS.SNS.SMS.…`` say how it is sent.
        source_arn: the topic that it comes by, if any.

    Raises:
        AwsError: ``InvalidParameter`` for more than 1,600 characters.
    """
    if len(text) > _LONGEST:
        raise invalid("Message too long")
    settings = _sms(call, "attributes")
    said = {
        name.removeprefix(_OWN): attribute.get("StringValue", "")
        for name, attribute in attributes.items()
        if name.startswith(_OWN)
    }
    origin = attributes.get("AWS.MM.SMS.OriginationNumber", {}).get("StringValue", "")
    kind = said.get("SMSType") or settings.get("DefaultSMSType", "Promotional")
    if _state(call, number) == "out":
        why = "Phone number is opted out"
        record(call, Delivery(source_arn, f"sms:{number}", "sns:Sms", "dropped", 1, why, message_id))
        log_text_message(call, number, message_id, kind, settings, why)
        return
    sent = outbox.Message(
        kind="SMS",
        service="sns",
        source=source_arn,
        message_id=message_id,
        sender=origin or said.get("SenderID") or settings.get("DefaultSenderID", "NOTICE"),
        to=(number,),
        text=text,
        attributes={"SMSType": kind, **said},
    )
    outbox.deposit(call, sent)
    log_text_message(call, number, message_id, kind, settings)


@SERVICE.operation("SetSMSAttributes")
def set_sms_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    for name, value in params["attributes"].items():
        if name not in _ATTRIBUTES:
            raise AwsError("InvalidParameter", f"{name} is not a valid attribute")
        if name == "DefaultSMSType" and value not in ("Promotional", "Transactional"):
            raise AwsError("InvalidParameter", "DefaultSMSType is invalid")
        if name == "DefaultSenderID" and not _SENDER_ID.fullmatch(value):
            raise AwsError("InvalidParameter", "DefaultSenderID is not a valid attribute")
        if name == "DeliveryStatusSuccessSamplingRate" and not is_rate(value):
            raise AwsError("InvalidParameter", f"{name} is invalid")
        _set(call, "attributes", name, value)
    return {}


@SERVICE.operation("GetSMSAttributes", reads=True)
def get_sms_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    names = params.get("attributes")
    attributes = _sms(call, "attributes")
    return {"attributes": {name: value for name, value in attributes.items() if not names or name in names}}


@SERVICE.operation("CheckIfPhoneNumberIsOptedOut", reads=True)
def check_if_phone_number_is_opted_out(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _check_phone(params["phoneNumber"])
    return {"isOptedOut": _state(call, params["phoneNumber"]) == "out"}


@SERVICE.operation("OptInPhoneNumber")
def opt_in_phone_number(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _check_phone(params["phoneNumber"])
    _set(call, "numbers", params["phoneNumber"], "in")
    return {}


@SERVICE.operation("ListPhoneNumbersOptedOut", reads=True)
def list_phone_numbers_opted_out(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    numbers = [number for number, state in _sms(call, "numbers").items() if state == "out"]
    after = str(after_token({"NextToken": params.get("nextToken")}) or "")
    found = [number for number in numbers if number > after]
    page: dict[str, Any] = {"phoneNumbers": found[:PAGE]}
    return page | {"nextToken": encode_token(found[PAGE - 1])} if len(found) > PAGE else page


@SERVICE.operation("GetSMSSandboxAccountStatus", reads=True)
def get_sms_sandbox_account_status(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether only verified numbers can be written to: never, here."""
    return {"IsInSandbox": False}


@SERVICE.operation("ListOriginationNumbers", reads=True)
def list_origination_numbers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The numbers that an account has bought: none."""
    return {"PhoneNumbers": []}


@SERVICE.operation("CreateSMSSandboxPhoneNumber")
def create_sms_sandbox_phone_number(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Send a number the password that verifies it."""
    number: str = params["PhoneNumber"]
    _check_phone(number)
    if _state(call, number) == "out":
        raise AwsError("OptedOut", f"Phone number {number} is opted out")
    known = _sms(call, "sandbox").get(number, "")
    if known == "Verified":
        raise AwsError("UserError", f"Phone number {number} is already verified")
    password = f"{call.tx.ids.random.randrange(1_000_000):06d}"
    _set(call, "sandbox", number, f"{password} {call.now_ms + _PASSWORD_MS}")
    text = f"Your verification code is {password}"
    send_text(call, number, text, {}, call.tx.ids.uuid())
    return {}


@SERVICE.operation("VerifySMSSandboxPhoneNumber")
def verify_sms_sandbox_phone_number(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Verify a number by the password that was sent to it."""
    state = _sandboxed(call, params["PhoneNumber"])
    password, _, until_ms = state.partition(" ")
    if state != "Verified" and (password != params["OneTimePassword"] or call.now_ms >= int(until_ms)):
        raise AwsError("VerificationException", "The one-time password is incorrect or has expired")
    _set(call, "sandbox", params["PhoneNumber"], "Verified")
    return {}


@SERVICE.operation("DeleteSMSSandboxPhoneNumber")
def delete_sms_sandbox_phone_number(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _sandboxed(call, params["PhoneNumber"])
    sql = "DELETE FROM sns_sms_attributes WHERE scope = ? AND name = ?"
    call.tx.run(sql, _scope(call, "sandbox"), params["PhoneNumber"])
    return {}


@SERVICE.operation("ListSMSSandboxPhoneNumbers", reads=True)
def list_sms_sandbox_phone_numbers(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    after = str(after_token(params) or "")
    most = params.get("MaxResults") or PAGE
    found = [(number, state) for number, state in _sms(call, "sandbox").items() if number > after]
    shown = [
        {"PhoneNumber": number, "Status": "Verified" if state == "Verified" else "Pending"}
        for number, state in found[:most]
    ]
    page: dict[str, Any] = {"PhoneNumbers": shown}
    return page | {"NextToken": encode_token(found[most - 1][0])} if len(found) > most else page


def _sandboxed(call: Call, number: str) -> str:
    _check_phone(number)
    state = _sms(call, "sandbox").get(number)
    if state is None:
        raise AwsError("ResourceNotFound", f"Phone number {number} is not in the sandbox", status=404)
    return state


def _check_phone(number: str) -> None:
    if not _PHONE.fullmatch(number):
        raise invalid("PhoneNumber Reason: input incorrectly formatted")


def _state(call: Call, number: str) -> str:
    return _sms(call, "numbers").get(number, "")


def _scope(call: Call, kind: str) -> str:
    return f"{call.account}:{call.region}:{kind}"


def _set(call: Call, kind: str, name: str, value: str) -> None:
    call.tx.run(
        "INSERT INTO sns_sms_attributes VALUES (?, ?, ?)"
        " ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value",
        _scope(call, kind),
        name,
        value,
    )


def _sms(call: Call, kind: str) -> dict[str, str]:
    sql = "SELECT name, value FROM sns_sms_attributes WHERE scope = ? ORDER BY name"
    return dict(call.tx.all(sql, _scope(call, kind)))
