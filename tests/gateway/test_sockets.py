"""WebSockets, byte by byte: what is no proper handshake, what is no proper frame; and who is told of ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

from segue.api.sockets import ABNORMAL, SocketEvent
from segue.gateway.sockets import Sockets
from segue.store import patience
from segue.testing import Segue
from segue.wire.request import Response, Upgrade

if TYPE_CHECKING:
    from segue.store.store import Store

HANDSHAKE = (
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Wire:
    """One TCP connection to a WebSocket API."""

    def __init__(self, segue: Segue, api: str) -> None:
        self.path = f"/_aws/execute-api/{api}/prod"
        self.socket = socket.create_connection(("127.0.0.1", segue.server.settings.port), timeout=20)
        self.read = b""

    def request(self, headers: str, path: str = "", more: bytes = b"") -> None:
        self.socket.sendall(f"GET {path or self.path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + more)

    def until(self, end: bytes) -> bytes:
        while end not in self.read:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError(self.read)
            self.read += data
        found, _, self.read = self.read.partition(end)
        return found + end

    def opened(self) -> Wire:
        self.request(HANDSHAKE)
        assert b" 101 " in self.until(b"\r\n\r\n")
        return self

    def send(self, opcode: int, payload: bytes, *, masked: bool = True, final: bool = True) -> None:
        assert len(payload) < 126
        head = bytes([opcode | (0x80 if final else 0), len(payload) | (0x80 if masked else 0)])
        self.socket.sendall(head + (b"\0\0\0\0" if masked else b"") + payload)

    def frame(self) -> tuple[int, bytes]:
        while len(self.read) < 2 or len(self.read) < 2 + self.read[1]:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError(self.read)
            self.read += data
        size = self.read[1]
        found, self.read = (self.read[0] & 15, self.read[2 : 2 + size]), self.read[2 + size :]
        return found


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


@pytest.fixture
def wire(segue: Segue) -> Iterator[Wire]:
    client = segue.client("apigatewayv2")
    made = client.create_api(Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body")
    client.create_stage(ApiId=made["ApiId"], StageName="prod")
    integration = client.create_integration(
        ApiId=made["ApiId"], IntegrationType="MOCK", RequestTemplates={"$default": '{"statusCode": 200}'}
    )["IntegrationId"]
    client.create_integration_response(
        ApiId=made["ApiId"],
        IntegrationId=integration,
        IntegrationResponseKey="$default",
        ResponseTemplates={"$default": "got $context.routeKey"},
    )
    for key in ("hi", "hé"):
        route = client.create_route(
            ApiId=made["ApiId"],
            RouteKey=key,
            Target=f"integrations/{integration}",
            RouteResponseSelectionExpression="$default",
        )["RouteId"]
        client.create_route_response(ApiId=made["ApiId"], RouteId=route, RouteResponseKey="$default")
    wire = Wire(segue, made["ApiId"])
    yield wire
    wire.socket.close()


def test_the_answer_proves_that_the_handshake_was_read(wire: Wire) -> None:
    wire.request(HANDSHAKE)
    head = wire.until(b"\r\n\r\n").lower()
    assert head.startswith(b"http/1.1 101 ")
    assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head
    assert b"content-length" not in head


@pytest.mark.parametrize("wrong", ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])
def test_a_refused_handshake_leaves_http(wire: Wire, wrong: str) -> None:
    wire.request(HANDSHAKE.replace(wrong, "X: y"), more=b"GET /_segue/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b" 400 " in wire.until(b"\r\n\r\n")
    wire.until(b"HTTP/1.1 200 OK\r\n")


def test_frames_that_come_early_are_read(wire: Wire) -> None:
    wire.request(HANDSHAKE, more=b"\x81\x82\0\0\0\0hi")
    wire.until(b"\r\n\r\n")
    assert wire.frame() == (1, b"got hi")


def test_messages_may_come_in_pieces(wire: Wire) -> None:
    wire.opened()
    wire.send(1, b"h", final=False)
    wire.send(9, b"are you there?")
    wire.send(0, "é".encode()[:1], final=False)
    wire.send(0, "é".encode()[1:])
    assert wire.frame() == (10, b"are you there?")
    assert wire.frame() == (1, "got hé".encode())


@pytest.mark.parametrize(
    ("opcode", "payload", "masked", "code"),
    [
        (1, b"unmasked", False, 1002),
        (3, b"unknown", True, 1002),
        (1, b"\xff\xfe", True, 1007),
        (0, b"of nothing", True, 1002),
        (2, b"binary", True, 1003),
        (8, b"\x03\xe8bye", True, 1000),
        (8, b"x", True, 1002),
    ],
)
def test_what_ends_a_connection(wire: Wire, opcode: int, payload: bytes, masked: bool, code: int) -> None:
    wire.opened()
    wire.send(opcode, payload, masked=masked)
    kind, said = wire.frame()
    assert (kind, int.from_bytes(said[:2], "big")) == (8, code)
    if code != 1000:
        wire.send(8, said[:2])
    with pytest.raises(EOFError):
        wire.frame()


def test_a_client_that_hangs_up_is_forgotten(segue: Segue, wire: Wire) -> None:
    wire.opened()
    wire.send(1, b"hi")
    wire.frame()
    wire.socket.close()
    while segue.transact(lambda tx: tx.all("SELECT id FROM sockets WHERE owner = ?", wire.path.split("/")[3])):
        pass


def test_the_end_of_a_socket_is_told_until_it_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0)
    answers = [Response(503), Response(503), Response(200), Response(503)]
    told: list[SocketEvent] = []
    is_written_down = asyncio.Event()

    def tell(_: Upgrade, event: SocketEvent) -> Response:
        told.append(event)
        answer = answers[len(told) - 1]
        if answer.status == 200:
            is_written_down.set()
        return answer

    async def work() -> None:
        sockets = Sockets(cast("Store", None), tell)
        upgrade = Upgrade("label", "id", 1, 1, 1, 1)
        sockets.abandon(upgrade)
        await asyncio.wait_for(is_written_down.wait(), 20)
        await sockets.close()
        sockets.abandon(upgrade)  # who stops does not wait: whoever misses this node writes it down
        await sockets.close()

    asyncio.run(work())
    assert [event.code for event in told] == [ABNORMAL] * 4
