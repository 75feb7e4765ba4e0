"""What has left for people."""

from __future__ import annotations

from segue.api import outbox
from segue.testing import Segue


def sent(segue: Segue) -> list[outbox.Message]:
    """All messages of the outbox, oldest first."""
    entries = segue.transact(lambda tx: outbox.listed(tx))
    found = [segue.transact(lambda tx, entry=entry: outbox.content(tx, entry.id)) for entry in entries]
    return [message for message in found if message is not None]
