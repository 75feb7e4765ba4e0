"""What an account may send, has sent, and whether it may at all."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.errors import AwsError
from segue.services.ses import records
from segue.services.ses.service import SERVICE, scope_of

DAY_MS: Final = 86_400_000
_FIRST: Final[dict[str, Any]] = {"SendingEnabled": True, "SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
_WHATS: Final = ("DeliveryAttempts", "Bounces", "Complaints", "Rejects")


def account_of(call: Call) -> dict[str, Any]:
    """What is kept of the caller's account in this region."""
    found = records.find(call.tx, scope_of(call), records.ACCOUNT, "")
    return {**_FIRST, **(found.document if found is not None else {})}


def change_account(call: Call, **members: Any) -> None:
    """Keep these of the account."""
    records.save(call.tx, scope_of(call), records.ACCOUNT, "", {**account_of(call), **members})


def quota(call: Call) -> dict[str, float]:
    """The sending quota. In the sandbox it is AWS's; outside, that of an account that has just left it.

    Nothing is refused for it: rate quotas are off.
    """
    sandbox = call.api.settings.ses_sandbox
    sent = sum(
        number
        for _, what, number in records.statistics(call.tx, scope_of(call), call.now_ms - DAY_MS)
        if what == "DeliveryAttempts"
    )
    most, rate = (200.0, 1.0) if sandbox else (50_000.0, 14.0)
    return {"Max24HourSend": most, "MaxSendRate": rate, "SentLast24Hours": float(sent)}


def refuse_paused(call: Call) -> None:
    """``AccountSendingPausedException`` where sending is switched off."""
    if not account_of(call)["SendingEnabled"]:
        raise AwsError("AccountSendingPausedException", f"Email sending is disabled for account {call.account}.")


@SERVICE.operation("GetSendQuota", reads=True)
def get_send_quota(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return quota(call)


@SERVICE.operation("GetSendStatistics", reads=True)
def get_send_statistics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What was sent in the last two weeks, by quarters of an hour."""
    slots: dict[int, dict[str, int]] = {}
    since_ms = call.now_ms - records.STATISTICS_KEPT_MS
    for slot, what, number in records.statistics(call.tx, scope_of(call), since_ms):
        slots.setdefault(slot, dict.fromkeys(_WHATS, 0))[what] = number
    return {"SendDataPoints": [{"Timestamp": slot, **counts} for slot, counts in slots.items()]}


@SERVICE.operation("GetAccountSendingEnabled", reads=True)
def get_account_sending_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"Enabled": account_of(call)["SendingEnabled"]}


@SERVICE.operation("UpdateAccountSendingEnabled")
def update_account_sending_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change_account(call, SendingEnabled=params.get("Enabled") is True)
    return {}
