"""Reading a stream for a reader: where its lanes stand, and what comes next in one.

A checkpoint is a row. It moves in the transaction that settles what was made of the records, so that a crash between
brings the same records again and loses none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from segue import jobs
from segue.api.call import Call
from segue.api.sources.messages import MAXIMUM_BATCH_BYTES
from segue.api.sources.stream_batches import Chosen, Lane, StreamBatch, choose, passes, too_old
from segue.jobs import Again, Pending
from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE stream_lanes (
        owner TEXT NOT NULL,
        lane BIGINT NOT NULL,
        shard TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (owner, lane)
    );
    """,
)

_SCANNED = 1_000
"""How many records are read at once where filters leave some out."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """A stream, and how its records are wanted.

    Attributes:
        owner: names the reader (a mapping's id, a pipe's ARN).
        source_arn: the stream.
        batch_size, window_ms: how many records make a batch, and for how long they are gathered.
        filters: event patterns, of which one must match.
        lanes: how many batches may run at once.
        maximum_age_ms: how old records may become; ``None``: as old as their stream keeps them.
    """

    owner: str
    source_arn: str
    batch_size: int
    window_ms: int
    filters: Sequence[str]
    lanes: int = 1
    maximum_age_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next in a lane.

    Attributes:
        lane: where it stands now; to be saved.
        batch: what to do next, if there is something.
        wait: else, when to look again.
        old: records that are older than wanted, to be given up.
        forgotten: where a batch that had failed is no longer kept: the first record that still is.
    """

    lane: Lane
    batch: StreamBatch | None = None
    wait: Again | Pending | None = None
    old: tuple[Chosen, ...] = ()
    forgotten: str = ""


def lane_key(owner: str, lane: int) -> str:
    """The key of a lane's job."""
    return f"{owner}/{lane}"


def find_lane(tx: Transaction, owner: str, lane: int) -> tuple[str, Lane] | None:
    """The shard of a lane, and where it stands."""
    row = tx.one("SELECT shard, state FROM stream_lanes WHERE owner = ? AND lane = ?", owner, lane)
    return None if row is None else (row[0], _lane(row[1]))


def save_lane(tx: Transaction, owner: str, number: int, lane: Lane) -> None:
    """Where a lane stands now."""
    tx.run("UPDATE stream_lanes SET state = ? WHERE owner = ? AND lane = ?", json.dumps(asdict(lane)), owner, number)


def lanes_of(tx: Transaction, owner: str) -> list[tuple[str, Lane]]:
    """A reader's lanes: shards, and where they stand."""
    rows = tx.all("SELECT shard, state FROM stream_lanes WHERE owner = ? ORDER BY lane", owner)
    return [(shard, _lane(state)) for shard, state in rows]


def _lane(state: str) -> Lane:
    stored = json.loads(state)
    return Lane(**{**stored, "ends": tuple(stored["ends"])})


def start_lanes(
    call: Call, owner: str, count: int, first: Callable[[], tuple[str, str]], job: str, payload: dict[str, Any]
) -> None:
    """Have as many lanes as are wanted, and for each of them its job.

    Args:
        first: the shard and the checkpoint at which reading begins, of a reader without lanes.
        job: the kind of the lanes' jobs; their payload is ``payload`` with the ``lane``.
    """
    lanes = lanes_of(call.tx, owner)
    if len(lanes) != count:
        shard, begin = first() if not lanes else (lanes[0][0], min(lane.checkpoint for _, lane in lanes))
        drop_lanes(call.tx, owner, len(lanes), job)
        state = json.dumps(asdict(Lane(begin)))
        for lane in range(count):
            call.tx.run("INSERT INTO stream_lanes VALUES (?, ?, ?, ?)", owner, lane, shard, state)
    for lane in range(count):
        key = lane_key(owner, lane)
        if jobs.exists(call.tx, job, key):
            jobs.hurry(call.tx, job, key)
        else:
            jobs.enqueue(call.tx, job, key, {**payload, "lane": lane})


def begin(reader: Call, stream_arn: str, position: str) -> tuple[str, str]:
    """The stream's shard, and the checkpoint at which reading begins."""
    found = reader.perform("dynamodbstreams:StartAt", {"StreamArn": stream_arn, "StartingPosition": position})
    assert isinstance(found, dict)
    return found["ShardId"], found["Checkpoint"]


