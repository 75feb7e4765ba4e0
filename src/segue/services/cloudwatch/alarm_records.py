"""The rows of alarms and of their history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from segue.api import Call
from segue.services.cloudwatch.service import scope_of
from segue.store import Row, Transaction

_COLUMNS = "arn, name, kind, document, state, details"


class Alarm(NamedTuple):
    """One alarm.

    Attributes:
        kind: ``MetricAlarm`` or ``CompositeAlarm``.
        document: its configuration, as the API tells it.
        state: ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``.
        details: ``reason``, ``data`` (JSON), ``updated_ms``, ``transitioned_ms``.
    """

    arn: str
    name: str
    kind: str
    document: dict[str, Any]
    state: str
    details: dict[str, Any]


def _alarm(row: Row) -> Alarm:
    return Alarm(row[0], row[1], row[2], json.loads(row[3]), row[4], json.loads(row[5]))


def find(tx: Transaction, arn: str) -> Alarm | None:
    """The alarm with that ARN."""
    row = tx.one(f"SELECT {_COLUMNS} FROM cloudwatch_alarms WHERE arn = ?", arn)
    return None if row is None else _alarm(row)


def save(tx: Transaction, scope: str, alarm: Alarm, metrics: Iterable[str]) -> None:
    """Write an alarm; ``metrics`` is what it is found by (see :func:`by_metric`)."""
    tx.run(
        "INSERT INTO cloudwatch_alarms VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET"
        " kind = excluded.kind, metric = excluded.metric, document = excluded.document, state = excluded.state,"
        " details = excluded.details",
        alarm.arn,
        scope,
        alarm.name,
        alarm.kind,
        next(iter(metrics), ""),
        json.dumps(alarm.document),
        alarm.state,
        json.dumps(alarm.details),
    )


def save_state(tx: Transaction, alarm: Alarm) -> None:
    """Write an alarm's state."""
    tx.run(
        "UPDATE cloudwatch_alarms SET state = ?, details = ? WHERE arn = ?",
        alarm.state,
        json.dumps(alarm.details),
        alarm.arn,
    )


def save_document(tx: Transaction, alarm: Alarm) -> None:
    """Write an alarm's configuration."""
    tx.run("UPDATE cloudwatch_alarms SET document = ? WHERE arn = ?", json.dumps(alarm.document), alarm.arn)


def delete(tx: Transaction, arn: str) -> None:
    """Remove an alarm."""
    tx.run("DELETE FROM cloudwatch_alarms WHERE arn = ?", arn)
    tx.run("DELETE FROM cloudwatch_children WHERE parent = ?", arn)


def page(tx: Transaction, scope: str, prefix: str, after: str, limit: int) -> list[Alarm]:
    """Alarms by name."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM cloudwatch_alarms WHERE scope = ? AND name > ? AND name >= ? ORDER BY name LIMIT ?",
        scope,
        after,
        prefix,
        limit,
    )
    return [_alarm(row) for row in rows if row[1].startswith(prefix)]


def by_metric(tx: Transaction, scope: str, metric: str) -> list[Alarm]:
    """The alarms of one metric."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM cloudwatch_alarms WHERE scope = ? AND metric = ? ORDER BY name", scope, metric
    )
    return [_alarm(row) for row in rows]


def set_children(tx: Transaction, parent: str, children: Iterable[str]) -> None:
    """Say of which alarms (by ARN) a composite one speaks."""
    tx.run("DELETE FROM cloudwatch_children WHERE parent = ?", parent)
    for child in children:
        tx.run("INSERT INTO cloudwatch_children VALUES (?, ?) ON CONFLICT DO NOTHING", child, parent)


def parents(tx: Transaction, child: str) -> list[str]:
    """The composite alarms (by ARN) that speak of an alarm."""
    return [row[0] for row in tx.all("SELECT parent FROM cloudwatch_children WHERE child = ? ORDER BY parent", child)]


def children(tx: Transaction, parent: str) -> list[str]:
    """The alarms (by ARN) that a composite one speaks of."""
    return [row[0] for row in tx.all("SELECT child FROM cloudwatch_children WHERE parent = ? ORDER BY child", parent)]


def write_history(call: Call, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Note what happened to an alarm: ``ConfigurationUpdate``, ``StateUpdate`` or ``Action``."""
    call.tx.run(
        "INSERT INTO cloudwatch_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        call.tx.ids.ordered(call.now_ms),
        scope_of(call),
        alarm.name,
        alarm.kind,
        call.now_ms,
        kind,
        summary,
        json.dumps(data, separators=(",", ":")),
    )


class Noted(NamedTuple):
    """One item of history."""

    id: int
    alarm: str
    kind: str
    at_ms: int
    type: str
    summary: str
    data: str


def history(
    tx: Transaction,
    scope: str,
    alarm: str | None,
    begin_ms: int,
    end_ms: int,
    after: int | None,
    limit: int,
    *,
    up: bool,
) -> list[Noted]:
    """Items of history of a stretch of time, oldest (``up``) or newest first."""
    sign, order = (">", "ASC") if up else ("<", "DESC")
    wanted, values = "scope = ? AND at >= ? AND at <= ?", [scope, begin_ms, end_ms]
    if alarm is not None:
        wanted, values = f"{wanted} AND alarm = ?", [*values, alarm]
    if after is not None:
        wanted, values = f"{wanted} AND id {sign} ?", [*values, after]
    columns = "id, alarm, kind, at, type, summary, data"
    sql = f"SELECT {columns} FROM cloudwatch_history WHERE {wanted} ORDER BY id {order} LIMIT ?"
    rows = tx.all(sql, *values, limit)
    return [Noted(*row) for row in rows]
