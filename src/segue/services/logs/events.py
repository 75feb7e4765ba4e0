"""Log events: put, got from a stream, filtered from a group.

Rules: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any

from segue.api import Call, Result
from segue.services.logs import metric_filters, records, subscriptions
from segue.services.logs.filter_patterns import compile_pattern
from segue.services.logs.groups import DAY_MS, found_group, make_group, oldest_kept_ms
from segue.services.logs.records import EVENT_OVERHEAD_BYTES, Group
from segue.services.logs.service import SERVICE, group_arn, invalid, no_group, no_stream, resource, stream_resource
from segue.services.logs.streams import sequence_token
from segue.store import Row

BATCH_BYTES = 1_048_576
PAGE_BYTES = 1_048_576
TOO_NEW_MS = 2 * 3_600_000
TOO_OLD_MS = 14 * DAY_MS
MAX_EVENTS = 10_000
_ROWS_AT_ONCE = 500
_ROWS_A_CALL = 10_000
_STREAMS_ONE_BY_ONE = 100
_MERGED_AT_ONCE = 50
_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})/s", re.ASCII)
_NO_END = 1 << 62
_LAST_ID = (1 << 63) - 1

_MAKE_THEIR_GROUPS = frozenset({"lambda.amazonaws.com", "sns.amazonaws.com", "states.amazonaws.com"})
"""Services whose writing makes a missing group. EventBridge is none: there a missing target is an error."""


@SERVICE.operation("PutLogEvents", resource=stream_resource)
def put_log_events(call: Call, params: dict[str, Any]) -> Result:
    """Add events to a stream. What an AWS service writes makes the stream, and is never too old or too new."""
    events = params["logEvents"]
    name = params["logStreamName"]
    group_id, retention_days, stream_id, subscribed = _target(call, params, name)
    size = _check_batch(events)
    kept, rejected = events, None
    if call.caller.kind != "service":
        kept, rejected = _by_age(events, call.now_ms, retention_days)
    if rejected and kept:
        size = _check_batch(kept)
    if kept:
        rows = [(event["timestamp"], event["message"]) for event in kept]
        records.insert_events(call.tx, group_id, stream_id, rows, size)
        metric_filters.measure(call, group_id, rows, filtered=subscribed)
        if subscribed:
            subscriptions.feed(call, group_arn(call, params), group_id, name, rows)
    result: dict[str, Any] = {"nextSequenceToken": sequence_token(stream_id)}
    return result | ({"rejectedLogEventsInfo": rejected} if rejected else {})


def _target(call: Call, params: dict[str, Any], name: str) -> tuple[int, int | None, int, bool]:
    """Where the events go: group, retention, stream, whether it has filters."""
    arn = group_arn(call, params)
    found = records.target(call.tx, arn, name)
    if found is not None and found[2] is not None:
        return found[0], found[1], found[2], found[3]
    by_service = call.caller.kind == "service"
    if found is None:
        if not by_service or call.caller.service not in _MAKE_THEIR_GROUPS:
            raise no_group()
        found = (make_group(call, params["logGroupName"], {"class": "STANDARD"}), None, None, False)
    elif not by_service:
        raise no_stream()
    return found[0], found[1], records.insert_stream(call.tx, found[0], name), found[3]


def _check_batch(events: list[dict[str, Any]]) -> int:
    """The bytes of a batch, if it keeps the rules."""
    size, latest = 0, events[0]["timestamp"]
    for event in events:
        message, at_ms = event["message"], event["timestamp"]
        size += (len(message) if message.isascii() else len(message.encode())) + EVENT_OVERHEAD_BYTES
        if at_ms < latest:
            raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
        latest = at_ms
    if latest - events[0]["timestamp"] > DAY_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    if size > BATCH_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")
    return size


def _by_age(
    events: list[dict[str, Any]], now_ms: int, retention_days: int | None
) -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """The events that are neither too old, nor expired, nor too new, and what is said of the others."""
    oldest = now_ms - TOO_OLD_MS
    kept_since = now_ms - retention_days * DAY_MS if retention_days is not None else 0
    if events[0]["timestamp"] >= max(oldest, kept_since) and events[-1]["timestamp"] <= now_ms + TOO_NEW_MS:
        return events, None
    too_old = sum(event["timestamp"] < oldest for event in events)
    expired = sum(event["timestamp"] < kept_since for event in events)
    new_from = next((at for at, event in enumerate(events) if event["timestamp"] > now_ms + TOO_NEW_MS), len(events))
    rejected = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    if new_from < len(events):
        rejected["tooNewLogEventStartIndex"] = new_from
    return events[max(too_old, expired) : new_from], rejected


# reading


Source = tuple[str, tuple[Any, ...]]
Sources = tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Which events: of a group or of streams (each a condition), between positions (time, id), in a direction."""

    sources: Sources
    after: tuple[int, int]
    before: tuple[int, int]
    forward: bool


