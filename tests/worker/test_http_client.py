"""The HTTP client against servers that speak well, badly, too much, too late, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from segue.api.http_effect import HttpAnswer, HttpFailure, HttpRequest
from segue.worker.http_client import HttpEffect


def ask(reply: bytes, method: str = "GET", path: str = "/", **more: Any) -> tuple[HttpAnswer | HttpFailure, bytes]:
    """What comes of a request to a server that says ``reply`` and hangs up; and what that server got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        if reply:
            writer.write(reply)
            writer.close()
        else:
            await reader.read()  # until the client gives up
            writer.close()

    async def both() -> HttpAnswer | HttpFailure:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await HttpEffect()(HttpRequest(method, f"http://127.0.0.1:{port}{path}", **more))

    answer = asyncio.run(both())
    return answer, got[0] if got else b""


OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "a length": (OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
    "until the end": (OK + b"\r\nhi", b"hi"),
    "pieces": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi"),
    "after continue": (b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
    "nothing": (OK + b"Content-Length: 0\r\n\r\n", b""),
}


@pytest.mark.parametrize(("reply", "body"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answers(reply: bytes, body: bytes) -> None:
    answer, _ = ask(reply)
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.reason, answer.body, answer.header("a")) == (200, "OK", body, "")


def test_an_answer_to_head_has_no_body() -> None:
    answer, _ = ask(OK + b"Content-Length: 40\r\nX: y\r\n\r\n", "HEAD")
    assert isinstance(answer, HttpAnswer)
    assert (answer.body, answer.header("x")) == (b"", "y")


def test_what_is_sent() -> None:
    headers = (("A", "ü"), ("Host", "elsewhere"), ("Content-Length", "9"))
    _, got = ask(ANSWERS["nothing"][0], "POST", "/ö b?x=ü y", headers=headers, body=b"abc")
    lines = got.decode("latin-1").split("\r\n")
    assert lines[0] == "POST /%C3%B6%20b?x=%C3%BC%20y HTTP/1.1"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert lines[2:] == ["A: ü", "Content-Length: 3", "Connection: close", "", ""]


BROKEN = {
    "too short": (OK + b"Content-Length: 40\r\n\r\nx", "ended before"),
    "no HTTP": (b"hello\r\n\r\n", "HTTP/"),
    "nothing at all": (b"\r\n", "ended before"),
    "cut pieces": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab", "ended before"),
}


@pytest.mark.parametrize(("reply", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_answers(reply: bytes, reason: str) -> None:
    answer, _ = ask(reply)
    assert isinstance(answer, HttpFailure)
    assert (reason in answer.reason, answer.too_large) == (True, False)


LARGE = {
    "a body": OK + b"Content-Length: 400000\r\n\r\n" + b"x" * 400_000,
    "a body without end": OK + b"\r\n" + b"x" * 400_000,
    "headers without end": OK + b"A: b\r\n" * 40_000,
    "trailers without end": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"A: b\r\n" * 400_000,
}


@pytest.mark.parametrize("reply", LARGE.values(), ids=LARGE.keys())
def test_answers_that_are_too_large(reply: bytes) -> None:
    answer, _ = ask(reply)
    assert isinstance(answer, HttpFailure)
    assert answer.too_large


def test_an_answer_that_does_not_come() -> None:
    answer, _ = ask(b"", timeout_seconds=0.05)
    assert answer == HttpFailure("no whole answer within 0.05 seconds", timed_out=True)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "Connect"),
        ("ftp://x/", "not the URL"),
        ("http://", "not the URL"),
        ("http://[::1/", "IPv6"),
        ("http://h:99999/", "Port"),
    ],
)
def test_nobody_there(url: str, reason: str) -> None:
    answer = asyncio.run(HttpEffect()(HttpRequest("GET", url)))
    assert isinstance(answer, HttpFailure)
    assert reason in answer.reason


def test_a_header_cannot_smuggle_another() -> None:
    answer, got = ask(ANSWERS["nothing"][0], headers=(("A", "b\r\nC: d"),))
    assert isinstance(answer, HttpFailure)
    assert got == b""


def test_a_server_that_hangs_leaves_turns_to_the_others() -> None:
    open_connections = 0
    full = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_connections
        open_connections += 1
        if open_connections == 64:
            full.set()
        await reader.read()
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\n\r\nhi")
        writer.close()

    async def all_of_it() -> HttpAnswer | HttpFailure:
        effect = HttpEffect()
        async with (
            await asyncio.start_server(hang, "127.0.0.1", 0) as hanging,
            await asyncio.start_server(answer, "127.0.0.1", 0) as well,
        ):
            urls = [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/" for server in (hanging, well)]
            stuck = [asyncio.create_task(effect(HttpRequest("GET", urls[0]))) for _ in range(300)]
            await full.wait()
            answered = await effect(HttpRequest("GET", urls[1]))
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
            return answered

    answered = asyncio.run(all_of_it())
    assert isinstance(answered, HttpAnswer)
    assert (answered.body, open_connections) == (b"hi", 64)
