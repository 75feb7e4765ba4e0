"""The edge as a black box: raw sockets in, bytes out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import http.client
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.gateway.arriving import ArrivingBody
from segue.gateway.http import App, HttpLimits, Server, serve
from segue.gateway.http_reader import Receive
from segue.store.blobs import Blobs
from segue.wire.request import FileBody, FilePiece, Request, Response

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, Any]]
LIMITS = HttpLimits(
    header_bytes=2000,
    body_bytes=5000,
    idle_seconds=0.3,
    header_seconds=0.1,
    body_seconds=0.3,
    body_idle_seconds=0.1,
    write_seconds=0.2,
    linger_seconds=0.1,
)
POST = b"POST /p?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
GET = b"GET /g HTTP/1.1\r\nHost: h\r\n\r\n"


def echo(request: Request) -> Response:
    text = f"{request.method} {request.path}?{request.query} {len(request.body)}:{request.body[:20].decode('latin-1')}"
    return Response(200, {"X-Seen": str(len(request.headers))}, text.encode())


async def _listen(app: App, limits: HttpLimits | None = None) -> tuple[Server, int]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return await serve(app, sock, limits), sock.getsockname()[1]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on either event loop."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def runner(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=factory) as loop:
            return loop.run(asyncio.wait_for(coroutine, 20))

    return runner


async def _with_server(app: App, talk: Talk, limits: HttpLimits | None = None) -> Any:
    server, port = await _listen(app, limits)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await talk(reader, writer)
        finally:
            writer.close()
    finally:
        await server.close(0.5)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    status = int(head[0].split()[1])
    body = await reader.readexactly(int(headers.get("content-length", 0))) if status >= 200 else b""
    return status, headers, body


def exchange(run: Any, data: bytes, app: App = echo, limits: HttpLimits | None = None, answers: int = 1) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(data)
        return [await _answer(reader) for _ in range(answers)]

    return run(_with_server(app, talk, limits))


def everything(run: Any, data: bytes, app: App = echo, limits: HttpLimits | None = None) -> bytes:
    """All that the server sends until it closes the connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(data)
        return await reader.read()

    answer: bytes = run(_with_server(app, talk, limits))
    return answer


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (POST, b"POST /p?q=1 3:abc"),
        (GET, b"GET /g? 0:"),
        (b"\r\n\r\n" + GET, b"GET /g? 0:"),
        (b"GET http://example.com/x?y#z HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /x?y 0:"),
        (b"GET /a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /a%2Fb? 0:"),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: t\r\n\r\n",
            b"POST /? 3:abc",
        ),
        (b"GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", b"GET /u? 0:"),
        (b"POST /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab", b"POST /u? 2:ab"),
    ],
)
def test_requests(run: Any, sent: bytes, expected: bytes) -> None:
    assert exchange(run, sent)[0][2] == expected
    # and byte by byte

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for at in range(len(sent)):
            writer.write(sent[at : at + 1])
            await writer.drain()
        return (await _answer(reader))[2]

    assert run(_with_server(echo, slowly)) == expected


def test_repeated_headers_are_joined(run: Any) -> None:
    seen: list[dict[str, str]] = []

    def app(request: Request) -> Response:
        seen.append(request.headers)
        return Response()

    exchange(run, b"GET / HTTP/1.1\r\nA: 1\r\na: 2\r\n\r\n", app)
    assert seen == [{"a": "1, 2"}]


def test_pipelined_requests_are_answered_in_order_one_at_a_time(run: Any) -> None:
    running, most = 0, 0

    async def slow(request: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01 if request.path == "/0" else 0)
        running -= 1
        return Response(200, {}, request.path.encode())

    def app(request: Request) -> Response | Awaitable[Response]:
        return slow(request) if request.path in ("/0", "/3") else Response(200, {}, request.path.encode())

    sent = b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(300))
    got = exchange(run, sent, app, answers=300)
    assert [body for _, _, body in got] == [b"/%d" % number for number in range(300)]
    assert most == 1


