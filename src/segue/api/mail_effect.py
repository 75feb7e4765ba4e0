"""The effect ``mail:send``: a mail that is to be handed to a mail server, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from segue.api.outbox import Message

MAIL: Final = "mail:send"
"""The name of the effect."""


@dataclass(frozen=True, slots=True)
class MailRequest:
    """One mail.

    Attributes:
        message: the mail.
        recipients: bare addresses: those of its recipients that have not got it yet.
        sent_at_ms: when it was sent, for its ``Date``.
    """

    message: Message
    recipients: tuple[str, ...]
    sent_at_ms: int


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What the mail server said, address by address; an address in none of them may be tried again.

    Attributes:
        accepted: it is the mail server's business now.
        refused: for good (5xx), with the server's words.
        reason: why the others may be tried again (4xx, or there is no server).
    """

    accepted: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    reason: str = ""
