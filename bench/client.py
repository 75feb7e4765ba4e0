"""A client that costs less than the server: keep-alive connections, encoded requests, one task a connection."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httptools

REGION = "us-east-1"
ACCOUNT = "000000000000"

# service: its content type and the prefix of X-Amz-Target
_JSON_SERVICES = {
    "sqs": ("application/x-amz-json-1.0", "AmazonSQS"),
    "dynamodb": ("application/x-amz-json-1.0", "DynamoDB_20120810"),
    "states": ("application/x-amz-json-1.0", "AWSStepFunctions"),
    "events": ("application/x-amz-json-1.1", "AWSEvents"),
}


class Refused(Exception):
    """An answer that is not a success."""


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body: list[bytes] = []

    async def call(self, request: bytes) -> tuple[int, bytes]:
        """Send an encoded request; its status and body."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            await loop.create_connection(lambda: self, self._host, self._port)
        assert self._transport is not None
        self._answer = loop.create_future()
        self._transport.write(request)
        return await self._answer

    async def result(self, request: bytes) -> Any:
        """Send an encoded request; the JSON of its answer. Raises ``Refused`` where that is an error."""
        status, body = await self.call(request)
        if status >= 300:
            raise Refused(f"{status} {body[:300]!r}")
        return json.loads(body) if body[:1] in (b"{", b"[") else body

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = []

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive() and self._transport is not None:
            self._transport.close()
            self._transport = None
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_result((self._parser.get_status_code(), b"".join(self._body)))


@dataclass(frozen=True)
class Load:
    """What a load came to: calls a second, latencies in seconds, refusals by their text, the client's own cost."""

    rate: float
    seconds: float
    calls: int
    latencies: Sequence[float]
    refused: dict[str, int] = field(default_factory=dict)
    cpu_seconds: float = 0.0

    def percentile_ms(self, percent: int) -> float:
        return percentile_ms(self.latencies, percent)


def percentile_ms(seconds: Sequence[float], percent: int) -> float:
    """A percentile of durations, in milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


class Client:
    """An endpoint (or several, taken in turns): encodes requests for it and loads it."""

    def __init__(self, endpoint_url: str, *more: str) -> None:
        self.endpoint_url = endpoint_url.rstrip("/")
        places = [urlsplit(url) for url in (endpoint_url, *more)]
        self._places = itertools.cycle([(parts.hostname or "127.0.0.1", parts.port or 80) for parts in places])
        self.host, self.port = places[0].hostname or "127.0.0.1", places[0].port or 80
        self._spare: list[Connection] = []

    # --- encoding

    def json(self, service: str, operation: str, **params: Any) -> bytes:
        """A call of a JSON-protocol service."""
        content_type, target = _JSON_SERVICES[service]
        headers = {"Content-Type": content_type, "X-Amz-Target": f"{target}.{operation}"}
        return self.http("POST", "/", service, headers, json.dumps(params).encode())

    def query(self, service: str, operation: str, version: str, **params: str) -> bytes:
        """A call of a Query-protocol service."""
        body = urlencode({"Action": operation, "Version": version, **params}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.http("POST", "/", service, headers, body)

    def http(self, method: str, path: str, service: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        """Any call. Its signature has the right form and the wrong value: no server here verifies it on loopback."""
        scope = f"test/20260101/{REGION}/{service}/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
        every = {
            "Host": f"{self.host}:{self.port}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": signature,
            **headers,
            "Content-Length": str(len(body)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    # --- calling

    async def call(self, request: bytes) -> Any:
        """One call on a connection of the client's own; its answer."""
        connection = self._spare.pop() if self._spare else self.connection()
        answer = await connection.result(request)
        self._spare.append(connection)
        return answer

    def connection(self) -> Connection:
        return Connection(*next(self._places))

    async def load(
        self,
        clients: int,
        seconds: float,
        one: Callable[[Connection, int], Awaitable[Any]],
        most: int = 1 << 30,
    ) -> Load:
        """Let ``clients`` connections do ``one`` again and again for some time, or until ``most`` were done."""
        latencies: list[float] = []
        refused: dict[str, int] = {}
        connections = [self.connection() for _ in range(clients)]
        turn = iter(range(most))
        began, cpu = time.perf_counter(), time.process_time()
        until = began + seconds

        async def client(connection: Connection) -> None:
            while (start := time.perf_counter()) < until and (index := next(turn, None)) is not None:
                try:
                    await one(connection, index)
                    latencies.append(time.perf_counter() - start)
                except (Refused, ConnectionError) as error:
                    refused[str(error)[:200]] = refused.get(str(error)[:200], 0) + 1
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(client(connection) for connection in connections))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        for connection in connections:
            connection.close()
        if not latencies:
            raise Refused(f"no call succeeded: {refused}")
        return Load(len(latencies) / took, took, len(latencies), latencies, refused, cpu)
