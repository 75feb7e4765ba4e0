"""Mail handed to a real mail server: taken, deferred, refused, secret, and not lost when the process dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from segue.api.mail_effect import MailOutcome, MailRequest
from segue.api.outbox import Attachment, Message
from segue.testing import Segue
from segue.worker.mail_server import MailEffect, MailServer, parse_mail_server

MAIL = Message(
    "EMAIL",
    "ses",
    "arn:aws:ses:us-east-1:000000000000:identity/shop@example.com",
    "0100-1",
    "Zoë <shop@example.com>",
    ("Ann <ann@example.com>",),
    bcc=("eve@example.com",),
    subject="Grüße",
    text="Hallo\n.\nFrom hier",
    html="<p>Hallo</p>",
    attachments=(Attachment("a.bin", "application/octet-stream", b"\0\1"),),
)


class Postbox:
    """A mail server's handler: answers as told, keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answers: dict[str, str] = {}
        self.data_answer = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data_answer.startswith("250"):
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.data_answer


class AnyPort(Controller):
    """A server on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Post:
    """A mail server on a port of its own."""

    def __init__(self, box: Postbox | None = None, **options: Any) -> None:
        self.box = box or Postbox()
        self._controller = AnyPort(self.box, hostname="127.0.0.1", port=0, **options)
        self._controller.start()
        self.port = self._controller.port
        self.url = f"smtp://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._controller.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.stop()


def hand_over(url: str, *recipients: str, message: Message = MAIL) -> MailOutcome:
    return asyncio.run(MailEffect(url)(MailRequest(message, recipients or ("ann@example.com",), 1_700_000_000_000)))


def test_a_mail_arrives_as_it_was_sent(post: Post) -> None:
    assert hand_over(post.url, "ann@example.com", "eve@example.com") == MailOutcome(
        ("ann@example.com", "eve@example.com")
    )  # fmt: skip
    ((sender, recipients, content),) = post.box.mails
    assert (sender, recipients) == ("shop@example.com", ["ann@example.com", "eve@example.com"])
    mail = message_from_bytes(content, policy=default)
    assert (mail["Subject"], mail["From"], mail["To"]) == ("Grüße", "Zoë <shop@example.com>", "Ann <ann@example.com>")
    assert (mail["Bcc"], mail["Message-ID"]) == (None, "<0100-1@email.amazonses.com>")
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().split() == ["Hallo", ".", "From", "hier"]
    assert [part.get_content() for part in mail.iter_attachments()] == [b"\0\1"]


def test_a_raw_mail_arrives_byte_for_byte_without_its_bcc(post: Post) -> None:
    raw = b"From: shop@example.com\r\nBcc: eve@example.com\r\nDate: x\r\nMessage-ID: <m>\r\nSubject: Raw\r\n\r\nHi\r\n"
    hand_over(post.url, message=Message("EMAIL", "ses", "", "1", "shop@example.com", ("ann@example.com",), raw=raw))
    assert post.box.mails[0][2] == raw.replace(b"Bcc: eve@example.com\r\n", b"")


def test_each_recipient_is_answered_for_itself(post: Post) -> None:
    post.box.answers = {"late@example.com": "450 later", "gone@example.com": "550 gone"}
    outcome = hand_over(post.url, "ann@example.com", "late@example.com", "gone@example.com", "jürgen@example.com")
    assert outcome.accepted == ("ann@example.com",)
    assert outcome.refused.keys() == {"gone@example.com", "jürgen@example.com"}
    assert (outcome.refused["gone@example.com"], outcome.reason) == ("550 gone", "450 later")


@pytest.mark.parametrize(
    ("answer", "refused", "reason"),
    [("554 spam", {"ann@example.com": "554 spam"}, ""), ("451 full", {}, "451 full")],
)
def test_the_whole_mail_may_be_refused_or_deferred(
    post: Post, answer: str, refused: dict[str, str], reason: str
) -> None:
    post.box.data_answer = answer
    assert hand_over(post.url) == MailOutcome((), refused, reason)


def test_a_server_that_is_not_there_may_be_there_later() -> None:
    outcome = hand_over("smtp://127.0.0.1:9")
    assert (outcome.accepted, outcome.refused) == ((), {})
    assert outcome.reason.startswith("127.0.0.1:9: ")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_is_taken_or_not() -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"ann", b"s3cret/@"), handled=False)

    post = Post(authenticator=check, auth_require_tls=False, auth_required=True)
    try:
        assert hand_over(f"smtp://ann:s3cret%2F%40@127.0.0.1:{post.port}").accepted == ("ann@example.com",)
        wrong = hand_over(f"smtp://ann:wrong@127.0.0.1:{post.port}")
        assert "535" in wrong.reason
        assert "wrong" not in wrong.reason
        assert hand_over(post.url).refused == {"ann@example.com": "530 5.7.0 Authentication required"}
    finally:
        post.stop()


def test_without_tls_where_it_is_required_nothing_is_sent(post: Post) -> None:
    assert "offers no TLS" in hand_over(f"{post.url}?tls=required").reason
    assert post.box.mails == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", MailServer("mail", 25)),
        ("smtp://mail:2525/", MailServer("mail", 2525)),
        ("smtp://a:b@mail", MailServer("mail", 587, "a", "b")),
        ("smtps://a%40b.c:p%3Aq@mail", MailServer("mail", 465, "a@b.c", "p:q", "always")),
        ("smtp://mail?tls=off&verify=off", MailServer("mail", 25, tls="off", verifies=False)),
    ],
)
def test_urls_of_mail_servers(url: str, server: MailServer) -> None:
    assert parse_mail_server(url) == server


@pytest.mark.parametrize(
    "url", ["", "mail", "http://mail", "smtp://", "smtp://mail:port", "smtp://mail:99999", "smtp://a:secret@mail/x",
            "smtp://mail?tls=maybe", "smtp://mail?what=else", "smtp://[mail"],
)  # fmt: skip
def test_others_are_refused_and_keep_their_password(url: str) -> None:
    with pytest.raises(ValueError, match="is no mail server") as error:
        parse_mail_server(url)
    assert "secret" not in str(error.value)


def test_mail_of_a_server_goes_there_and_what_is_refused_bounces(post: Post) -> None:
    post.box.answers = {"late@example.com": "450 later", "gone@example.com": "550 gone"}
    with Segue(smtp=post.url) as server:
        ses = server.client("sesv2")
        ses.create_email_identity(EmailIdentity="shop@example.com")
        simple = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}}}
        to = [f"{name}@example.com" for name in ("ann", "late", "gone")] + ["bounce@simulator.amazonses.com"]
        given = {"Destination": {"ToAddresses": to}, "Content": {"Simple": simple}}
        ses.send_email(FromEmailAddress="shop@example.com", **given)
        server.settle()
        assert [mail[1] for mail in post.box.mails] == [["ann@example.com"]]
        del post.box.answers["late@example.com"]
        server.advance(seconds=10)
        assert [mail[1] for mail in post.box.mails] == [["ann@example.com"], ["late@example.com"]]
        found = ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]
        assert [each["EmailAddress"] for each in found] == ["gone@example.com"]
