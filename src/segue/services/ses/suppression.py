"""The account's suppression list: to whom nothing is sent any more."""

from __future__ import annotations

from segue.api import Call
from segue.services.ses import records
from segue.services.ses.accounts import account_of
from segue.services.ses.records import CONFIGURATION_SET, SUPPRESSED
from segue.services.ses.service import scope_of


def reason_for(call: Call, address: str, set_name: str) -> str:
    """Why an address gets no mail (``BOUNCE``, ``COMPLAINT``); nothing, where it does."""
    found = records.find(call.tx, scope_of(call), SUPPRESSED, address.lower())
    if found is None:
        return ""
    reason = str(found.document["Reason"])
    return reason if reason in _reasons(call, set_name) else ""


def _reasons(call: Call, set_name: str) -> list[str]:
    """What counts: as the configuration set says, or else the account."""
    thing = records.find(call.tx, scope_of(call), CONFIGURATION_SET, set_name) if set_name else None
    options = thing.document.get("SuppressionOptions") if thing is not None else None
    if options is not None and options.get("SuppressedReasons") is not None:
        return list(options["SuppressedReasons"])
    return list(account_of(call)["SuppressedReasons"])


def add(call: Call, address: str, reason: str) -> None:
    """Put an address on the list."""
    records.save(call.tx, scope_of(call), SUPPRESSED, address.lower(), {"Reason": reason, "Address": address})


def add_bounced(call: Call, address: str) -> None:
    """A mail server has refused it for good: on the list, where the account wants that."""
    if "BOUNCE" in account_of(call)["SuppressedReasons"]:
        add(call, address, "BOUNCE")
