"""The effect ``mail:send``: mail handed to a real mail server by SMTP, a few at a time, each in a thread of its own.

The server's address is a URL: ``smtp://user:password@host:port`` (TLS as soon as the server offers it), ``smtps://…``
(TLS from the beginning), with ``?tls=required`` or ``?tls=off``, and ``?verify=off`` for a certificate that nobody has
signed. A password leaves this machine under TLS only.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from segue.api.mail_effect import MailOutcome, MailRequest

if TYPE_CHECKING:
    import smtplib

_AT_ONCE: Final = 4
_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. ``tls``: ``auto``, ``required``, ``off`` or ``always`` (from the beginning)."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "auto"
    verifies: bool = True


def parse_mail_server(url: str) -> MailServer:
    """The server that a URL names.

    Raises:
        ValueError: in words: it names none.
    """
    words = f"{_without_password(url)!r} is no mail server: smtp://user:password@host:port or smtps://… is"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(words) from None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    known = options.keys() <= {"tls", "verify"} and options.get("tls", "auto") in ("auto", "required", "off")
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or not known:
        raise ValueError(words)
    user = unquote(parts.username or "")
    return MailServer(
        parts.hostname,
        port or (587 if user and parts.scheme == "smtp" else _PORTS[parts.scheme]),
        user,
        unquote(parts.password or ""),
        "always" if parts.scheme == "smtps" else options.get("tls", "auto"),
        options.get("verify") != "off",
    )


def _without_password(url: str) -> str:
    scheme, _, rest = url.rpartition("@")
    return f"{scheme.partition('//')[0]}//…@{rest}" if scheme else url


class MailEffect:
    """Hands mail over. What goes wrong is a value; only cancellation leaves as an exception."""

    def __init__(self, url: str) -> None:
        self._server = parse_mail_server(url) if url else None
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._open: set[smtplib.SMTP] = set()

    async def __call__(self, request: MailRequest) -> MailOutcome:
        """Hand one mail over, once."""
        if self._server is None:
            return MailOutcome(reason="there is no mail server")
        async with self._turns:
            return await asyncio.to_thread(self._send, self._server, request)

    async def close(self) -> None:
        """Let go of what is under way: it is sent again after the next start."""
        for connection in tuple(self._open):
            connection.close()

    def _send(self, server: MailServer, request: MailRequest) -> MailOutcome:
        from segue.worker.smtp import hand_over  # not above: it needs much, and few servers send mail

        return hand_over(server, request, self._open)
