"""How other services read a stream: from a checkpoint on, without asking again and again.

::

    call.perform("dynamodbstreams:StartAt", {"StreamArn": arn, "StartingPosition": "LATEST"})
        → {"ShardId": "shardId-…", "Checkpoint": "1…"}
    call.perform("dynamodbstreams:RecordsAfter", {"StreamArn": arn, "Checkpoint": "1…", "Limit": 100})
        → {"ShardId": …, "Records": [event, …], "ArrivedAt": [milliseconds, …], "Checkpoint": "1…"}, or Pending

The reader keeps the checkpoint as a row of its own. It writes down the new one in the transaction that settles what it
did with the records: so a crash between brings the same records again, and none is lost. ``Pending`` has one key, on
which a job may park (its handler returns it): it is woken in the transaction that writes the next record.
Records are events as functions and pipes get them (plain JSON, with ``eventSourceARN``). A checkpoint is a sequence
number, that of an event may serve as one too; they are all of one length, so that they compare as texts.

Both need what AWS's readers need: ``dynamodb:GetRecords`` on the stream.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result, streams
from segue.api.streams import Lane
from segue.jobs import Pending
from segue.services.dynamodbstreams.records import as_event, number_of, sequence_number
from segue.services.dynamodbstreams.service import SERVICE, existing, invalid
from segue.services.dynamodbstreams.shards import MAX_BYTES, MAX_RECORDS, shard_id

LOOK_AGAIN_MS = 3_600_000
"""Wakes are rows: to look in between is needed only to notice that a stream has been forgotten."""


def _arn(_: Call, params: dict[str, Any]) -> str:
    return str(params["StreamArn"])


@SERVICE.internal("StartAt", resource=_arn, action="dynamodb:GetRecords")
def start_at(call: Call, params: dict[str, Any]) -> Result:
    """The checkpoint at which a reader begins.

    Params: ``StreamArn``; ``StartingPosition``: ``TRIM_HORIZON`` or ``LATEST``.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    stream = existing(call, params["StreamArn"])
    after = stream.id if params["StartingPosition"] == "TRIM_HORIZON" else streams.latest(call.tx, stream.id)
    return {"ShardId": shard_id(stream), "Checkpoint": sequence_number(after)}


@SERVICE.internal("RecordsAfter", resource=_arn, action="dynamodb:GetRecords")
def records_after(call: Call, params: dict[str, Any]) -> Result:
    """The records after a checkpoint; ``Pending`` while there are none.

    Params: ``StreamArn``; ``Checkpoint``; and if wanted ``Limit`` and ``MaxBytes`` (1,000 records and 1 MB unless
    told; one record is given however big it is), ``Lanes`` and ``Lane`` (of 3 lanes, numbered 0 to 2, this one: each
    has the records of some partition keys; no records and a new checkpoint mean that others had some).

    Raises:
        AwsError: ``ResourceNotFoundException``, also a day after the stream has ended; ``ValidationException``.
    """
    stream = existing(call, params["StreamArn"])
    after = number_of(params["Checkpoint"])
    if after is None:
        raise invalid(f"Invalid checkpoint: {params['Checkpoint']}")
    lane = Lane(params.get("Lanes", 1), params.get("Lane", 0))
    found, upto = streams.read(
        call.tx, stream, after, params.get("Limit", MAX_RECORDS), params.get("MaxBytes", MAX_BYTES), lane
    )
    if not found and (lane.lanes == 1 or upto <= after):
        return Pending((streams.wake_key(stream.id),), call.now_ms + LOOK_AGAIN_MS)
    return {
        "ShardId": shard_id(stream),
        "Records": [as_event(stream, record) for record in found],
        "ArrivedAt": [record.at_ms for record in found],
        "Checkpoint": sequence_number(upto),
    }
