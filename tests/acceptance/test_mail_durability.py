"""A server that dies while a mail server has its mail in hand: after the restart all of it arrives."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

from tests.acceptance.test_durability import eventually
from tests.served import Served
from tests.worker.test_mail_server import Post, Postbox


class Slow(Postbox):
    """A mail server that keeps the first mail in hand until it is told to go on, and then has not taken it."""

    def __init__(self) -> None:
        super().__init__()
        self.has_it, self.go_on, self._is_first = threading.Event(), threading.Event(), True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self._is_first:
            self._is_first = False
            self.has_it.set()
            await asyncio.to_thread(self.go_on.wait, 30)
            return "451 nobody hears this"
        return await super().handle_DATA(server, session, envelope)


def test_mail_that_was_accepted_arrives_whoever_dies(tmp_path: Path) -> None:
    box = Slow()
    post = Post(box)
    try:
        with Served(tmp_path / "data", "--smtp", post.url) as served:
            ses = served.client("ses")
            ses.verify_email_identity(EmailAddress="shop@example.com")
            message = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}}}
            addresses = [f"u{number}@example.com" for number in range(5)]
            for address in addresses:
                to = {"ToAddresses": [address]}
                ses.send_email(Source="shop@example.com", Destination=to, Message=message)
            assert box.has_it.wait(30)
            served.end(signal.SIGKILL)
        box.go_on.set()
        with Served(tmp_path / "data", "--smtp", post.url):
            eventually(lambda: {mail[1][0] for mail in box.mails} == set(addresses))
    finally:
        post.stop()