def drop_lanes(tx: Transaction, owner: str, count: int, job: str) -> None:
    """The lanes and their jobs are no longer wanted."""
    for lane in range(count):
        jobs.cancel(tx, job, lane_key(owner, lane))
    tx.run("DELETE FROM stream_lanes WHERE owner = ?", owner)


def look(call: Call, reader: Call, source: StreamSource, number: int, lane: Lane) -> Next:
    """What comes next in a lane.

    Args:
        reader: the same transaction, on the authority with which the stream is read.
        number: the lane's.
    """
    if source.window_ms and not lane.ends:
        lane, waiting = _gather(call, reader, source, number, lane)
        if waiting is not None:
            return Next(lane, wait=waiting)
    limit = max(source.batch_size, _SCANNED) if source.filters else source.batch_size
    found = _read(reader, source, number, lane.checkpoint, limit)
    if isinstance(found, Pending):
        if not lane.ends:
            return Next(lane, wait=found)
        found = {"Records": [], "ArrivedAt": [], "Checkpoint": lane.ends[0]}
    end = lane.ends[0] if lane.ends else ""
    batch = choose(found["Records"], found["ArrivedAt"], found["Checkpoint"], source.filters, source.batch_size, end)
    forgotten = ""
    if lane.first and (not batch.records or batch.records[0].number > lane.first):
        forgotten = batch.records[0].number if batch.records else batch.upto
    lane, batch, old = _without_too_old(call, source, lane, batch)
    if batch.records:
        return Next(lane, batch, old=old, forgotten=forgotten)
    return Next(lane.moved(batch.upto), wait=Again(call.now_ms), old=old, forgotten=forgotten)


def _read(reader: Call, source: StreamSource, number: int, after: str, limit: int) -> dict[str, Any] | Pending:
    params = {
        "StreamArn": source.source_arn,
        "Checkpoint": after,
        "Limit": limit,
        "MaxBytes": MAXIMUM_BATCH_BYTES,
        "Lanes": source.lanes,
        "Lane": number,
    }
    found = reader.perform("dynamodbstreams:RecordsAfter", params)
    assert isinstance(found, dict | Pending)
    return found


def _gather(
    call: Call, reader: Call, source: StreamSource, number: int, lane: Lane
) -> tuple[Lane, Again | Pending | None]:
    """Look through what is new for a batch; no waiting when there is enough, or has been waited long enough."""
    if _is_enough(call, source, lane):
        return lane, None
    found = _read(reader, source, number, lane.scanned or lane.checkpoint, _SCANNED)
    if isinstance(found, Pending):
        return lane, Pending(found.keys, lane.gathered_since_ms + source.window_ms) if lane.gathered else found
    for event, at_ms in zip(found["Records"], found["ArrivedAt"], strict=True):
        if passes(event, source.filters):
            lane = replace(
                lane,
                gathered=lane.gathered + 1,
                gathered_bytes=lane.gathered_bytes + event["dynamodb"]["SizeBytes"],
                gathered_since_ms=lane.gathered_since_ms or at_ms,
            )
    scanned = found["Checkpoint"]
    lane = replace(lane, scanned=scanned) if lane.gathered else lane.moved(scanned)
    return lane, None if _is_enough(call, source, lane) else Again(call.now_ms)


def _is_enough(call: Call, source: StreamSource, lane: Lane) -> bool:
    if not lane.gathered:
        return False
    is_late = call.now_ms >= lane.gathered_since_ms + source.window_ms
    return is_late or lane.gathered >= source.batch_size or lane.gathered_bytes >= MAXIMUM_BATCH_BYTES


def _without_too_old(
    call: Call, source: StreamSource, lane: Lane, batch: StreamBatch
) -> tuple[Lane, StreamBatch, tuple[Chosen, ...]]:
    """Take out what is older than it is wanted."""
    count = 0 if source.maximum_age_ms is None else too_old(batch.records, call.now_ms - source.maximum_age_ms)
    if not count:
        return lane, batch, ()
    old, left = batch.records[:count], batch.records[count:]
    if left:
        kept = replace(lane.moved(old[-1].number), failures=lane.failures, attempts=lane.attempts)
        lane = replace(kept, first=left[0].number if lane.first else "")
    return lane, replace(batch, records=left), old