def _read(call: Call, span: Span, limit: int) -> list[Row]:
    """Rows of (at, id, ingested_at, message, stream) of a span."""
    if len(span.sources) == 1:
        return _page(call, span, span.sources[0], limit)
    each = [_walk(call, span, source) for source in span.sources]
    return list(islice(merge(*each, key=lambda row: row[:2], reverse=not span.forward), limit))


def _walk(call: Call, span: Span, source: Source) -> Iterator[Row]:
    """The rows of one of a span's sources, as far as they are asked for."""
    while rows := _page(call, span, source, _MERGED_AT_ONCE):
        yield from rows
        if len(rows) < _MERGED_AT_ONCE:
            return
        last = (rows[-1][0], rows[-1][1])
        span = replace(span, after=last) if span.forward else replace(span, before=last)


def _page(call: Call, span: Span, source: Source, limit: int) -> list[Row]:
    direction = "" if span.forward else " DESC"
    return call.tx.all(
        f"SELECT at, id, ingested_at, message, stream FROM logs_events WHERE {source[0]}"
        f" AND (at, id) > (?, ?) AND (at, id) < (?, ?) ORDER BY at{direction}, id{direction} LIMIT ?",
        *source[1],
        *span.after,
        *span.before,
        limit,
    )


@SERVICE.operation("GetLogEvents", reads=True, resource=stream_resource)
def get_log_events(call: Call, params: dict[str, Any]) -> Result:
    """A page of one stream's events, with tokens to go on in both directions; the latest unless told.

    Beside AWS: ``states/<ARN of a state machine>`` reads as one what that machine has logged, whatever its streams. (On
    AWS no stream's name has a colon, and each must be looked for; LocalStack names its one stream so.)
    """
    group = found_group(call, params)
    sources = _stream(call, group, params["logStreamName"])
    token = params.get("nextToken")
    forward, position = _position(token) if token else (bool(params.get("startFromHead")), None)
    start = min(max(params.get("startTime") or 0, oldest_kept_ms(group, call.now_ms)), _NO_END)
    end = min(params.get("endTime", _NO_END), _NO_END)
    after, before = (start, -1), (end, -1)
    if position is not None:
        after, before = (max(after, position), before) if forward else (after, min(before, position))
    span = Span(sources, after, before, forward)
    rows = _within_page(_read(call, span, min(params.get("limit") or MAX_EVENTS, MAX_EVENTS)))
    if not forward:
        rows.reverse()
    events = [{"timestamp": row[0], "message": row[3], "ingestionTime": row[2]} for row in rows]
    first, last = (rows[0][:2], rows[-1][:2]) if rows else (position or (start, 0), position or (start, 0))
    return {"events": events, "nextForwardToken": _token("f", *last), "nextBackwardToken": _token("b", *first)}


def _stream(call: Call, group: Group, name: str) -> Sources:
    if name.startswith("states/arn:"):
        return _streams(call, group, {"logStreamNamePrefix": f"states/{name.rsplit(':', 1)[-1]}/"})
    stream = records.stream(call.tx, group.id, name)
    if stream is None:
        raise no_stream()
    return (("stream = ?", (stream.id,)),)


