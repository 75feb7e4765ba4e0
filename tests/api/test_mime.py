"""Mail composed and read again; and whatever was sent as mail, read without harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api.mime import Attachment, compose, read, read_headers, without_header

TEXTS = ["", "Hi", "Grüße\n\nan alle", "x" * 5_000, "From here\n.\nto there", "=20=", "日本語"]
HEADERS = [("From", "Zoë Ünal <zoe@example.com>"), ("Subject", "Grüße 日本語"), ("X-Plain", "a")]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("html", ["", "<p>Grüße</p>", "<b>" + "x" * 3_000])
def test_what_is_composed_is_read_again(text: str, html: str) -> None:
    attached = (Attachment("Rechnung für März.pdf", "application/pdf", bytes(range(256)), ""),)
    for attachments in ((), attached):
        raw = compose(HEADERS, text, html, attachments)
        assert max(map(len, raw.split(b"\r\n"))) < 998
        reading = read(raw)
        assert (reading.text.rstrip("\n"), reading.html.rstrip("\n")) == (text, html)
        assert reading.attachments == attachments
        assert [reading.header(name) for name, _ in HEADERS] == [value for _, value in HEADERS]


def test_it_is_the_same_each_time() -> None:
    assert compose(HEADERS, "a", "b", ()) == compose(HEADERS, "a", "b", ())


def test_inline_pictures_keep_their_ids() -> None:
    picture = Attachment("a.png", "image/png", b"\x89PNG", "logo")
    assert read(compose([], "", '<img src="cid:logo">', (picture,))).attachments == (picture,)


@pytest.mark.parametrize("value", ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "ü\r\n\r\nbody"])
def test_no_header_begins_another(value: str) -> None:
    assert [name for name, _ in read_headers(compose([("Subject", value)], "t", "", ()))].count("Bcc") == 0


def test_bcc_is_taken_out_and_nothing_else() -> None:
    raw = b"From: a@b.c\r\nBCC: one@b.c,\r\n two@b.c\r\nSubject: x\r\n\r\nBcc: stays\r\n"
    assert without_header(raw, "Bcc") == b"From: a@b.c\r\nSubject: x\r\n\r\nBcc: stays\r\n"


RAW = b"""From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>
To: ann@example.com
Subject: =?utf-8?b?R3LDvMOfZQ==?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="--_NmP-1"

----_NmP-1
Content-Type: multipart/alternative; boundary="--_NmP-2"

----_NmP-2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Sch=C3=B6ne Gr=C3=BC=C3=9Fe
----_NmP-2
Content-Type: text/html; charset=utf-8

<p>Hallo</p>
----_NmP-2--

----_NmP-1
Content-Type: text/plain; name=notes.txt
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=notes.txt

bm90ZXM=
----_NmP-1--
"""


def test_mail_of_a_mail_library_is_read() -> None:
    reading = read(RAW)
    assert reading.header("from") == "Zoë <zoe@example.com>"
    assert reading.header("Subject") == "Grüße"
    assert (reading.text, reading.html) == ("Schöne Grüße", "<p>Hallo</p>")
    assert reading.attachments == (Attachment("notes.txt", "text/plain", b"notes"),)


def test_parts_within_parts_without_end_are_no_harm() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (depth, depth) for depth in range(3_000)
    )
    began = time.perf_counter()
    read(nested)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: =?x?b?!!!?=\r\nContent-Type: text/plain; charset=nothing\r\n\r\n\xff\xfe",
        b"Subject: \xff\xfe\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Content-Type: text/plain; charset=\x00\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        b"Content-Type: text/html; charset=punycode\r\n\r\n\xff-x",
        b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\r\n\r\nx",
        b"Content-Disposition: attachment; filename*0*=x''a; filename*9999=b\r\n\r\nx",
    ],
)
def test_damaged_mail_is_read_as_far_as_it_goes(raw: bytes) -> None:
    read(raw)
    read_headers(raw)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_was_sent_can_be_read(raw: bytes) -> None:
    read(raw)
    read_headers(raw)
