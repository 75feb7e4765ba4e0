"""How an identity becomes a verified one: at once, or by a link in a mail that goes to the outbox.

AWS looks for records in the domain's DNS, or has somebody follow a link. Here (``Settings.ses_verification``) ``auto``
takes everybody's word, so that what is deployed can send; ``link`` has the link followed: an address gets AWS's mail, a
domain's is sent to its postmaster, as there is no DNS to look into. Links are good for 24 hours.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from segue.api import Call, outbox
from segue.api.outbox import Message
from segue.services.ses import records
from segue.services.ses.service import SERVICE, arn_of, scope_of
from segue.wire.request import Response

PENDING: Final = "Pending"
SUCCESS: Final = "Success"
IDENTITY: Final = "Verified"
MAIL_FROM: Final = "MailFrom"
LABEL: Final = "email-verification"
_GOOD_FOR_MS: Final = 86_400_000
_SENDER: Final = "Amazon Web Services <no-reply-aws@amazon.com>"


def begin(call: Call, name: str, what: str) -> str:
    """Verify an identity (or its MAIL FROM domain) at once, or send the link that does; its status."""
    if call.api.settings.ses_verification == "auto":
        return SUCCESS
    link = _new_link(call, name, what)
    address = name if "@" in name else f"postmaster@{name}"
    text = (
        "Somebody has asked to send mail from this address with Amazon SES and Amazon Pinpoint, in the region "
        f"{call.region}, for the AWS account {call.account}.\n\n{_subject_line(name, what)}\n\n{link}\n\n"
        "The link is good for 24 hours. If it was not you who asked, do nothing.\n"
    )
    message = Message(
        kind="EMAIL",
        service="ses",
        source=arn_of(call, "identity", name),
        message_id=message_id(call),
        sender=_SENDER,
        to=(address,),
        subject=f"Amazon Web Services – Email Address Verification Request in region {call.region}",
        text=text,
    )
    outbox.deposit(call, message)
    return PENDING


def _new_link(call: Call, name: str, what: str) -> str:
    token = f"{call.tx.ids.seed():016x}{call.tx.ids.seed():016x}"
    document = {"scope": scope_of(call), "name": name, "what": what}
    records.save(call.tx, "", records.LINK, token, document)
    return f"{call.api.settings.endpoint_url}/_aws/{LABEL}/{token}/"


def message_id(call: Call) -> str:
    """As AWS makes them: a place, the time in hexadecimal, a UUID, a counter."""
    return f"0100{call.now_ms:012x}-{call.tx.ids.uuid()}-000000"


def _subject_line(name: str, what: str) -> str:
    if "@" in name:
        return "If it was you, follow this link to confirm it:"
    verb = "verifies the domain" if what == IDENTITY else "verifies the MAIL FROM domain of"
    return f"On AWS this is done by records in the domain's DNS. Here this link {verb} {name}:"


@SERVICE.endpoint(LABEL)
def follow(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Somebody follows a link."""
    link = records.find(call.tx, "", records.LINK, params["visit"].id)
    if link is None or call.now_ms - link.created_at_ms > _GOOD_FOR_MS:
        return _page(410, "This link is not good any more", "Ask for a new one: verify the identity again.")
    scope, name, what = link.document["scope"], link.document["name"], link.document["what"]
    found = records.find(call.tx, scope, records.IDENTITY, name)
    if found is None:
        return _page(410, "This identity is gone", f"{name} has been deleted.")
    changed: dict[str, Any] = {IDENTITY: SUCCESS}
    if what == MAIL_FROM:
        changed = {MAIL_FROM: {**(found.document.get(MAIL_FROM) or {}), "Status": SUCCESS}}
    records.save(call.tx, scope, records.IDENTITY, name, {**found.document, **changed})
    words = f"{name} may send mail now, for the account {scope.partition('/')[0]}."
    return _page(200, "Congratulations!", words)


def _page(status: int, title: str, words: str) -> dict[str, Any]:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1><p>{escape(words)}</p></html>"
    )
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'"}
    return {"response": Response(status, headers, body.encode())}