def test_a_thousand_upgrade_offers_in_one_packet(run: Any) -> None:
    sent = b"GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * 2000
    assert len(exchange(run, sent, answers=2000)) == 2000


@pytest.mark.parametrize(
    ("sent", "ends"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
        (GET, False),
    ],
)
def test_keep_alive(run: Any, sent: bytes, ends: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str | None, bytes]:
        writer.write(sent)
        _, headers, _ = await _answer(reader)
        if not ends:
            writer.write(GET)
            return headers.get("connection"), (await _answer(reader))[2]
        return headers.get("connection"), await reader.read()

    connection, rest = run(_with_server(echo, talk))
    assert (connection == "close", rest == b"") == (ends, ends)


def test_head_has_the_length_and_no_body(run: Any) -> None:
    sent = b"HEAD /h HTTP/1.1\r\n\r\nGET /g HTTP/1.1\r\nConnection: close\r\n\r\n"
    answer = everything(run, sent)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 11" in head
    assert rest.startswith(b"HTTP/1.1 200 OK")


def test_no_content_has_neither_length_nor_body(run: Any) -> None:
    answer = everything(run, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", lambda _: Response(204, {}, b"x"))
    assert b"Content-Length" not in answer
    assert answer.endswith(b"\r\n\r\n")


def test_expect_continue(run: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        first = await _answer(reader)
        writer.write(b"abc")
        return first[0], (await _answer(reader))[2]

    assert run(_with_server(echo, talk)) == (100, b"POST /? 3:abc")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"NOPE / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS at the plain port
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nBad Header : x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" * 1 + b"a" * 0x400 + b"\r\n", 408),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b"a" * 0x400 + b"\r\n") * 5, 413),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 3000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: b", 408),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", 408),
    ],
)
def test_refuses(run: Any, sent: bytes, status: int) -> None:
    answer = everything(run, sent, limits=LIMITS)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in answer
    assert answer.count(b"\r\nConnection: close") == 1


