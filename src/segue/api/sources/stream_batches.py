"""Batches of stream records: what is chosen of what was read, and how a lane goes on after an invocation. Pure.

A *lane* is a shard, or one of ``ParallelizationFactor`` parts of it: its records go to the function one batch after the
other. What is not done blocks what follows, until it succeeds or is given up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from segue.api.sources.messages import MAXIMUM_BATCH_BYTES
from segue.languages.eventpattern import compile as compile_pattern

ALL = 0
"""In answer to which records failed: all of them, from the first on."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A record on its way to the function: its sequence number, when it was written, the record as JSON text."""

    number: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """A batch, and the checkpoint at which it ends: what the filters left out may lie behind its last record."""

    records: tuple[Chosen, ...]
    upto: str
    full: bool

    @property
    def event(self) -> bytes:
        """The invocation's payload."""
        return ('{"Records":[' + ",".join(record.text for record in self.records) + "]}").encode()


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a lane stands.

    Attributes:
        checkpoint: what is up to here is done or given up.
        ends: where the batches end into which one that failed was cut, the next one's first; empty: nothing failed.
        failures: how often the next batch has failed, as far as it counts for ``MaximumRetryAttempts``.
        attempts: how often the next batch has been tried.
        first: of a batch that failed, its first record that is to be tried again.
        result: what came of the last invocation, as the API tells it.
        scanned: while a batch is gathered, up to where has been looked; empty: nothing is gathered.
        gathered, gathered_bytes: how much has been found that passes the filters.
        gathered_since_ms: when the first of it was written.
        window_start_ms: when the tumbling window began that is open; 0: none is.
        window_state: what the function has made of it, as JSON; empty: nothing yet.
        window_full: whether that is so much that the window ends early.
    """

    checkpoint: str
    ends: tuple[str, ...] = ()
    failures: int = 0
    attempts: int = 0
    first: str = ""
    result: str = "No records processed"
    scanned: str = ""
    gathered: int = 0
    gathered_bytes: int = 0
    gathered_since_ms: int = 0
    window_start_ms: int = 0
    window_state: str = ""
    window_full: bool = False

    def moved(self, upto: str) -> Lane:
        """After what is up to there."""
        ends = tuple(end for end in self.ends if end > upto)
        return Lane(
            upto,
            ends,
            result=self.result,
            window_start_ms=self.window_start_ms,
            window_state=self.window_state,
            window_full=self.window_full,
        )


def passes(record: Mapping[str, Any], filters: Sequence[str]) -> bool:
    """Whether one of the filters matches, or there is none.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
    """
    return not filters or any(compile_pattern(text).matches(record) for text in filters)


def choose(
    records: Iterable[Mapping[str, Any]],
    arrived_at_ms: Iterable[int],
    upto: str,
    filters: Sequence[str],
    batch_size: int,
    end: str = "",
    maximum_bytes: int = MAXIMUM_BATCH_BYTES,
) -> StreamBatch:
    """The next batch of the records that were read.

    Args:
        upto: the checkpoint behind all of them.
        end: the batch is to end here, whatever follows.
    """
    chosen: list[Chosen] = []
    total = 0
    last = ""
    for record, at_ms in zip(records, arrived_at_ms, strict=True):
        number = record["dynamodb"]["SequenceNumber"]
        if end and number > end:
            return StreamBatch(tuple(chosen), end, True)
        if passes(record, filters):
            text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
            total += len(text.encode()) + 1
            if chosen and (len(chosen) == batch_size or total > maximum_bytes):
                return StreamBatch(tuple(chosen), last, True)
            chosen.append(Chosen(number, at_ms, text))
        last = number
    full = len(chosen) >= batch_size
    return StreamBatch(tuple(chosen), min(upto, end) if end else upto, full)


def failed_from(payload: bytes, numbers: Sequence[str]) -> int | None:
    """Where in the batch the failures begin that the function reports; ``None``: there are none.

    What it says of a record that is not in the batch, or in no form that it should have, means all of them.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    try:
        answer = json.loads(payload) if payload else None
    except (ValueError, RecursionError):
        return ALL
    if answer in (None, {}, [], ""):
        return None
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else ALL
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return ALL
    places = {number: place for place, number in enumerate(numbers)}
    named = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures]
    return max(ALL, min(places.get(name, ALL) if isinstance(name, str) else ALL for name in named))


def after_failure(
    lane: Lane, numbers: Sequence[str], upto: str, failed: int, *, bisects: bool, maximum_retries: int
) -> tuple[Lane, int | None]:
    """How a lane goes on after a batch of which the records from ``failed`` on failed.

    Returns:
        The lane, and from which record on the batch is given up (``None``: it is not). Cutting a batch, in two or where
        the function says that it failed, costs no retry.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    rest = tuple(end for end in lane.ends if end > upto)
    done = lane.checkpoint if failed == ALL else numbers[failed - 1]
    if bisects and failed != ALL:
        return replace(lane, checkpoint=done, ends=(upto, *rest), failures=0, attempts=0, first=numbers[failed]), None
    if bisects and len(numbers) > 1:
        middle = numbers[len(numbers) // 2 - 1]
        return replace(lane, ends=(middle, upto, *rest), failures=0, attempts=0, first=numbers[0]), None
    failures = lane.failures + 1
    if 0 <= maximum_retries < failures:
        return lane.moved(upto), failed
    kept = replace(lane, checkpoint=done, ends=(upto, *rest), failures=failures, first=numbers[failed])
    return replace(kept, attempts=lane.attempts + 1), None


def too_old(records: Sequence[Chosen], before_ms: int) -> int:
    """How many records from the beginning were written before a time."""
    return next((place for place, record in enumerate(records) if record.at_ms >= before_ms), len(records))


def retry_delay_ms(attempts: int) -> int:
    """How long a failed batch waits before it is tried again: from one second to one minute."""
    return min(60_000, 1_000 << min(attempts, 6))