def _within_page(rows: list[Row]) -> list[Row]:
    """As many of the rows, from the first, as a page's bytes hold; at least one."""
    size = 0
    for at, row in enumerate(rows):
        size += len(row[3]) + EVENT_OVERHEAD_BYTES
        if size > PAGE_BYTES and at:
            return rows[:at]
    return rows


def _token(direction: str, at_ms: int, row_id: int) -> str:
    return f"{direction}/{at_ms:020d}{row_id:036d}/s"


def _position(token: str) -> tuple[bool, tuple[int, int]]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise invalid("The specified nextToken is invalid.")
    return match[1] == "f", (min(int(match[2]), _NO_END), min(int(match[3]), _LAST_ID))


@SERVICE.operation("FilterLogEvents", reads=True, resource=resource)
def filter_log_events(call: Call, params: dict[str, Any]) -> Result:
    """A group's events that match a pattern, in order of time, whatever their streams."""
    group = found_group(call, params)
    matches = compile_pattern(params.get("filterPattern") or "")
    sources = _streams(call, group, params)
    limit = min(params.get("limit") or MAX_EVENTS, MAX_EVENTS)
    forward = params.get("startFromHead", True)
    start = min(max(params.get("startTime") or 0, oldest_kept_ms(group, call.now_ms)), _NO_END)
    end = min(params.get("endTime", _NO_END), _NO_END)
    after, before = (start, -1), (end + 1, -1)
    if params.get("nextToken"):
        _, position = _position(params["nextToken"])
        after, before = (max(after, position), before) if forward else (after, min(before, position))
    kept: list[Row] = []
    looked, size = 0, 0
    while True:
        rows = _read(call, Span(sources, after, before, forward), _ROWS_AT_ONCE)
        for row in rows:
            if len(kept) == limit or size > PAGE_BYTES:
                return _filtered(call, kept, (after if forward else before))
            if matches(row[3]):
                kept.append(row)
                size += len(row[3]) + EVENT_OVERHEAD_BYTES
            after, before = ((row[0], row[1]), before) if forward else (after, (row[0], row[1]))
        looked += len(rows)
        if len(rows) < _ROWS_AT_ONCE:
            return _filtered(call, kept, None)
        if looked >= _ROWS_A_CALL:
            return _filtered(call, kept, (after if forward else before))


def _streams(call: Call, group: Group, params: dict[str, Any]) -> Sources:
    """Which of the group's streams: all, by names, or by prefix. Some are read one by one, so that what others have
    is not."""
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
    if names and prefix:
        raise invalid("Only one of logStreamNamePrefix and logStreamNames can be specified")
    if names:
        streams = [records.stream(call.tx, group.id, name) for name in names]
        if None in streams:
            raise no_stream()
        ids = {stream.id for stream in streams if stream is not None}
        return tuple(("stream = ?", (row_id,)) for row_id in ids)
    if prefix:
        within = "SELECT id FROM logs_streams WHERE grp = ? AND name >= ? AND name < ?"
        args = (group.id, prefix, prefix + "\U0010ffff")
        found = call.tx.all(f"{within} LIMIT ?", *args, _STREAMS_ONE_BY_ONE + 1)
        if len(found) > _STREAMS_ONE_BY_ONE:
            return ((f"grp = ? AND stream IN ({within})", (group.id, *args)),)
        return tuple(("stream = ?", (row_id,)) for (row_id,) in found)
    return (("grp = ?", (group.id,)),)


def _filtered(call: Call, rows: list[Row], position: tuple[int, int] | None) -> dict[str, Any]:
    names: dict[int, str] = {}
    for stream_id in {row[4] for row in rows}:
        found = call.tx.one("SELECT name FROM logs_streams WHERE id = ?", stream_id)
        names[stream_id] = found[0] if found else ""
    events = [
        {
            "logStreamName": names[row[4]],
            "timestamp": row[0],
            "message": row[3],
            "ingestionTime": row[2],
            "eventId": f"{row[1]:056d}",
        }
        for row in rows
    ]
    result: dict[str, Any] = {"events": events, "searchedLogStreams": []}
    return result | ({"nextToken": _token("f", *position)} if position is not None else {})
