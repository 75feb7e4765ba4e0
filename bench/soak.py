"""A long load, then three times as much, and what becomes of memory and files: ``make soak MINUTES=60``, or

python bench/soak.py [--minutes N] [--store sqlite|postgresql] [--svg FILE]

A server of its own keeps executions and deliveries for a tenth of the time only, so that what is deleted and what is
made come into balance while one looks. First as many requests as it can do are found out (``--share`` of that is the
sustained rate), sent at that rate whatever the answers are; then for a sixth of the time three times as many; then
again as before, to see it recover. 1 is returned where it does not level off, breaks or does not recover.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client import Client, Connection, Refused, percentile_ms
from database import Database, Server
from host import Host
from mixture import Mixture

_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")
_CONNECTIONS = 8_000
_TICK_SECONDS = 0.01
_THROTTLES = (b"Throttl", b"SlowDown", b"TooManyRequests")
_GROWTH = 1.3
_SLOW_SECONDS = 3.0
_MINUTES_TO_JUDGE = 2


@dataclass
class Interval:
    """What happened since the last line."""

    seconds: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    refused: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    unsent: int = 0  # all connections waited for an answer


@dataclass(frozen=True)
class Line:
    """One line of the report. Sizes in megabytes."""

    at: float
    phase: str
    rate: float
    p50_ms: float
    p99_ms: float
    refused: float
    unsent: float
    failed: int
    memory: float
    files: float
    waiting: int
    late_ms: int

    def __str__(self) -> str:
        return (
            f"{self.at:6.0f} s {self.phase:9} {self.rate:7.0f}/s  p50 {self.p50_ms:7.1f} ms  p99 {self.p99_ms:8.1f} ms"
            f"  refused {self.refused:6.0f}/s  unsent {self.unsent:6.0f}/s  failed {self.failed:4}"
            f"  memory {self.memory:6.1f} MB  files {self.files:7.1f} MB"
            f"  jobs due {self.waiting:6}  late {self.late_ms:6} ms"
        )


class Soak:
    """One server under load.

    Args:
        host: the server.
        every_seconds: how often to print a line.
    """

    def __init__(self, host: Host, every_seconds: float) -> None:
        self._host = host
        self._every = every_seconds
        self._client = Client(host.endpoint_url)
        self._mixture = Mixture(self._client)
        self._free: list[Connection] = []
        self._open = 0
        self._users: set[asyncio.Task[None]] = set()
        self._interval = Interval()
        self._began = time.perf_counter()
        self.lines: list[Line] = []

    async def prepare(self, seconds: float) -> float:
        """Deploy, and find out how many requests a second it can do."""
        await self._mixture.deploy()
        until = time.perf_counter() + seconds
        began, self._interval = time.perf_counter(), Interval()

        async def user() -> None:
            connection = self._client.connection()
            while time.perf_counter() < until:
                await self._do(connection)
            self._free.append(connection)

        self._open += 48
        await asyncio.gather(*(user() for _ in range(48)))
        return len(self._interval.seconds) / (time.perf_counter() - began)

    async def load(self, phase: str, rate: float, seconds: float) -> None:
        """Send so many requests a second, whatever the answers are, and say how it goes."""
        self._interval = Interval()
        began = last = time.perf_counter()
        sent = 0
        while (now := time.perf_counter()) < began + seconds:
            # a user's visit is more than one request: see Mixture
            while sent < (now - began) * rate / self._mixture.requests_a_visit:
                sent += 1
                self._visit()
            if now - last >= self._every:
                await self._tell(phase, now - last)
                last = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)

    def _visit(self) -> None:
        if not self._free and self._open >= _CONNECTIONS:
            self._interval.unsent += 1
            return
        if self._free:
            connection = self._free.pop()
        else:
            connection, self._open = self._client.connection(), self._open + 1
        task = asyncio.create_task(self._use(connection))
        self._users.add(task)
        task.add_done_callback(self._users.discard)

    async def _use(self, connection: Connection) -> None:
        await self._do(connection)
        self._free.append(connection)

    async def _do(self, connection: Connection) -> None:
        async def ask(request: bytes) -> bytes:
            self._mixture.requests += 1
            began = time.perf_counter()
            try:
                status, body = await connection.call(request)
            except ConnectionError:  # it was idle for so long that the server has ended it: SDKs open another, too
                status, body = await connection.call(request)
            interval = self._interval
            if status < 300 or status == 404:  # an object that nobody has put yet
                seconds = time.perf_counter() - began
                interval.seconds.append(seconds)
                interval.slowest = max(interval.slowest, (seconds, _what(request)))
                return body
            if any(word in body for word in _THROTTLES):
                interval.refused += 1
                return b""
            raise Refused(f"{status} {body[:160]!r}")

        self._mixture.visits += 1
        try:
            await self._mixture.something(ask)
        except (Refused, OSError) as error:
            failed = self._interval.failed
            failed[str(error)] = failed.get(str(error), 0) + 1

    async def _tell(self, phase: str, seconds: float) -> None:
        done, self._interval = self._interval, Interval()
        try:
            async with asyncio.timeout(30):
                page: dict[str, Any] = await self._client.call(self._client.http("GET", "/_segue/cluster", "sqs", {}))
        except TimeoutError:
            page = {"database": {"bytes": 0}, "jobs": {"due": {}}, "oldestDueMs": -1}
        files = sum(file.stat().st_size for file in self._host.directory.rglob("*") if file.is_file())
        if self._host.database is not None:
            files += page["database"]["bytes"]
        line = Line(
            at=time.perf_counter() - self._began,
            phase=phase,
            rate=len(done.seconds) / seconds,
            p50_ms=percentile_ms(done.seconds or [0.0], 50),
            p99_ms=percentile_ms(done.seconds or [0.0], 99),
            refused=done.refused / seconds,
            unsent=done.unsent / seconds,
            failed=sum(done.failed.values()),
            memory=self._host.memory_mb()["server"],
            files=files / 1e6,
            waiting=sum(page["jobs"]["due"].values()),
            late_ms=page["oldestDueMs"],
        )
        self.lines.append(line)
        print(line, flush=True)
        if done.slowest[0] > _SLOW_SECONDS:
            print(f"         the slowest took {done.slowest[0]:.1f} s: {done.slowest[1]}", flush=True)
        for words, times in list(done.failed.items())[:3]:
            print(f"         {times} times: {words}", flush=True)


def _what(request: bytes) -> str:
    """What a request asks for, in a word."""
    head = request[:1_000].decode("latin-1")
    named = re.search(r"(?:X-Amz-Target: |Action=)([\w.]+)", request.decode("latin-1"))
    return named[1] if named else " ".join(head.split(" ", 2)[:2])


def failures(lines: list[Line]) -> list[str]:
    """What went wrong, in words."""
    failed = sum(line.failed for line in lines)
    return [f"{failed} requests failed otherwise than by being throttled"] if failed else []


def growth(lines: list[Line]) -> list[str]:
    """What is wrong, in words: the last third of the sustained time against the third before, and after the flood."""
    sustained = [line for line in lines if line.phase == "sustained"]
    flood = [line for line in lines if line.phase == "flood"]
    after = [line for line in lines if line.phase == "after"]
    third = max(1, len(sustained) // 3)
    problems = []
    for name in ("memory", "files"):
        before = max(getattr(line, name) for line in sustained[-2 * third : -third] or sustained[:1])
        last = max(getattr(line, name) for line in sustained[-third:])
        print(f"{name}: {before:.1f} MB in the second third, {last:.1f} MB in the last", end="; ")
        print("levels off" if last <= before * _GROWTH else "GROWS")
        if last > before * _GROWTH:
            problems.append(f"{name} grows: from {before:.1f} to {last:.1f} MB")
    usual, worst = max(line.memory for line in sustained), max(line.memory for line in flood)
    print(f"flood: {sum(line.rate for line in flood) / len(flood):.0f}/s done, ", end="")
    print(f"{sum(line.refused for line in flood) / len(flood):.0f}/s refused, ", end="")
    print(f"{sum(line.unsent for line in flood) / len(flood):.0f}/s unsent, memory {usual:.0f} to {worst:.0f} MB")
    if worst > usual * 2 + 100:
        problems.append(f"memory goes from {usual:.0f} to {worst:.0f} MB under the flood")
    slow = max(1_000, 5 * max(line.p99_ms for line in sustained))
    if after[-1].refused > 0 or after[-1].unsent > 0 or after[-1].p99_ms > slow:
        problems.append(f"it has not recovered: {after[-1]}")
    return problems


def chart(lines: list[Line]) -> str:
    """Memory and files over time, as an SVG."""
    width, height = 800, 300
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 20}" font-family="sans-serif">']
    for name, colour, place in (("memory", "#c33", 10), ("files", "#36c", 160), ("rate", "#393", 310)):
        values = [getattr(line, name) for line in lines]
        most = max(values) or 1
        points = " ".join(
            f"{width * line.at / lines[-1].at:.1f},{height - height * value / most:.1f}"
            for line, value in zip(lines, values, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        unit = "/s" if name == "rate" else " MB"
        parts.append(f'<text x="{place}" y="{height + 15}" fill="{colour}">{name}: {most:.0f}{unit} at most</text>')
    return "\n".join([*parts, "</svg>"])


async def soak(arguments: argparse.Namespace, host: Host) -> list[str]:
    """All of it; what is wrong, in words."""
    seconds = arguments.minutes * 60
    run = Soak(host, min(10.0, seconds / 10))
    most = await run.prepare(max(1.0, min(20.0, seconds / 10)))
    rate = most * arguments.share
    print(f"up to {most:.0f} requests a second; {rate:.0f} are sent for {seconds:.0f} s", flush=True)
    await run.load("sustained", rate, seconds)
    await run.load("flood", 3 * rate, seconds / 6)
    await run.load("after", rate, max(3 * run._every, seconds / 20))
    if arguments.svg:
        arguments.svg.write_text(chart(run.lines))
    grown = growth(run.lines)
    # in a few seconds nothing levels off yet
    return failures(run.lines) + (grown if arguments.minutes >= _MINUTES_TO_JUDGE else [])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="how long the sustained load goes (default: 60)")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--share", type=float, default=0.7, help="of what it can do, the sustained rate (default: 0.7)")
    parser.add_argument("--svg", type=Path, help="where to draw memory and files")
    arguments = parser.parse_args()
    server = Server() if arguments.store == "postgresql" else None
    database: Database | None = server.database() if server else None
    kept = f"{max(5, round(arguments.minutes * 6))}s"
    host = Host(database, "--keep", f"executions={kept}", "--keep", f"deliveries={kept}")
    try:
        host.start(_FIRST_CALL)
        problems = asyncio.run(soak(arguments, host))
        words = [line for line in host.log().splitlines() if "ERROR" in line]
        problems += [f"{len(words)} errors in the log, first: {words[0]}"] if words else []
    finally:
        host.stop()
        if database is not None:
            database.close()
        if server is not None:
            server.close()
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
