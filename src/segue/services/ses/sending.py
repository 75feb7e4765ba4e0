"""Sending, for both APIs: is it allowed, to whom does it go, what is told of it.

A mail is one message of the outbox. Without a mail server it has arrived there, and the event ``Delivery`` follows at
once; with one, it follows when the server has taken it, and what the server refuses is a ``Bounce``. Addresses of the
mailbox simulator, and those on the suppression list, are reached by nobody: their events follow at once, too.

Source: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html (the words of refusals),
https://docs.aws.amazon.com/ses/latest/dg/quotas.html (50 recipients, sizes),
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html (the simulator's addresses).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from segue.api import Call, outbox
from segue.api.outbox import Message, bare_address
from segue.errors import AwsError
from segue.services.ses import feedback, records, suppression
from segue.services.ses.accounts import refuse_paused
from segue.services.ses.addresses import SIMULATOR, all_checked, checked, domain_of, invalid
from segue.services.ses.identities import that_sends
from segue.services.ses.records import CONFIGURATION_SET, Thing
from segue.services.ses.service import SERVICE, existing, scope_of_arn
from segue.services.ses.verification import SUCCESS, message_id

MOST_RECIPIENTS: Final = 50
LARGEST_V1: Final = 10 * 1_048_576
LARGEST_V2: Final = 40 * 1_048_576
_REPORT: Final = "ses:MailOutcome"


@dataclass(frozen=True, slots=True)
class Mail:
    """What an operation wants sent.

    Attributes:
        message: what goes to the outbox; source, id and report are set here.
        identity_arn: the identity that the caller names, or nothing.
        return_path: where bounces go, if the caller says so: an identity, too.
        configuration_set: by name, or nothing: then the identity's, if it has one.
        tags: of the message.
        largest_bytes: what the operation takes.
    """

    message: Message
    identity_arn: str = ""
    return_path: str = ""
    configuration_set: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    largest_bytes: int = LARGEST_V1


def send(call: Call, mail: Mail) -> str:
    """Send a mail; its message id.

    Raises:
        AwsError: ``MessageRejected``, ``InvalidParameterValue``, ``ConfigurationSetDoesNotExist``,
            ``ConfigurationSetSendingPausedException``, ``AccountSendingPausedException``,
            ``MailFromDomainNotVerifiedException``.
    """
    identity_arn, set_name = admit(call, mail)
    message = mail.message
    recipients = [address.lower() for address in all_checked(message.recipients)]
    if not recipients:
        raise invalid("Missing required header 'To'.")
    stays = {address: kind for address in recipients if (kind := _fate(call, address, set_name))}
    kept = {"ConfigurationSetName": set_name, "Tags": json.dumps(dict(mail.tags)) if mail.tags else ""}
    kept["ReturnPath"] = mail.return_path
    message = replace(
        message,
        source=identity_arn,
        message_id=message_id(call),
        stays=tuple(stays),
        attributes={**message.attributes, **{name: value for name, value in kept.items() if value}},
        report=_REPORT,
    )
    scope = scope_of_arn(identity_arn)
    records.add_statistic(call.tx, scope, "DeliveryAttempts", len(recipients))
    entry = outbox.deposit(call, message)
    teller = Teller(call, message, entry.at_ms)
    teller.tell("Send", {})
    for address, kind in stays.items():
        teller.outcome(address, kind)
    if entry.status == "CAPTURED":
        teller.delivered([address for address in recipients if address not in stays], "250 2.0.0 kept in the outbox")
    return message.message_id


def admit(call: Call, mail: Mail) -> tuple[str, str]:
    """Whether a mail may be sent at all: the ARN of the identity that sends it, and its configuration set."""
    refuse_paused(call)
    message = mail.message
    count = len(message.recipients)
    if count > MOST_RECIPIENTS:
        raise invalid(f"Recipient count exceeds {MOST_RECIPIENTS}.")
    size = len(message.raw) or len(message.text.encode()) + len(message.html.encode()) + sum(
        len(attachment.content) * 4 // 3 for attachment in message.attachments
    )
    if size > mail.largest_bytes:
        raise invalid(f"Message length is more than {mail.largest_bytes} bytes long: '{size}'.")
    sender = checked(message.sender)
    found = that_sends(call, sender, mail.identity_arn)
    _refuse_unverified(call, mail, sender, found)
    assert found is not None
    arn, identity = found
    set_name = mail.configuration_set or identity.document.get("ConfigurationSet", "")
    if set_name:
        options = existing(call, CONFIGURATION_SET, set_name).document.get("SendingOptions") or {}
        if options.get("SendingEnabled") is False:
            words = f"Email sending is disabled for the configuration set <{set_name}>."
            raise AwsError("ConfigurationSetSendingPausedException", words)
    mail_from = identity.document.get("MailFrom") or {}
    if mail_from.get("Behavior") in ("RejectMessage", "REJECT_MESSAGE") and mail_from["Status"] != SUCCESS:
        words = f"The MAIL FROM domain {mail_from['Domain']} of the identity {identity.name} is not verified."
        raise AwsError("MailFromDomainNotVerifiedException", words)
    return arn, set_name


def _refuse_unverified(call: Call, mail: Mail, sender: str, found: tuple[str, Thing] | None) -> None:
    failed = [] if found is not None else [sender]
    if mail.return_path:
        bounces = checked(mail.return_path)
        if that_sends(call, bounces) is None:
            failed.append(bounces)
    if call.api.settings.ses_sandbox:
        recipients = all_checked(mail.message.recipients)
        failed += [each for each in recipients if domain_of(each) != SIMULATOR and that_sends(call, each) is None]
    if failed:
        raise AwsError(
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region "
            f"{call.region.upper()}: {', '.join(dict.fromkeys(failed))}",
        )


def _fate(call: Call, address: str, set_name: str) -> str:
    """What becomes of a recipient whom nobody reaches; nothing, where it is reached."""
    if domain_of(address) == SIMULATOR:
        return address.rpartition("@")[0].partition("+")[0]
    return suppression.reason_for(call, address, set_name)


class Teller:
    """Tells of one mail, and counts."""

    def __init__(self, call: Call, message: Message, sent_at_ms: int) -> None:
        self._call = call
        self._message = message
        self._sent_at_ms = sent_at_ms
        self._scope = scope_of_arn(message.source)
        self._set_name = message.attributes.get("ConfigurationSetName", "")
        self._tags: dict[str, str] = json.loads(message.attributes.get("Tags", "{}"))
        self._mail: dict[str, Any] | None = None

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Tell whoever is to hear of it."""
        if self._mail is None:
            self._mail = feedback.told(self._call, self._message, self._message.source, self._sent_at_ms)
        feedback.tell(self._call, kind, self._mail, about, self._set_name, self._tags)

    def delivered(self, addresses: list[str], answer: str) -> None:
        """They have got it."""
        if addresses:
            now_ms = self._call.now_ms
            about = {
                "timestamp": feedback.iso(now_ms),
                "processingTimeMillis": now_ms - self._sent_at_ms,
                "recipients": addresses,
                "smtpResponse": answer,
                "reportingMTA": "localhost",
            }
            self.tell("Delivery", about)

    def bounced(self, address: str, why: str, subtype: str = "General") -> None:
        """The address does not take it, and will not."""
        records.add_statistic(self._call.tx, self._scope, "Bounces", 1)
        hurt = {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": f"smtp; {why}"}
        about = {
            "feedbackId": message_id(self._call),
            "bounceType": "Permanent",
            "bounceSubType": subtype,
            "bouncedRecipients": [hurt],
            "timestamp": feedback.iso(self._call.now_ms),
            "reportingMTA": "dns; localhost",
        }
        self.tell("Bounce", about)

    def complained(self, address: str, subtype: str | None = None) -> None:
        """Somebody calls it spam."""
        records.add_statistic(self._call.tx, self._scope, "Complaints", 1)
        about = {
            "feedbackId": message_id(self._call),
            "complaintSubType": subtype,
            "complainedRecipients": [{"emailAddress": address}],
            "timestamp": feedback.iso(self._call.now_ms),
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
            "arrivalDate": feedback.iso(self._call.now_ms),
        }
        self.tell("Complaint", about)

    def outcome(self, address: str, kind: str) -> None:
        """What becomes of a recipient of the simulator, or of one that is suppressed."""
        match kind:
            case "bounce":
                self.bounced(address, "550 5.1.1 user unknown")
            case "suppressionlist":
                self.bounced(address, "Amazon SES has suppressed sending to this address", "Suppressed")
            case "BOUNCE" | "COMPLAINT":
                why = "Amazon SES did not send the message to this address because it is on the suppression list"
                self.bounced(address, f"{why} for your account.", "OnAccountSuppressionList")
            case "complaint":
                self.delivered([address], "250 2.0.0 simulated")
                self.complained(address)
            case _:
                self.delivered([address], "250 2.0.0 simulated")


@SERVICE.internal("MailOutcome", action=None)
def mail_outcome(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The mail server has spoken (see ``segue.api.outbox_sending``): tell, and never write to who bounces again."""
    entry = outbox.find_by_message_id(call.tx, params["MessageId"])
    message = outbox.content(call.tx, entry.id) if entry is not None else None
    if entry is None or message is None:
        return {}
    teller = Teller(call, message, entry.at_ms)
    teller.delivered(list(params["Accepted"]), "250 2.0.0 accepted")
    for address, why in params["Refused"].items():
        teller.bounced(address, why)
        suppression.add_bounced(call, bare_address(address))
    return {}
