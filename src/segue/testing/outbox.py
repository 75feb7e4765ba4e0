"""What a test reads of the outbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from segue.api import outbox
from segue.api.outbox import Attachment
from segue.store import Transaction


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail or a text message that was sent.

    Attributes:
        kind: ``EMAIL`` or ``SMS``.
        service: who sent it (``ses``, ``sns``).
        message_id: as the service has told.
        sender: with its name, if it has one; of text messages perhaps nothing.
        recipients: bare addresses in lower case, or numbers.
        subject, text, html: as they are read; those of a raw mail, too.
        attachments: each with ``name``, ``content_type`` and ``content``.
        status: ``CAPTURED``; with a mail server ``QUEUED``, ``DEFERRED``, ``SENT``, ``PARTLY_SENT``, ``FAILED``.
        reason: why it is not sent.
        raw: the mail as it was given, where it was given whole.
    """

    kind: str
    service: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    status: str
    reason: str
    raw: bytes = field(repr=False)


def letters(tx: Transaction, to: str, kind: str) -> list[Letter]:
    """What was sent, oldest first: to one address or number, of one kind, where that is said."""
    from segue.api.mime import shown

    found = []
    for entry in outbox.listed(tx, recipient=to, kind=kind, limit=outbox.KEPT_MESSAGES):
        message = outbox.content(tx, entry.id)
        if message is not None:
            reading = shown(message)
            letter = Letter(
                entry.kind,
                entry.service,
                entry.message_id,
                entry.sender,
                entry.addresses,
                entry.subject,
                reading.text,
                reading.html,
                reading.attachments,
                entry.status,
                entry.reason,
                message.raw,
            )
            found.append(letter)
    return found
