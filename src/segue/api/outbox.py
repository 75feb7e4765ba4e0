"""What leaves for people: mail and text messages, a row each, from the transaction that sends it.

A service calls :func:`deposit` in its own transaction; who is to see what was sent (a developer, a test, a page) reads
the rows. Without a mail server that is all: the message stays, ``CAPTURED``. Where one is configured
(``Settings.smtp``) a job hands each mail to it: ``QUEUED``, perhaps ``DEFERRED`` for a while, and in the end ``SENT``,
``PARTLY_SENT`` (some recipients were refused for good) or ``FAILED``. Text messages are always captured.

Messages are kept for seven days, and no more than the newest 10,000 or 256 MB of them; what is still to be sent stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgpack

from segue import jobs
from segue.api.deliveries import Delivery, record, trace_root
from segue.store import Row, Transaction

if TYPE_CHECKING:
    from segue.api.call import Call

Kind = Literal["EMAIL", "SMS"]
Status = Literal["CAPTURED", "QUEUED", "DEFERRED", "SENT", "PARTLY_SENT", "FAILED"]

MIGRATIONS = (
    """
    CREATE TABLE outbox (
        id BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        kind TEXT NOT NULL,
        service TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        source TEXT NOT NULL,
        message_id TEXT NOT NULL,
        sender TEXT NOT NULL,
        addresses TEXT NOT NULL,
        subject TEXT NOT NULL,
        trace TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        reason TEXT NOT NULL,
        size BIGINT NOT NULL
    );
    CREATE INDEX outbox_message_id ON outbox (message_id);
    CREATE INDEX outbox_bound ON outbox (status, id, size);
    CREATE TABLE outbox_contents (
        id BIGINT PRIMARY KEY,
        content BYTEA NOT NULL
    );
    """,
)

CHANGED: Final = "outbox:changed"
"""The wake key of those who follow the outbox live."""

JOB: Final = "api:send-mail"
KEPT_MS: Final = 7 * 86_400_000
KEPT_MESSAGES: Final = 10_000
KEPT_BYTES: Final = 256_000_000
_WAITING: Final = ("QUEUED", "DEFERRED")
_COLUMNS: Final = (
    "id, at, kind, service, account, region, source, message_id, sender, addresses, subject, trace, status, attempts,"
    " reason, size"
)
_CHECKED_EACH: Final = 64
_PIECE: Final = 500
_BRIEF: Final = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is attached to a mail; with a content id it is shown within the HTML."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a service deposits.

    Attributes:
        kind: mail or a text message.
        service: who sends it (``ses``, ``sns``).
        source: the ARN of the resource that it is sent on behalf of (an identity, a topic).
        message_id: as the service has told its caller.
        sender: an address (with its name, if any), or a text message's origination number or sender id.
        to, cc, bcc: the recipients: addresses (with names, if any), or one telephone number.
        reply_to: where answers go.
        subject, text, html: what is to be read; of mail given raw, its own subject, and neither of the others.
        raw: the whole mail in MIME, where the service was given it. Its recipients are ``to``, ``cc`` and ``bcc``
            nevertheless: the envelope is what counts.
        headers: further headers of a mail that is not raw.
        attachments: of a mail that is not raw.
        stays: bare addresses that no mail server is asked to reach (what is tried out, what is suppressed).
        attributes: what else readers should see (a configuration set, tags, the kind of a text message).
        report: an operation among services (``ses:MailOutcome``), performed with what became of a mail that was
            handed to a mail server: ``{"MessageId", "Accepted": […], "Refused": {address: reason}}``; or nothing.
    """

    kind: Kind
    service: str
    source: str
    message_id: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    raw: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    stays: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    report: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """All of them, as they were given."""
        return self.to + self.cc + self.bcc


class Entry(NamedTuple):
    """A message's row: what can be said of it without its content.

    Addresses are bare and in lower case; the subject of a text message is its beginning.
    """

    id: int
    at_ms: int
    kind: Kind
    service: str
    account: str
    region: str
    source: str
    message_id: str
    sender: str
    addresses: tuple[str, ...]
    subject: str
    trace: str
    status: Status
    attempts: int
    reason: str
    size: int


