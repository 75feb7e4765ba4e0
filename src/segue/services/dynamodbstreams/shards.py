"""Streams listed and described; their shard, read by iterators."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result, streams
from segue.api.paginate import decode_token, encode_token
from segue.api.streams import Stream
from segue.arn import make_arn
from segue.errors import AwsError
from segue.services.dynamodbstreams.records import as_api, number_of, sequence_number
from segue.services.dynamodbstreams.service import SERVICE, existing, invalid

MAX_LISTED = 100
MAX_RECORDS = 1_000
MAX_BYTES = 1_048_576
ITERATOR_LIFE_MS = 900_000
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html"""


def _arn(_: Call, params: dict[str, Any]) -> str:
    return str(params["StreamArn"])


@SERVICE.operation("ListStreams", reads=True)
def list_streams(call: Call, params: dict[str, Any]) -> Result:
    """The streams of the account's tables in this region, also those that ended within the last day."""
    limit = min(params.get("Limit") or MAX_LISTED, MAX_LISTED)
    scope = f"dynamodb:{call.account}:{call.region}"
    after, stop = params.get("ExclusiveStartStreamArn") or "", ""
    if params.get("TableName"):
        name = params["TableName"]
        table = name if name.startswith("arn:") else make_arn("dynamodb", call.region, call.account, f"table/{name}")
        after, stop = max(after, f"{table}/stream/"), f"{table}/stream0"
    found = streams.list_streams(call.tx, scope, after, limit + 1)
    if stop:
        found = [stream for stream in found if stream.arn < stop]
    result: dict[str, Any] = {
        "Streams": [
            {
                "StreamArn": stream.arn,
                "TableName": stream.document["TableName"],
                "StreamLabel": stream.document["StreamLabel"],
            }
            for stream in found[:limit]
        ]
    }
    if len(found) > limit:
        result["LastEvaluatedStreamArn"] = found[limit - 1].arn
    return result


@SERVICE.operation("DescribeStream", reads=True, resource=_arn)
def describe_stream(call: Call, params: dict[str, Any]) -> Result:
    """A stream and its shard."""
    stream = existing(call, params["StreamArn"])
    shard: dict[str, Any] = {
        "ShardId": shard_id(stream),
        "SequenceNumberRange": {"StartingSequenceNumber": sequence_number(stream.id)},
    }
    if stream.closed_at_ms is not None:
        last = sequence_number(streams.latest(call.tx, stream.id))
        shard["SequenceNumberRange"]["EndingSequenceNumber"] = last
    seen = params.get("ExclusiveStartShardId", "") >= shard["ShardId"]
    children = (params.get("ShardFilter") or {}).get("Type") == "CHILD_SHARDS"
    return {
        "StreamDescription": {
            "StreamArn": stream.arn,
            **stream.document,
            "StreamStatus": "ENABLED" if stream.closed_at_ms is None else "DISABLED",
            "CreationRequestDateTime": stream.opened_at_ms,
            "Shards": [] if seen or children else [shard],
        }
    }


@SERVICE.operation("GetShardIterator", reads=True, resource=_arn)
def get_shard_iterator(call: Call, params: dict[str, Any]) -> Result:
    """A place in the shard to read from: its oldest record, its end, a record, or what follows one."""
    stream = existing(call, params["StreamArn"])
    if params["ShardId"] != shard_id(stream):
        raise AwsError(
            "ResourceNotFoundException",
            f"Requested resource not found: Shard: {params['ShardId']} in Stream: {stream.arn} not found",
        )
    kind = params["ShardIteratorType"]
    if kind == "TRIM_HORIZON":
        return {"ShardIterator": _iterator(call, stream, 0)}
    if kind == "LATEST":
        return {"ShardIterator": _iterator(call, stream, streams.latest(call.tx, stream.id))}
    if "SequenceNumber" not in params:
        raise invalid(f"SequenceNumber is required for shard iterator type {kind}")
    number = number_of(params["SequenceNumber"])
    if number is None or number < stream.id:
        raise invalid(f"Invalid SequenceNumber: {params['SequenceNumber']}")
    if number < stream.horizon(call.now_ms):
        raise _trimmed(number)
    return {"ShardIterator": _iterator(call, stream, number - 1 if kind == "AT_SEQUENCE_NUMBER" else number)}


@SERVICE.operation("GetRecords", reads=True, resource=lambda call, params: _read_iterator(params["ShardIterator"])[0])
def get_records(call: Call, params: dict[str, Any]) -> Result:
    """The records from an iterator's place on, and an iterator for those that follow."""
    limit = params.get("Limit") or MAX_RECORDS
    if limit > MAX_RECORDS:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {MAX_RECORDS}"
        )
    arn, after, at_ms = _read_iterator(params["ShardIterator"])
    stream = existing(call, arn)
    if call.now_ms - at_ms > ITERATOR_LIFE_MS:
        raise AwsError("ExpiredIteratorException", "The provided iterator exceeds the maximum age allowed.")
    if after and streams.has_forgotten(call.tx, stream, after):
        raise _trimmed(after)
    found, upto = streams.read(call.tx, stream, after, limit, MAX_BYTES)
    result: dict[str, Any] = {"Records": [as_api(stream, record) for record in found]}
    if stream.closed_at_ms is None or upto < streams.latest(call.tx, stream.id):
        result["NextShardIterator"] = _iterator(call, stream, upto if found or after else 0)
    return result


def shard_id(stream: Stream) -> str:
    """The name of a stream's shard."""
    return f"shardId-{stream.opened_at_ms:020d}-{stream.id % 0x1_0000_0000:08x}"


def _iterator(call: Call, stream: Stream, after: int) -> str:
    """An iterator that goes on after a number; 0: with the oldest record there will be when it is used."""
    return encode_token(stream.arn, after, call.now_ms)


def _read_iterator(token: str) -> tuple[str, int, int]:
    """Of which stream, after which number, made when."""
    arn, after, at_ms = decode_token(token, "ValidationException", "Invalid ShardIterator", (str, int, int))
    return arn, after, at_ms


def _trimmed(number: int) -> AwsError:
    return AwsError(
        "TrimmedDataAccessException",
        f"The operation attempted to read past the oldest stream record in a shard: {sequence_number(number)}",
    )
