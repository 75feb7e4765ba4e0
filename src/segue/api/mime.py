"""Mail as bytes: composed from its parts, and read again. Plain functions; reading bears whatever was sent.

The standard library's older header model is used on purpose: its newer one fails on headers that are out of order, and
takes quadratic time for long ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header, decode_header, make_header
from email.message import Message as Mime
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import format_datetime
from typing import Final

from segue.api.outbox import Attachment, Message

_MOST_HEADER_BYTES: Final = 262_144
_MOST_PARTS: Final = 500
_UTF8: Final = Charset("utf-8")
_UTF8.body_encoding = QP


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as somebody sees it."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def compose(headers: Iterable[tuple[str, str]], text: str, html: str, attachments: Sequence[Attachment]) -> bytes:
    """The mail in MIME: what is there of text and HTML as alternatives, attachments beside them."""
    mail = _body(text, html)
    if attachments:
        outer = MIMEMultipart("mixed", boundary=_boundary("mixed", text, html), policy=compat32)
        outer.attach(mail)
        for attachment in attachments:
            outer.attach(_attached(attachment))
        mail = outer
    for name, value in headers:
        mail[_one_line(name)] = _header(value)
    return mail.as_bytes(policy=compat32.clone(linesep="\r\n"))


def shown(message: Message) -> Reading:
    """A message of the outbox as its recipient sees it: a raw one is taken apart."""
    if message.raw:
        return read(message.raw)
    return Reading(message.headers, message.text, message.html, message.attachments)


def as_bytes(message: Message, sent_at_ms: int) -> bytes:
    """The mail that a message of the outbox is, for a mail server: a raw one as it is, but without its ``Bcc``."""
    date = format_datetime(datetime.fromtimestamp(sent_at_ms / 1000, UTC))
    message_id = f"<{message.message_id}@email.amazonses.com>"
    if message.raw:
        known = {name.lower() for name, _ in read_headers(message.raw)}
        missing = [pair for pair in (("Date", date), ("Message-ID", message_id)) if pair[0].lower() not in known]
        added = "".join(f"{name}: {value}\r\n" for name, value in missing)
        return added.encode() + without_header(message.raw, "Bcc")
    lists = (("To", message.to), ("Cc", message.cc), ("Reply-To", message.reply_to))
    headers = [("From", message.sender), *((name, ", ".join(who)) for name, who in lists if who)]
    headers += [("Subject", message.subject), ("Date", date), ("Message-ID", message_id), *message.headers]
    return compose(headers, message.text, message.html, message.attachments)


def _body(text: str, html: str) -> Mime:
    if not html:
        return _text(text, "plain")
    if not text:
        return _text(html, "html")
    both = MIMEMultipart("alternative", boundary=_boundary("alternative", text, html), policy=compat32)
    both.attach(_text(text, "plain"))
    both.attach(_text(html, "html"))
    return both


def _text(text: str, subtype: str) -> Mime:
    part = MIMENonMultipart("text", subtype, charset="us-ascii" if text.isascii() else "utf-8")
    part.set_payload(text, None if text.isascii() and _has_short_lines(text) else _UTF8)
    return part


def _has_short_lines(text: str) -> bool:
    return max(map(len, text.split("\n"))) < 900


def _attached(attachment: Attachment) -> Mime:
    main, _, sub = attachment.content_type.partition("/")
    part = MIMEBase(_one_line(main) or "application", _one_line(sub) or "octet-stream")
    part.set_payload(attachment.content)
    encode_base64(part)
    name = _one_line(attachment.name)
    given = name if name.isascii() else ("utf-8", "", name)
    part.add_header("Content-Disposition", "inline" if attachment.content_id else "attachment", filename=given)
    if attachment.content_id:
        part["Content-ID"] = f"<{_one_line(attachment.content_id).strip('<>')}>"
    return part


def _boundary(kind: str, *parts: str) -> str:
    digest = hashlib.sha256("\0".join((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"----=_Part_{digest[:32]}"


def _header(value: str) -> str:
    """ASCII as it is; else encoded words: of an address only its name."""
    value = _one_line(value)
    if value.isascii():
        return value
    if "<" in value and "," not in value:
        name, _, address = value.rpartition("<")
        words = _words(name.strip(' "'))
        return f"{words} <{address}" if address.isascii() else _words(value)
    return _words(value)


def _words(value: str) -> str:
    return Header(value, "utf-8").encode()


def _one_line(text: str) -> str:
    """Nothing that is put into a header begins another one."""
    return " ".join(text.split()) if any(mark in text for mark in "\r\n\0") else text.strip()


def read_headers(raw: bytes) -> list[tuple[str, str]]:
    """The headers of a mail, encoded words decoded, in their order."""
    end = min((place for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0), default=len(raw))
    head = raw[: min(end, _MOST_HEADER_BYTES)]
    return _headers(BytesHeaderParser(policy=compat32).parsebytes(head))


def without_header(raw: bytes, name: str) -> bytes:
    """A mail without the headers of a name (``Bcc``); all else stays as it is, byte for byte."""
    end = min((place for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0), default=len(raw))
    kept, drops = [], False
    for line in raw[:end].splitlines(keepends=True):
        drops = drops if line[:1] in (b" ", b"\t") else line.lower().startswith(name.lower().encode() + b":")
        if not drops:
            kept.append(line)
    return b"".join(kept) + raw[end:]


def read(raw: bytes) -> Reading:
    """A mail taken apart. Of what is damaged, what can be made of it."""
    try:
        mail = BytesParser(policy=compat32).parsebytes(raw)
        parts = [part for part, _ in zip(mail.walk(), range(_MOST_PARTS), strict=False) if not part.is_multipart()]
    except (ValueError, LookupError, RecursionError):  # nested without end
        return Reading(tuple(read_headers(raw)), raw.decode("utf-8", "replace"), "", ())
    text, html, attachments = "", "", list[Attachment]()
    for part in parts:
        kind, name = part.get_content_type(), _decoded(part.get_filename() or "")
        content = _content(part)
        shown = part.get_content_disposition() != "attachment" and not name
        if shown and kind == "text/plain" and not text:
            text = _as_text(part, content)
        elif shown and kind == "text/html" and not html:
            html = _as_text(part, content)
        elif content or name:
            content_id = str(part.get("Content-ID") or "").strip(" <>")
            attachments.append(Attachment(name or f"part-{len(attachments) + 1}", kind, content, content_id))
    return Reading(tuple(_headers(mail)), text, html, tuple(attachments))


def _content(part: Mime) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    return content if isinstance(content, bytes) else str(part.get_payload()).encode("utf-8", "replace")


def _as_text(part: Mime, content: bytes) -> str:
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, "replace").replace("\r\n", "\n")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace").replace("\r\n", "\n")


def _headers(mail: Mime) -> list[tuple[str, str]]:
    return [(name, _decoded(str(value))) for name, value in mail.items()]


def _decoded(value: str) -> str:
    unfolded = " ".join(value.split("\n")).replace("\r", "")
    try:
        return str(make_header(decode_header(unfolded)))
    except (ValueError, LookupError, AssertionError, TypeError):
        return unfolded.encode("utf-8", "replace").decode()