def deposit(call: Call, message: Message) -> Entry:
    """Keep a message, in the transaction that sends it; if it is mail and there is a mail server, a job sends it.

    The hop is written down (``deliveries``): its target is ``mailto:`` or ``sms:`` and the first recipient.
    """
    tx = call.tx
    content = msgpack.packb(asdict(message))
    addresses = tuple(dict.fromkeys(bare_address(recipient).lower() for recipient in message.recipients))
    left = [address for address in addresses if address not in message.stays]
    leaves = message.kind == "EMAIL" and bool(call.api.settings.smtp) and bool(left)
    entry = Entry(
        id=tx.ids.ordered(tx.now_ms),
        at_ms=tx.now_ms,
        kind=message.kind,
        service=message.service,
        account=call.account,
        region=call.region,
        source=message.source,
        message_id=message.message_id,
        sender=message.sender,
        addresses=addresses,
        subject=message.subject or ("" if message.kind == "EMAIL" else message.text[:_BRIEF]),
        trace=trace_root(call.trace),
        status="QUEUED" if leaves else "CAPTURED",
        attempts=0,
        reason="",
        size=len(content),
    )
    values = [*entry[:9], "\n".join(("", *entry.addresses, "")), *entry[10:]]
    tx.run(f"INSERT INTO outbox ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", *values)
    tx.run("INSERT INTO outbox_contents VALUES (?, ?)", entry.id, content)
    tx.wake(CHANGED)
    if leaves:
        enqueue_sending(tx, entry.id, left, call.trace)
    else:
        record(call, hop(entry, "delivered"))
    if tx.ids.random.randrange(_CHECKED_EACH) == 0:  # else an hour of much mail would be without a bound
        keep_bound(tx)
    return entry


def bare_address(address: str) -> str:
    """``ann@example.com`` of ``Ann <ann@example.com>``; what has no such form as it is."""
    start = address.rfind("<")
    end = address.find(">", start)
    inner = address[start + 1 : end] if 0 <= start < end else address
    return " ".join(inner.split())


def hop(entry: Entry, status: str, reason: str = "") -> Delivery:
    """A message's way out, for the record of deliveries."""
    scheme = "mailto" if entry.kind == "EMAIL" else "sms"
    first, more = next(iter(entry.addresses), ""), len(entry.addresses) - 1
    target = f"{scheme}:{first}" + (f" and {more} more" if more > 0 else "")
    operation = f"{entry.service}:{'Mail' if entry.kind == 'EMAIL' else 'Sms'}"
    return Delivery(entry.source, target, operation, status, max(entry.attempts, 1), reason, entry.message_id)


def enqueue_sending(tx: Transaction, entry_id: int, left: Sequence[str], trace: str) -> None:
    """Have a job hand a mail to the mail server, for these recipients (see :mod:`segue.api.outbox_sending`)."""
    jobs.enqueue(tx, JOB, job_key(entry_id), {"id": entry_id, "left": list(left)}, trace=trace)


def job_key(entry_id: int) -> str:
    """Whose the job is that sends a mail."""
    return f"outbox:{entry_id}"


