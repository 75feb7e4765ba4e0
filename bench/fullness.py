"""What a call costs with a thousand finished executions in the store, with a hundred thousand, with a million.

The first thousand are run; the others are copies of their rows, each with a name, numbers and times of its own, as if
they had been run before, at the same pace. All servers are measured in turns, several times; the least of a call's
processor time (server and database) counts, so that what else the machine does matters less.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from client import Client, Connection
from database import Database, Server
from executions import chain_definition, machine
from host import Host
from measuring import Bench, measurement
from messages import queue

_SEED = 1_000
_ROUNDS = 5
_CALLS = 1_000
_PIECE = 20  # copies of the seed at a time
_TABLES = ("states_executions", "states_chunks", "deliveries")
_NUMBERS = {"number", "execution", "id"}
_TIMES = {"start_at", "stop_at", "at"}
_NAMES = {"arn", "name", "trace", "target"}
_MADE = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})(?=-7)|1-([0-9a-f]{8})-([0-9a-f]{12})")
_INPUT = '{"n":1,"name":"Ada","list":[1,2,3]}'
_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")

Rows = list[tuple[Any, ...]]
One = Callable[[Connection, int], Awaitable[Any]]


@measurement(most_seconds=3_000)
async def flat(bench: Bench) -> None:
    """No figure worse than 1.3 times."""
    if bench.host is None:
        return
    levels = [_SEED, (20 if bench.quick else 100) * _SEED]
    for store, more in (("sqlite", [1_000 * _SEED] if bench.million else []), ("postgresql", [])):
        with ExitStack() as stack:
            worlds = {level: await _filled(stack, store, level) for level in levels + more}
            await _measure(bench, store, worlds)


async def _measure(bench: Bench, store: str, worlds: dict[int, tuple[Bench, str, float]]) -> None:
    """Every call in each world, by turns."""
    costs: dict[str, dict[int, list[float]]] = {}
    calls = {level: await _calls(world, arn) for level, (world, arn, _) in worlds.items()}
    for _ in range(2 if bench.quick else _ROUNDS):
        for name in next(iter(calls.values())):
            for level, (world, _, _) in worlds.items():
                cost = await _cost(world, calls[level][name])
                costs.setdefault(name, {}).setdefault(level, []).append(cost)
    for name, by_level in costs.items():
        _record(bench, f"flat_{store}_{name}", {level: min(found) for level, found in by_level.items()})
    _record(bench, f"flat_{store}_start", {level: started * 1e6 for level, (_, _, started) in worlds.items()})


def _record(bench: Bench, figure: str, costs: dict[int, float]) -> None:
    first, *more = costs.values()
    rounded = {f"{level:,}": round(cost, 1) for level, cost in costs.items()}
    bench.record(figure, max(more) / first, cpu_us_a_call=rounded)


async def _cost(world: Bench, one: One) -> float:
    """Processor time of a call, of server and database, in µs."""
    await world.client.load(8, 20, one, most=50)
    before = world.processors()
    load = await world.client.load(8, 60, one, most=_CALLS)
    now = world.processors()
    assert not load.refused, load.refused
    return (now.server - before.server + now.database - before.database) / load.calls * 1e6


async def _calls(world: Bench, arn: str) -> dict[str, One]:
    """What is measured."""
    client = world.client
    url, _ = await queue(world)
    mixed = client.json("states", "ListExecutions", stateMachineArn=arn, maxResults=1_000)
    known = [one["executionArn"] for one in (await client.call(mixed))["executions"]]
    requests = {
        "chain": [client.json("states", "StartExecution", stateMachineArn=arn, input=_INPUT)],
        "send": [client.json("sqs", "SendMessage", QueueUrl=url, MessageBody="x" * 200)],
        "describe": [client.json("states", "DescribeExecution", executionArn=one) for one in known],
        "history": [client.json("states", "GetExecutionHistory", executionArn=one) for one in known],
        "list": [client.json("states", "ListExecutions", stateMachineArn=arn, maxResults=20)],
        **{
            f"list_{status.lower()}": [
                client.json("states", "ListExecutions", stateMachineArn=arn, maxResults=20, statusFilter=status)
            ]
            for status in ("RUNNING", "FAILED", "SUCCEEDED")
        },
    }

    async def one(connection: Connection, index: int, *, among: list[bytes]) -> None:
        await connection.result(among[index % len(among)])

    return {name: partial(one, among=among) for name, among in requests.items()}


# --- filling


async def _filled(stack: ExitStack, store: str, level: int) -> tuple[Bench, str, float]:
    """A server with so many finished executions of one machine: it, the machine's ARN, what its start cost."""
    database: Database | None = None
    if store == "postgresql":
        server = Server()
        stack.callback(server.close)
        database = server.database()
        stack.callback(database.close)
    host = Host(database)
    host.start(_FIRST_CALL)
    stack.callback(host.stop)
    world = Bench(Client(host.endpoint_url), [host], True)
    arn = await machine(world, chain_definition())
    start = world.client.json("states", "StartExecution", stateMachineArn=arn, input=_INPUT)
    await world.client.load(8, 100, lambda connection, _: connection.result(start), most=_SEED)
    host.end()
    await asyncio.to_thread(_fill, database or host.directory / "data" / "segue.db", level // _SEED - 1)
    starts = []
    for again in range(3):
        if again:
            host.end()
        host.start(_FIRST_CALL)
        starts.append(host.cpu_seconds())
    world.client = Client(host.endpoint_url)
    return world, arn, min(starts)


class Filling(Protocol):
    """An engine's rows, while no server uses them."""

    def read(self, table: str) -> tuple[list[str], Rows]:
        """The names of the columns, and all rows."""
        ...

    def write(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows."""
        ...


def _fill(store: Database | Path, times: int) -> None:
    with Postgres(store) if isinstance(store, Database) else Sqlite(store) as rows:
        _copy(rows, times)


def _copy(rows: Filling, times: int) -> None:
    seed = {table: rows.read(table) for table in _TABLES}
    columns, executions = seed["states_executions"]
    began = [row[columns.index("start_at")] for row in executions]
    span_ms = max(began) - min(began) + 1
    for first in range(0, times, _PIECE):
        copies = range(first + 1, min(first + _PIECE, times) + 1)
        for table, (titles, originals) in seed.items():
            made = (_copied(titles, row, copy * span_ms) for copy in copies for row in originals)
            rows.write(table, titles, made)


def _copied(titles: list[str], row: tuple[Any, ...], by_ms: int) -> tuple[Any, ...]:
    made = []
    for title, value in zip(titles, row, strict=True):
        if title in _NUMBERS:
            value -= by_ms << 22
        elif title in _TIMES and value is not None:
            value -= by_ms
        elif title in _NAMES:
            value = _MADE.sub(partial(_earlier, by_ms), value)
        made.append(value)
    return tuple(made)


def _earlier(by_ms: int, name: re.Match[str]) -> str:
    """The same name, or trace, as it would have been made so long before: they begin with the time."""
    if name[1]:
        moment = f"{int(name[1] + name[2], 16) - by_ms:012x}"
        return f"{moment[:8]}-{moment[8:]}"
    moment = f"{int(name[4], 16) - by_ms:012x}"
    return f"1-{int(name[3], 16) - by_ms // 1_000:08x}-{moment}"


class Sqlite:
    """A data directory's database."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA synchronous=OFF")

    def __enter__(self) -> Filling:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.commit()
        self._connection.close()

    def read(self, table: str) -> tuple[list[str], Rows]:
        cursor = self._connection.execute(f"SELECT * FROM {table}")
        return [column[0] for column in cursor.description], cursor.fetchall()

    def write(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        self._connection.commit()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Postgres:
    """A database of a server."""

    def __init__(self, database: Database) -> None:
        import psycopg

        self._connection = psycopg.connect(database.url)

    def __enter__(self) -> Filling:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")
        self._connection.close()

    def read(self, table: str) -> tuple[list[str], Rows]:
        cursor = self._connection.execute(f"SELECT * FROM {table}".encode())
        assert cursor.description is not None
        return [column.name for column in cursor.description], cursor.fetchall()

    def write(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        self._connection.commit()
