"""Tumbling windows: a function sums up a stream by stretches of time, its state is handed from batch to batch. Pure.

A record belongs to the window in which it was written. The function answers each batch with its new ``state``; when the
window is over it is invoked once more, without records, to make something of the state. A state of more than 1 MB ends
its window early.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from segue.api.sources.stream_batches import Lane, StreamBatch

MAXIMUM_STATE_BYTES = 1_048_576
NO_STATE = "the function's answer to a batch of a tumbling window has no state"


def opened(lane: Lane, batch: StreamBatch, length_ms: int) -> tuple[Lane, StreamBatch]:
    """The lane with a window open, that of the batch's first record if none was; the batch as far as it belongs there.

    The first record does: a window that is over is closed before.
    """
    start_ms = lane.window_start_ms or batch.records[0].at_ms // length_ms * length_ms
    end_ms = start_ms + length_ms
    inside = next((place for place, record in enumerate(batch.records) if record.at_ms >= end_ms), len(batch.records))
    if inside < len(batch.records):
        batch = replace(batch, records=batch.records[:inside], upto=batch.records[inside - 1].number)
    return replace(lane, window_start_ms=start_ms), batch


def closed(lane: Lane) -> Lane:
    """The lane between two windows."""
    return replace(lane, window_start_ms=0, window_state="", window_full=False, failures=0, attempts=0)


def with_state(lane: Lane, state: str) -> Lane:
    """The lane with the state that the function answered."""
    return replace(lane, window_state=state, window_full=len(state.encode()) > MAXIMUM_STATE_BYTES)


def is_over(lane: Lane, batch: StreamBatch | None, is_read_up: bool, now_ms: int, length_ms: int) -> bool:
    """Whether the open window, if there is one, is to be closed before anything else.

    Args:
        batch: what comes next in the stream.
        is_read_up: whether nothing more is there to be looked at.
    """
    if not lane.window_start_ms:
        return False
    end_ms = lane.window_start_ms + length_ms
    if lane.window_full:
        return True
    if batch is not None:
        return batch.records[0].at_ms >= end_ms
    gathers = bool(lane.gathered) and lane.gathered_since_ms < end_ms
    return is_read_up and not gathers and now_ms >= end_ms


def event_of(lane: Lane, batch: StreamBatch | None, length_ms: int, shard: str, source_arn: str) -> bytes:
    """The invocation's payload: a batch, or (``None``) the end of the window."""
    records = ",".join(record.text for record in batch.records) if batch is not None else ""
    rest = {
        "window": {"start": _second(lane.window_start_ms), "end": _second(lane.window_start_ms + length_ms)},
        "shardId": shard,
        "eventSourceARN": source_arn,
        "isFinalInvokeForWindow": batch is None,
        "isWindowTerminatedEarly": batch is None and lane.window_full,
    }
    text = json.dumps(rest, separators=(",", ":"))
    return f'{{"Records":[{records}],"state":{lane.window_state or "{}"},{text[1:]}'.encode()


def answered_state(payload: bytes) -> str | None:
    """The state in the function's answer, as JSON; ``None``: there is none, and the invocation has failed."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("state"), dict):
        return None
    return json.dumps(answer["state"], separators=(",", ":"), ensure_ascii=False)


def _second(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
