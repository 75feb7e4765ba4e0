"""Open WebSockets of applications, as rows: which node holds one, and what is to be sent to it.

Whoever answers a visit to an address of its own may have the connection become a socket (:func:`accept`). What comes
over it goes to the handler that its service has declared (:meth:`segue.api.service.Service.socket`). What is to go to
it is a row (:func:`post`), from whatever node and whatever operation; the node that holds the connection
(``gateway/sockets.py``) is woken, sends it and removes the row. So what is acknowledged was committed, is sent in the
order of its commits, and is sent once, or never, if the connection ends first.

A connection ends with its node. The sockets of a node that was killed are found by itself when it starts again, or by
the others (:func:`lose_of`); their handlers are told (:func:`run_lost`).

Source: RFC 6455 (the opening handshake).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from segue import jobs
from segue.api.call import Call
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.store import Row, Transaction
from segue.wire.request import Request, Response, Upgrade

MIGRATIONS = (
    """
    CREATE TABLE sockets (
        id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        owner TEXT NOT NULL,
        node TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        active_at BIGINT NOT NULL,
        closing BIGINT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX sockets_node ON sockets (node, id);
    CREATE INDEX sockets_owner ON sockets (label, owner, id);
    CREATE TABLE sockets_outgoing (
        socket TEXT NOT NULL,
        seq BIGINT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (socket, seq)
    );
    """,
)

LOST_JOB = "api:lost-sockets"
NORMAL, GOING_AWAY, ABNORMAL = 1000, 1001, 1006
"""Codes with which sockets end (RFC 6455, 7.4.1)."""

_MOST_WAITING = 500
_PIECE = 200
_AT_ONCE = 64
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Socket:
    """An open socket.

    Attributes:
        id: nobody guesses it.
        label, owner: the address that it was opened at: ``execute-api``, the API's id.
        node: the process that holds the connection; empty where it has gone.
        opened_at_ms, active_at_ms: when it was opened; when something last came or went.
        document: whatever its service knows of it.
    """

    id: str
    label: str
    owner: str
    node: str
    opened_at_ms: int
    active_at_ms: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SocketEvent:
    """What has happened to a socket, the one parameter (``event``) of its handler.

    Attributes:
        socket_id: which one.
        text: the message that has come; ``None``: the socket has ended.
        code, reason: why it has.
        memory: what the handler knows already when it is asked again.
    """

    socket_id: str
    text: str | None = None
    code: int = 0
    reason: str = ""
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a socket's node is to do: send these texts, by their numbers, then perhaps end it with a code."""

    texts: dict[int, str]
    closing: int


def wake_key(socket_id: str) -> str:
    """What the node that holds a socket is parked on."""
    return f"socket:{socket_id}"


# Opening


def wants_socket(request: Request) -> bool:
    """Whether a request asks for its connection to become a socket."""
    asks = "upgrade" in request.header("connection").lower()
    return request.method == "GET" and asks and request.header("upgrade").strip().lower() == "websocket"


def handshake_key(request: Request) -> str | None:
    """What the opening handshake is to answer; ``None`` for a request that is no proper handshake."""
    key = request.header("sec-websocket-key").strip()
    try:
        proper = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        proper = False
    if not proper or request.header("sec-websocket-version").strip() != "13":
        return None
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def accept(call: Call, socket: Socket, accepted: str, upgrade: Upgrade, headers: dict[str, str]) -> dict[str, Any]:
    """Open a socket: the answer to the visit that asked for it (``accepted`` is of :func:`handshake_key`)."""
    call.tx.run(
        "INSERT INTO sockets (id, label, owner, node, opened_at, active_at, closing, document)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        socket.id,
        socket.label,
        socket.owner,
        socket.node,
        socket.opened_at_ms,
        socket.active_at_ms,
        json.dumps(socket.document),
    )
    proper = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accepted}
    return {"response": Response(101, {**proper, **headers}, upgrade=upgrade)}


# What services ask of sockets

_COLUMNS = "id, label, owner, node, opened_at, active_at, document"


def _socket(row: Row) -> Socket:
    socket_id, label, owner, node, opened_at, active_at, document = row[:7]
    return Socket(socket_id, label, owner, node, opened_at, active_at, json.loads(document))


