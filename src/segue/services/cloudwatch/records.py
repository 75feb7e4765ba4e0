"""The rows: series and their points, alarms and what became of them, dashboards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgpack

from segue.languages.metrics.statistics import Point, merge
from segue.store import Transaction
from segue.store.tallies import MINUTE_MS, Cells, Dimensions

MIGRATIONS = (
    """
    CREATE TABLE cloudwatch_series (
        id BIGINT PRIMARY KEY,
        scope TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        dimensions TEXT NOT NULL,
        last_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX cloudwatch_series_key ON cloudwatch_series (scope, namespace, name, dimensions);
    CREATE TABLE cloudwatch_points (
        series BIGINT NOT NULL,
        at BIGINT NOT NULL,
        resolution BIGINT NOT NULL,
        unit TEXT NOT NULL,
        total DOUBLE PRECISION NOT NULL,
        number DOUBLE PRECISION NOT NULL,
        low DOUBLE PRECISION NOT NULL,
        high DOUBLE PRECISION NOT NULL,
        vals BYTEA,
        PRIMARY KEY (series, at, resolution, unit)
    );
    CREATE INDEX cloudwatch_points_age ON cloudwatch_points (resolution, at);
    CREATE TABLE cloudwatch_alarms (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        metric TEXT NOT NULL,
        document TEXT NOT NULL,
        state TEXT NOT NULL,
        details TEXT NOT NULL
    );
    CREATE UNIQUE INDEX cloudwatch_alarms_name ON cloudwatch_alarms (scope, name);
    CREATE INDEX cloudwatch_alarms_metric ON cloudwatch_alarms (scope, metric);
    CREATE TABLE cloudwatch_children (
        child TEXT NOT NULL,
        parent TEXT NOT NULL,
        PRIMARY KEY (child, parent)
    );
    CREATE INDEX cloudwatch_children_parent ON cloudwatch_children (parent);
    CREATE TABLE cloudwatch_history (
        id BIGINT PRIMARY KEY,
        scope TEXT NOT NULL,
        alarm TEXT NOT NULL,
        kind TEXT NOT NULL,
        at BIGINT NOT NULL,
        type TEXT NOT NULL,
        summary TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX cloudwatch_history_alarm ON cloudwatch_history (scope, alarm, id);
    CREATE INDEX cloudwatch_history_age ON cloudwatch_history (at);
    CREATE TABLE cloudwatch_dashboards (
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (account, name)
    );
    """,
)

PARTITION_KEYS = {"cloudwatch_points": "series"}

_DAY_MS = 86_400_000
_MOST_VALUES = 150


class Metric(NamedTuple):
    """Which series: where, and of what."""

    scope: str
    namespace: str
    name: str
    dimensions: Dimensions


def dimensions_text(dimensions: Dimensions) -> str:
    """Dimensions as they stand in a row."""
    return "\x1f".join(f"{name}\x1e{value}" for name, value in dimensions)


def dimensions_of(text: str) -> Dimensions:
    """Dimensions of a row's text."""
    if not text:
        return ()
    pairs = (part.partition("\x1e") for part in text.split("\x1f"))
    return tuple((name, value) for name, _, value in pairs)


def series_id(tx: Transaction, metric: Metric, at_ms: int) -> int:
    """The id of a series, which is made if it is new; it has a point at that time."""
    key = (metric.scope, metric.namespace, metric.name, dimensions_text(metric.dimensions))
    found = tx.one(
        "SELECT id, last_at FROM cloudwatch_series WHERE scope = ? AND namespace = ? AND name = ? AND dimensions = ?",
        *key,
    )
    if found is None:
        made = tx.ids.ordered(tx.now_ms)
        tx.run("INSERT INTO cloudwatch_series VALUES (?, ?, ?, ?, ?, ?)", made, *key, at_ms)
        return made
    if found[1] < at_ms:
        tx.run("UPDATE cloudwatch_series SET last_at = ? WHERE id = ?", at_ms, found[0])
    return int(found[0])


def add_point(tx: Transaction, series: int, resolution_ms: int, point: Point) -> None:
    """Add what was measured to what is known of that stretch."""
    at_ms = point.at_ms - point.at_ms % resolution_ms
    row = tx.one(
        "SELECT at, total, number, low, high, vals, unit FROM cloudwatch_points"
        " WHERE series = ? AND at = ? AND resolution = ? AND unit = ?",
        series,
        at_ms,
        resolution_ms,
        point.unit,
    )
    put_point(tx, series, resolution_ms, merge((_point(row), point) if row is not None else (point,), at_ms))


def put_point(tx: Transaction, series: int, resolution_ms: int, point: Point) -> None:
    """Write a point, in place of what was there."""
    values = point.values if point.values is not None and len(point.values) <= _MOST_VALUES else None
    if values is None and point.values is not None:
        values = _thinned(point.values)
    tx.run(
        "INSERT INTO cloudwatch_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series, at, resolution, unit)"
        " DO UPDATE SET total = excluded.total, number = excluded.number, low = excluded.low, high = excluded.high,"
        " vals = excluded.vals",
        series,
        point.at_ms,
        resolution_ms,
        point.unit,
        point.sum,
        point.count,
        point.low,
        point.high,
        None if values is None else msgpack.packb(dict(values)),
    )


def _thinned(values: Mapping[float, float]) -> dict[float, float]:
    """So many values, each for those near it: percentiles stay true to about a percent."""
    ordered = sorted(values.items())
    width = -(-len(ordered) // _MOST_VALUES)
    groups = (ordered[at : at + width] for at in range(0, len(ordered), width))
    return {group[-1][0]: sum(times for _, times in group) for group in groups}


def points_of(tx: Transaction, metric: Metric, begin_ms: int, end_ms: int, unit: str | None) -> list[Point]:
    """The points of a series that begin in a stretch of time, oldest first."""
    found = tx.one(
        "SELECT id FROM cloudwatch_series WHERE scope = ? AND namespace = ? AND name = ? AND dimensions = ?",
        metric.scope,
        metric.namespace,
        metric.name,
        dimensions_text(metric.dimensions),
    )
    if found is None:
        return []
    rows = tx.all(
        "SELECT at, total, number, low, high, vals, unit FROM cloudwatch_points"
        " WHERE series = ? AND at >= ? AND at < ? ORDER BY at",
        found[0],
        begin_ms,
        end_ms,
    )
    return [_point(row) for row in rows if unit is None or row[6] == unit]


def _point(row: Sequence[object]) -> Point:
    at_ms, total, number, low, high, packed, unit = row
    values = None if packed is None else msgpack.unpackb(packed, strict_map_key=False)
    return Point(at_ms, total, number, low, high, values, unit)  # type: ignore[arg-type]


def keep_tallies(tx: Transaction, cells: Cells) -> None:
    """Write down what was counted in memory."""
    for (minute, series), cell in cells.items():
        account, region, namespace, name, dimensions, unit = series
        metric = Metric(f"{account}/{region}", namespace, name, dimensions)
        point = Point(minute, cell.sum, cell.count, cell.low, cell.high, cell.values, unit)
        add_point(tx, series_id(tx, metric, minute), MINUTE_MS, point)


def list_series(
    tx: Transaction, scope: str, after: tuple[str, str, str], since_ms: int, limit: int
) -> Iterable[Metric]:
    """Series with a point since then, in the order of namespace, name and dimensions."""
    rows = tx.all(
        "SELECT namespace, name, dimensions FROM cloudwatch_series WHERE scope = ?"
        " AND (namespace, name, dimensions) > (?, ?, ?) AND last_at >= ? ORDER BY namespace, name, dimensions LIMIT ?",
        scope,
        *after,
        since_ms,
        limit,
    )
    return [Metric(scope, row[0], row[1], dimensions_of(row[2])) for row in rows]


# How long points are kept, and into what they are merged then (CloudWatch user guide, "Metrics retention").
_AGES = (
    (1_000, 3 * 3_600_000, MINUTE_MS),
    (MINUTE_MS, 15 * _DAY_MS, 5 * MINUTE_MS),
    (5 * MINUTE_MS, 63 * _DAY_MS, 60 * MINUTE_MS),
    (60 * MINUTE_MS, 455 * _DAY_MS, 0),
)
_HISTORY_MS = 30 * _DAY_MS


def forget(tx: Transaction, limit: int) -> bool:
    """Merge or remove some of what is old; whether there is more."""
    gone = tx.run(
        "DELETE FROM cloudwatch_history WHERE id IN (SELECT id FROM cloudwatch_history WHERE at < ? LIMIT ?)",
        tx.now_ms - _HISTORY_MS,
        limit,
    )
    for resolution_ms, age_ms, into_ms in _AGES:
        before_ms = tx.now_ms - age_ms
        before_ms -= before_ms % (into_ms or resolution_ms)
        rows = tx.all(
            "SELECT at, total, number, low, high, vals, unit, series FROM cloudwatch_points"
            " WHERE resolution = ? AND at < ? ORDER BY at LIMIT ?",
            resolution_ms,
            before_ms,
            limit,
        )
        for row in rows:
            if into_ms:
                add_point(tx, row[7], into_ms, _point(row[:7]))
            tx.run(
                "DELETE FROM cloudwatch_points WHERE series = ? AND at = ? AND resolution = ? AND unit = ?",
                row[7],
                row[0],
                resolution_ms,
                row[6],
            )
        if len(rows) == limit:
            return True
    tx.run(
        "DELETE FROM cloudwatch_series WHERE last_at < ? AND NOT EXISTS"
        " (SELECT 1 FROM cloudwatch_points WHERE series = cloudwatch_series.id)",
        tx.now_ms - _AGES[-1][1],
    )
    return gone == limit