def test_an_endless_header_is_cut(run: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nA: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(2000):
                writer.write(b"b" * 1000)
                await writer.drain()
        return await reader.read(20)

    assert run(_with_server(echo, talk, LIMITS)).startswith(b"HTTP/1.1 431 ")


def test_an_endless_body_is_cut(run: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(b"64\r\n" + b"b" * 100 + b"\r\n")
                await writer.drain()
        return await reader.read(20)

    assert run(_with_server(echo, talk, LIMITS)).startswith(b"HTTP/1.1 413 ")


def test_a_dripping_body_ends_at_the_time_of_a_whole_body(run: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 4000\r\n\r\n")
        reading = asyncio.ensure_future(reader.read(20))
        while not reading.done():
            with contextlib.suppress(ConnectionError):
                writer.write(b"b")
                await writer.drain()
            await asyncio.wait([reading], timeout=0.02)
        return reading.result()

    assert run(_with_server(echo, talk, LIMITS)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [b"", b"\r\n", GET])
def test_idle_connections_end(run: Any, sent: bytes) -> None:
    answer = everything(run, sent, limits=LIMITS)
    assert answer.count(b"HTTP/1.1 200") == (1 if sent == GET else 0)


def test_refusals_wait_for_the_answers_before_them(run: Any) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return Response(200, {}, b"first")

    answer = everything(run, GET + b"garbage\r\n\r\n", slow)
    assert answer.index(b"first") < answer.index(b"HTTP/1.1 400")


def test_failures_of_the_application_are_500s(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    def app(request: Request) -> Response:
        raise ZeroDivisionError

    async def later(request: Request) -> Response:
        raise ZeroDivisionError

    for broken in (app, later):
        got = exchange(run, GET + GET, broken, answers=2)
        assert [status for status, _, _ in got] == [500, 500]
    assert "ZeroDivisionError" in caplog.text


def test_headers_cannot_be_injected(run: Any) -> None:
    answer = everything(
        run,
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        lambda _: Response(200, {"X-A": "a\r\nX-B: b\r\n\r\n<html>", "X-C": "\u20ac"}),
    )
    assert b"\r\nX-B" not in answer
    assert answer.count(b"\r\n\r\n") == 1


def test_a_client_that_hangs_up_cancels_what_waits_for_it(run: Any) -> None:
    async def main() -> bool:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def app(request: Request) -> Response:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
            return Response()

        server, port = await _listen(app)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await begun.wait()
        writer.close()
        await asyncio.wait_for(cancelled.wait(), 5)
        await server.close()
        return True

    assert run(main())


def test_a_half_closed_client_gets_what_is_at_hand(run: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        writer.write_eof()
        return await reader.read()

    assert run(_with_server(echo, talk)).endswith(b"GET /g? 0:")


def test_streams(run: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for part in (b"ab", b"", b"c" * 20):
            await asyncio.sleep(0)
            yield part

    def app(request: Request) -> Response:
        return Response(200, {}, b"", chunks())

    answer = everything(run, GET + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", app)
    assert answer.count(b"\r\n\r\n2\r\nab\r\n14\r\n" + b"c" * 20 + b"\r\n0\r\n\r\n") == 2
    old = everything(run, b"GET / HTTP/1.0\r\n\r\n", app)
    assert old.endswith(b"\r\n\r\nab" + b"c" * 20)
    assert b"chunked" not in old


def test_a_broken_stream_has_no_last_chunk(run: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        raise ZeroDivisionError

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(100):
                received += part
        return received

    assert not run(_with_server(lambda _: Response(200, {}, b"", chunks()), talk)).endswith(b"0\r\n\r\n")


def test_a_client_that_does_not_read_holds_little_and_is_ended(run: Any) -> None:
    async def main() -> tuple[int, bool]:
        sent, closed = 0, asyncio.Event()

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            try:
                while True:
                    sent += 1
                    yield b"x" * 65536
            finally:
                closed.set()

        server, port = await _listen(lambda _: Response(200, {}, b"", chunks()), LIMITS)
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(GET)
        await asyncio.wait_for(closed.wait(), 5)
        sock.close()
        await server.close()
        return sent, True

    sent, ended = run(main())
    assert ended
    assert sent < 1000  # what the kernel's buffers take, not more


def test_large_bodies_are_refused_when_too_many_are_held_and_small_ones_are_not(run: Any) -> None:
    limits = replace(LIMITS, held_bytes=6000, small_body_bytes=100, body_idle_seconds=5, body_seconds=5)

    async def main() -> list[int]:
        server, port = await _listen(echo, limits)
        head = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
        slow, large, small = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        slow[1].write(head % 4001 + b"x" * 4000)  # a byte is missing: they are held
        while server.held_bodies.bytes < 4000:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        large[1].write(head % 4000 + b"x" * 4000)
        small[1].write(head % 100 + b"x" * 100)
        answers = [(await _answer(reader))[0] for reader, _ in (large, small)]
        slow[1].write(b"x")
        answers.append((await _answer(slow[0]))[0])
        for _, writer in (slow, large, small):
            writer.close()
        while server.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert server.held_bodies.bytes == 0
        await server.close()
        return answers

    assert run(main()) == [503, 200, 200]


def test_connections_beyond_the_limit_are_told_to_come_again(run: Any) -> None:
    async def main() -> list[int]:
        server, port = await _listen(echo, replace(LIMITS, connections=2))
        first, second, third = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refused = (await _answer(third[0]))[0]
        first[1].close()
        while len(server.connections) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        fourth = await asyncio.open_connection("127.0.0.1", port)
        answers = [refused]
        for reader, writer in (second, fourth):
            writer.write(GET)
            answers.append((await _answer(reader))[0])
            writer.close()
        third[1].close()
        await server.close()
        return answers

    assert run(main()) == [503, 200, 200]


def test_answers_that_are_not_read_stop_the_reading(run: Any) -> None:
    async def main() -> int:
        handled = 0

        def app(request: Request) -> Response:
            nonlocal handled
            handled += 1
            return Response(200, {}, b"x" * 100_000)

        server, port = await _listen(app, LIMITS)
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError, BlockingIOError, TimeoutError):
            await asyncio.wait_for(loop.sock_sendall(sock, GET * 200_000), 5)
        sock.close()
        await server.close()
        return handled

    assert run(main()) < 2000


def test_shutdown_answers_what_is_under_way_and_cuts_the_rest(run: Any) -> None:
    async def main() -> tuple[bytes, bytes, bool]:
        begun, go = asyncio.Event(), asyncio.Event()

        async def app(request: Request) -> Response:
            begun.set()
            await (go.wait() if request.path == "/g" else asyncio.Event().wait())
            return Response(200, {}, b"done")

        server, port = await _listen(app)
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        busy, busy_writer = await asyncio.open_connection("127.0.0.1", port)
        stuck, stuck_writer = await asyncio.open_connection("127.0.0.1", port)
        busy_writer.write(GET)
        stuck_writer.write(b"GET /forever HTTP/1.1\r\n\r\n")
        await begun.wait()
        closing = asyncio.ensure_future(server.close(0.2))
        assert await idle.read() == b""
        go.set()
        answer = await busy.read()
        with contextlib.suppress(ConnectionError):
            await stuck.read()
        await closing
        refused = False
        try:
            await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            refused = True
        for writer in (idle_writer, busy_writer, stuck_writer):
            writer.close()
        return answer, b"", refused

    answer, _, refused = run(main())
    assert answer.endswith(b"done")
    assert b"Connection: close" in answer
    assert refused


def test_the_standard_librarys_client(run: Any) -> None:
    async def main() -> list[bytes]:
        server, port = await _listen(echo)

        def client() -> list[bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            bodies = []
            for size in (0, 10, 200_000):
                connection.request("PUT", "/x", b"a" * size)
                bodies.append(connection.getresponse().read())
            connection.request(
                "POST", "/y", iter([b"ab", b"cd"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
            )
            bodies.append(connection.getresponse().read())
            connection.close()
            return bodies

        bodies = await asyncio.to_thread(client)
        await server.close()
        return bodies

    assert run(main()) == [b"PUT /x? 0:", b"PUT /x? 10:aaaaaaaaaa", b"PUT /x? 200000:" + b"a" * 20, b"POST /y? 4:abcd"]


def test_a_taken_port_is_an_os_error() -> None:
    with socket.socket() as taken, socket.socket() as other:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            other.bind(taken.getsockname())


pieces = st.sampled_from(
    [
        GET,
        POST,
        b"\r\n",
        b"GET ",
        b"/ HTTP/1.1\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n\r\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"HTTP/1.1",
        b"Expect: 100-continue\r\n",
        b"Upgrade: x\r\nConnection: upgrade\r\n",
        b"HEAD",
    ]
)


@given(st.lists(st.lists(pieces | st.binary(max_size=30), max_size=5).map(b"".join), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_answered_or_cut(packets: list[bytes]) -> None:
    async def main() -> bool:
        problems: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        server, port = await _listen(echo, LIMITS)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                writer.write(packet)
                await writer.drain()
            writer.write_eof()
            answer = await reader.read()
            assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
        writer.close()
        # the server goes on for others
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        status, _, _ = await _answer(reader)
        writer.close()
        await server.close(0.2)
        assert problems == []
        return status == 200

    assert asyncio.run(asyncio.wait_for(main(), 20))


# --- bodies that go to the disk, and answers that come from it


def _storing(tmp_path: Path) -> tuple[App, Receive, list[Request]]:
    """An application whose bodies are stored, and what it was asked."""
    blobs, seen = Blobs(tmp_path), list[Request]()

    async def take(request: Request) -> Response:
        if request.arriving is not None:
            await request.arriving.take(request)
        seen.append(request)
        if request.stored is None:
            return Response(200, {}, request.body)
        path = str(blobs.path(request.stored.sha256))
        size = request.stored.size
        return Response(200, {}, file=FileBody((FilePiece(path, 0, 10), FilePiece(path, 10, size - 10))))

    return take, lambda head: ArrivingBody(head, blobs), seen


async def _talk_to(app: App, receive: Receive, limits: HttpLimits | None, talk: Talk) -> Any:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = await serve(app, sock, limits, receive)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1])
        try:
            return await talk(reader, writer)
        finally:
            writer.close()
    finally:
        await server.close(0.5)


def _files(tmp_path: Path) -> list[Path]:
    return [file for file in tmp_path.glob("**/*") if file.is_file()]


@pytest.mark.parametrize("size", [0, 5, 16_384, 16_385, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_goes_to_the_disk_and_comes_back(run: Any, tmp_path: Path, size: int, chunked: bool) -> None:
    app, receive, seen = _storing(tmp_path)
    content = os.urandom(size)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        for _ in range(2):  # the connection goes on
            if chunked:
                framed = b"%x\r\n%s\r\n" % (size, content) if size else b""
                writer.write(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n")
            else:
                writer.write(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + content)
            status, headers, body = await _answer(reader)
            assert (status, headers["content-length"], body) == (200, str(size), content)

    run(_talk_to(app, receive, None, talk))
    assert [request.stored is not None for request in seen] == [size > 16_384] * 2
    assert len(_files(tmp_path)) == (size > 16_384)
    if size > 16_384:
        stored = seen[0].stored
        assert stored is not None
        assert (stored.sha256, stored.size) == (hashlib.sha256(content).hexdigest(), size)
        assert stored.digests["md5"] == hashlib.md5(content).digest()


def test_stored_bodies_have_their_own_limit(run: Any, tmp_path: Path) -> None:
    app, receive, seen = _storing(tmp_path)
    limits = dataclasses.replace(LIMITS, stored_body_bytes=2_000_000)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"PUT / HTTP/1.1\r\nContent-Length: 2000001\r\n\r\n")
        return (await _answer(reader))[0]

    async def unsaid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            writer.write(b"%x\r\n%s\r\n" % (1_000_000, b"x" * 1_000_000))
        return (await _answer(reader))[0]

    for talk in (said, unsaid):
        assert run(_talk_to(app, receive, limits, talk)) == 413
    assert (seen, _files(tmp_path)) == ([], [])


def test_a_large_body_may_take_its_time_but_not_drip(run: Any, tmp_path: Path) -> None:
    app, receive, seen = _storing(tmp_path)
    patient = dataclasses.replace(LIMITS, stored_bytes_per_second=100_000)
    strict = dataclasses.replace(LIMITS, stored_bytes_per_second=10_000_000)

    async def steady(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"PUT / HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n")
        for _ in range(8):  # longer than a body that is held may take
            writer.write(b"x" * 500_000)
            await asyncio.sleep(0.06)
        return (await _answer(reader))[0]

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"PUT / HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n")

        async def drops() -> None:
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drops())
        try:
            return (await _answer(reader))[0]
        finally:
            dripping.cancel()

    assert run(_talk_to(app, receive, patient, steady)) == 200
    assert run(_talk_to(app, receive, strict, drip)) == 408
    assert (len(seen), len(_files(tmp_path))) == (1, 1)


def test_a_body_that_stops_coming_leaves_nothing(run: Any, tmp_path: Path) -> None:
    app, receive, seen = _storing(tmp_path)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PUT / HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 3_000_000)
        await writer.drain()

    run(_talk_to(app, receive, None, talk))
    for _ in range(200):
        if not _files(tmp_path):
            break
        time.sleep(0.01)
    assert (seen, _files(tmp_path)) == ([], [])


def test_a_file_that_has_become_shorter_breaks_off(run: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10)
    body = FileBody((FilePiece(str(file), 0, 20),))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        with contextlib.suppress(ConnectionError):
            return await reader.read()
        return b""

    sent = run(_with_server(lambda _: Response(200, {}, file=body), talk))
    assert b"Content-Length: 20" in sent or sent == b""
    assert not sent.endswith(b"x" * 20)
    assert "is shorter than it was" in caplog.text