def find_socket(tx: Transaction, socket_id: str, *, ended: bool = False) -> Socket | None:
    """An open socket; with ``ended``, also one whose end is under way."""
    row = tx.one(f"SELECT {_COLUMNS}, closing FROM sockets WHERE id = ?", socket_id)
    return _socket(row) if row is not None and (ended or not row[7]) else None


def post(tx: Transaction, socket_id: str, text: str) -> None:
    """Have a text sent to an open socket.

    Raises:
        AwsError: ``LimitExceededException``: the client does not read what waits for it.
    """
    waiting = tx.one("SELECT COUNT(*) FROM sockets_outgoing WHERE socket = ?", socket_id)
    if waiting is not None and waiting[0] >= _MOST_WAITING:
        raise AwsError("LimitExceededException", "The WebSocket client side buffer is full.", status=429)
    tx.run(
        "INSERT INTO sockets_outgoing (socket, seq, text) VALUES (?, ?, ?)",
        socket_id,
        tx.ids.ordered(tx.now_ms),
        text,
    )
    tx.wake(wake_key(socket_id))


def end(tx: Transaction, socket_id: str, code: int = NORMAL) -> None:
    """Have a socket closed, after what was posted before."""
    tx.run("UPDATE sockets SET closing = ? WHERE id = ? AND closing = 0", code, socket_id)
    tx.wake(wake_key(socket_id))


def end_all(tx: Transaction, label: str, owner: str, code: int = GOING_AWAY) -> None:
    """Have all sockets of an address closed."""
    for row in tx.all("SELECT id FROM sockets WHERE label = ? AND owner = ? AND closing = 0", label, owner):
        end(tx, row[0], code)


def was_active(tx: Transaction, socket_id: str) -> None:
    """Something came over a socket."""
    tx.run("UPDATE sockets SET active_at = ? WHERE id = ?", tx.now_ms, socket_id)


def forget(tx: Transaction, socket_id: str) -> None:
    """A socket has ended: nothing stays of it."""
    tx.run("DELETE FROM sockets_outgoing WHERE socket = ?", socket_id)
    tx.run("DELETE FROM sockets WHERE id = ?", socket_id)


# What the node that holds one does


def outgoing(tx: Transaction, socket_id: str) -> Outgoing:
    """What is to be sent. A socket that is not there any more is to end."""
    row = tx.one("SELECT closing FROM sockets WHERE id = ?", socket_id)
    rows = tx.all("SELECT seq, text FROM sockets_outgoing WHERE socket = ? ORDER BY seq LIMIT ?", socket_id, _AT_ONCE)
    return Outgoing({row[0]: row[1] for row in rows}, NORMAL if row is None else row[0])


def were_sent(tx: Transaction, socket_id: str, numbers: Iterable[int]) -> None:
    """These are on their way. (By their numbers: with many nodes, one that is smaller may be committed later.)"""
    for number in numbers:
        tx.run("DELETE FROM sockets_outgoing WHERE socket = ? AND seq = ?", socket_id, number)
    was_active(tx, socket_id)


def lose_of(tx: Transaction, node: str) -> None:
    """A node is no more, and its sockets with it: their handlers are to be told."""
    if tx.run("UPDATE sockets SET node = '' WHERE node = ?", node):
        _find_lost(tx)


def lose_of_others(tx: Transaction, node: str) -> None:
    """At the start of the only node: whatever processes there were are no more."""
    if tx.run("UPDATE sockets SET node = '' WHERE node <> ?", node):
        _find_lost(tx)


def _find_lost(tx: Transaction) -> None:
    if not jobs.exists(tx, LOST_JOB, LOST_JOB):
        jobs.enqueue(tx, LOST_JOB, LOST_JOB, None)


def run_lost(call: Call, _: Job) -> Again | None:
    """Tell the handlers of sockets that have ended with their process."""
    rows = call.tx.all(f"SELECT {_COLUMNS} FROM sockets WHERE node = '' ORDER BY id LIMIT ?", _PIECE)
    for socket in map(_socket, rows):
        declared = call.api.sockets.get(socket.label)
        if declared is not None:
            event = SocketEvent(socket.id, code=ABNORMAL, reason="Connection Closed Abnormally")
            call.perform(f"{declared[0]}:{declared[1].name}", {"event": event})
        forget(call.tx, socket.id)
    return Again(call.now_ms) if len(rows) == _PIECE else None