def find(tx: Transaction, entry_id: int) -> Entry | None:
    """The message with that number."""
    row = tx.one(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", entry_id)
    return None if row is None else _entry(row)


def find_by_message_id(tx: Transaction, message_id: str) -> Entry | None:
    """The newest message that its service has given that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM outbox WHERE message_id = ? ORDER BY id DESC LIMIT 1", message_id)
    return None if row is None else _entry(row)


def content(tx: Transaction, entry_id: int) -> Message | None:
    """The whole message."""
    row = tx.one("SELECT content FROM outbox_contents WHERE id = ?", entry_id)
    if row is None:
        return None
    plain: dict[str, Any] = msgpack.unpackb(row[0])
    for name in ("to", "cc", "bcc", "reply_to", "stays"):
        plain[name] = tuple(plain[name])
    plain["headers"] = tuple((name, value) for name, value in plain["headers"])
    plain["attachments"] = tuple(Attachment(**attachment) for attachment in plain["attachments"])
    return Message(**plain)


def listed(
    tx: Transaction,
    *,
    after_id: int = 0,
    since_ms: int = 0,
    kind: str = "",
    recipient: str = "",
    service: str = "",
    newest: bool = False,
    limit: int = 500,
) -> list[Entry]:
    """Messages, oldest first: those after a number and since a time, of a kind, of a service, to a recipient (a whole
    address, in whatever case); with ``newest`` the last of them.
    """
    conditions, values = ["id > ?", "at >= ?"], [after_id, since_ms]
    wanted: list[Any] = [*values]
    for column, value in (("kind", kind), ("service", service)):
        if value:
            conditions.append(f"{column} = ?")
            wanted.append(value)
    if recipient:
        conditions.append("addresses LIKE ? ESCAPE '!'")
        wanted.append(f"%\n{_literal(bare_address(recipient).lower())}\n%")
    order = "DESC" if newest else "ASC"
    sql = f"SELECT {_COLUMNS} FROM outbox WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?"
    found = [_entry(row) for row in tx.all(sql, *wanted, limit)]
    return found[::-1] if newest else found


def delete(tx: Transaction, entry_id: int) -> bool:
    """Forget a message, and send it to nobody if it is still to be sent; whether it was there."""
    jobs.cancel(tx, JOB, job_key(entry_id))
    return _forget(tx, [entry_id]) > 0


def delete_all(tx: Transaction, *, kind: str = "", service: str = "", recipient: str = "", limit: int = _PIECE) -> int:
    """Forget the messages of that kind, service and recipient (all, where nothing is said): a piece; how many."""
    found = listed(tx, kind=kind, service=service, recipient=recipient, limit=limit)
    for entry in found:
        delete(tx, entry.id)
    return len(found)


def mark(tx: Transaction, entry: Entry) -> None:
    """Keep what became of a message: its status, attempts and reason."""
    tx.run(
        "UPDATE outbox SET status = ?, attempts = ?, reason = ? WHERE id = ?",
        entry.status,
        entry.attempts,
        entry.reason[:2_000],
        entry.id,
    )
    tx.wake(CHANGED)


def prune(tx: Transaction, before_ms: int, limit: int = 2_000) -> bool:
    """Forget what was deposited before a time and waits for nothing: a piece; whether there is more."""
    marks = ", ".join("?" * len(_WAITING))
    rows = tx.all(
        f"SELECT id FROM outbox WHERE id < ? AND status NOT IN ({marks}) ORDER BY id LIMIT ?",
        before_ms << 22,
        *_WAITING,
        limit,
    )
    _forget(tx, [row[0] for row in rows])
    return len(rows) == limit or keep_bound(tx)


def keep_bound(tx: Transaction) -> bool:
    """Forget the oldest beyond what is kept, by number and by size: a piece; whether there is more."""
    marks = ", ".join("?" * len(_WAITING))
    found = tx.one(f"SELECT COUNT(*), COALESCE(SUM(size), 0) FROM outbox WHERE status NOT IN ({marks})", *_WAITING)
    assert found is not None
    messages, size = int(found[0]) - KEPT_MESSAGES, int(found[1]) - KEPT_BYTES
    if messages <= 0 and size <= 0:
        return False
    sql = f"SELECT id, size FROM outbox WHERE status NOT IN ({marks}) ORDER BY id LIMIT ?"
    gone = []
    for entry_id, entry_size in tx.all(sql, *_WAITING, _PIECE):
        if messages <= 0 and size <= 0:
            break
        gone.append(entry_id)
        messages, size = messages - 1, size - entry_size
    _forget(tx, gone)
    return messages > 0 or size > 0


def _forget(tx: Transaction, ids: Sequence[int]) -> int:
    forgotten = 0
    for entry_id in ids:
        forgotten += tx.run("DELETE FROM outbox WHERE id = ?", entry_id)
        tx.run("DELETE FROM outbox_contents WHERE id = ?", entry_id)
    return forgotten


def _literal(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _entry(row: Row) -> Entry:
    return Entry._make((*row[:9], tuple(row[9].strip("\n").split("\n")), *row[10:]))
