"""One mail handed over by SMTP, in the thread that calls: what each recipient came to.

What the server refuses (5xx) is refused; what it defers (4xx), what breaks on the way, and a log-in that fails may be
tried again.
"""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from typing import Final

from segue.api.mail_effect import MailOutcome, MailRequest
from segue.api.mime import as_bytes
from segue.api.outbox import bare_address
from segue.worker.mail_server import MailServer

_TIMEOUT_SECONDS: Final = 20.0


def hand_over(server: MailServer, request: MailRequest, connections: set[smtplib.SMTP]) -> MailOutcome:
    """Hand a mail over once. While that goes on, its connection is among ``connections``, and may be closed there."""
    connection: smtplib.SMTP | None = None
    try:
        connection = _connect(server)
        connections.add(connection)
        _secure_and_log_in(connection, server)
        return _send(connection, request)
    except _Unsafe as error:
        return MailOutcome(reason=str(error))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return MailOutcome(reason=f"{server.host}:{server.port}: {_words(error)}")
    finally:
        if connection is not None:
            connections.discard(connection)
            connection.close()


class _Unsafe(Exception):
    """The connection is not as secret as it has to be."""


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.tls == "always":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_SECONDS, context=_context(server))
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS)


def _context(server: MailServer) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verifies:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _secure_and_log_in(connection: smtplib.SMTP, server: MailServer) -> None:
    connection.ehlo_or_helo_if_needed()
    secret = server.tls == "always"
    if server.tls in ("auto", "required") and connection.has_extn("starttls"):
        connection.starttls(context=_context(server))
        connection.ehlo()
        secret = True
    if not secret and server.tls == "required":
        raise _Unsafe(f"{server.host}:{server.port} offers no TLS")
    if server.user:
        if not secret and not _is_here(server.host):
            raise _Unsafe(f"{server.host}:{server.port} offers no TLS, so the password is not sent there")
        connection.login(server.user, server.password)


def _send(connection: smtplib.SMTP, request: MailRequest) -> MailOutcome:
    message = request.message
    sender = bare_address(message.attributes.get("ReturnPath") or message.sender)
    code, answer = connection.mail(sender)
    if code != 250:
        return _all(request.recipients, code, answer)
    taken, refused, reason = list[str](), dict[str, str](), ""
    for recipient in request.recipients:
        if not recipient.isascii():
            refused[recipient] = "its address has letters that mail servers need not know"
            continue
        code, answer = connection.rcpt(recipient)
        if code in (250, 251):
            taken.append(recipient)
        elif code >= 500:
            refused[recipient] = _said(code, answer)
        else:
            reason = _said(code, answer)
    if not taken:
        return MailOutcome(refused=refused, reason=reason)
    code, answer = connection.data(as_bytes(message, request.sent_at_ms))
    if code != 250:
        outcome = _all(tuple(taken), code, answer)
        return MailOutcome((), {**refused, **outcome.refused}, outcome.reason or reason)
    return MailOutcome(tuple(taken), refused, reason)


def _all(recipients: tuple[str, ...], code: int, answer: bytes) -> MailOutcome:
    said = _said(code, answer)
    return MailOutcome(refused=dict.fromkeys(recipients, said)) if code >= 500 else MailOutcome(reason=said)


def _said(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"[:500]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return _said(error.smtp_code, answer if isinstance(answer, bytes) else str(answer).encode())
    return str(error) or type(error).__name__


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
