"""What every measurement is given, and the register of measurements."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from client import Client, Connection, Load
from host import Host, machine_cpu_seconds

Measurement = Callable[["Bench"], Awaitable[None]]
MEASUREMENTS: dict[str, Measurement] = {}
LONGEST_SECONDS: dict[str, float] = {}


def measurement(*, most_seconds: float = 45) -> Callable[[Measurement], Measurement]:
    """Register a measurement under its function's name; it is given up after so many seconds."""

    def register(function: Measurement) -> Measurement:
        MEASUREMENTS[function.__name__] = function
        LONGEST_SECONDS[function.__name__] = most_seconds
        return function

    return register


@dataclass(frozen=True)
class Processors:
    """Processor time in seconds: of the server, of the database, of these with functions and the client, of the whole
    machine."""

    server: float
    database: float
    ours: float
    machine: float


@dataclass
class Bench:
    """One run against one endpoint.

    Attributes:
        client: speaks to it.
        hosts: its process (or those of its nodes), where it is ours: then processor time is measured, too.
        quick: shorter loads, smaller crowds.
        million: also what takes long: a million executions in the store.
        results: figure's name → its value and what else is worth knowing.
        worlds: results of the same measurements elsewhere, by the column's title.
    """

    client: Client
    hosts: Sequence[Host]
    quick: bool
    million: bool = False
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    worlds: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    _names: int = 0

    @property
    def host(self) -> Host | None:
        """The process, where it is ours; the first of the nodes."""
        return self.hosts[0] if self.hosts else None

    @property
    def seconds(self) -> float:
        """How long a load lasts."""
        return 1.0 if self.quick else 3.0

    def times(self, full: int) -> int:
        """How often something alone is repeated."""
        return max(5, full // 5) if self.quick else full

    def name(self, what: str) -> str:
        """A new resource's name."""
        self._names += 1
        return f"bench-{what}-{self._names}-{time.time_ns() // 1_000_000 % 10**8}"

    def record(self, figure: str, value: float, **details: Any) -> None:
        """Keep a figure."""
        self.results[figure] = {"value": value, **details}

    async def load(
        self, figure: str, clients: int, one: Callable[[Connection, int], Awaitable[Any]], *, weight: int = 1
    ) -> Load:
        """Warm up, load, and keep the rate (times ``weight``) with latencies and the processor time of a call."""
        await self.client.load(clients, self.seconds / 6, one)
        before = self.processors()
        load = await self.client.load(clients, self.seconds, one)
        self.record_load(figure, load, before, weight)
        return load

    def processors(self) -> Processors:
        """Who has used how much processor time so far."""
        if self.host is None:
            return Processors(0.0, 0.0, 0.0, 0.0)
        database = self.host.database_cpu_seconds()
        ours = sum(host.family_cpu_seconds() for host in self.hosts) + database + time.process_time()
        return Processors(sum(host.cpu_seconds() for host in self.hosts), database, ours, machine_cpu_seconds())

    def record_load(self, figure: str, load: Load, before: Processors, weight: int = 1) -> None:
        """Keep a load's rate (times ``weight``); ``before`` is what ``processors`` told at its start."""
        details: dict[str, Any] = {
            "calls": load.calls,
            "p50_ms": round(load.percentile_ms(50), 3),
            "p99_ms": round(load.percentile_ms(99), 3),
        }
        if self.hosts:
            now = self.processors()
            others = (now.machine - before.machine - now.ours + before.ours) / load.seconds
            details["server_cpu_us_a_call"] = round((now.server - before.server) / load.calls * 1e6, 1)
            if now.database:
                details["database_cpu_us_a_call"] = round((now.database - before.database) / load.calls * 1e6, 1)
            details["client_cpu_us_a_call"] = round(load.cpu_seconds / load.calls * 1e6, 1)
            details["processors_used_by_others"] = round(max(others, 0.0), 2)
        if load.refused:
            details["refused"] = load.refused
        self.record(figure, load.rate * weight, **details)


async def until(looks: Callable[[], Awaitable[bool]], seconds: float = 20, pause_seconds: float = 0.0) -> None:
    """Look again and again until it is so; ``TimeoutError`` where it is not in time."""
    async with asyncio.timeout(seconds):
        while not await looks():  # noqa: ASYNC110  (another process is waited for)
            await asyncio.sleep(pause_seconds)
