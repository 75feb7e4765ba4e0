"""Log streams: created, described in either order, deleted."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.logs import records
from segue.services.logs.groups import found_group, purge_later
from segue.services.logs.records import Group, Stream
from segue.services.logs.service import SERVICE, invalid, no_stream, resource, stream_resource

_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


@SERVICE.operation("CreateLogStream", resource=resource)
def create_log_stream(call: Call, params: dict[str, Any]) -> Result:
    """A new stream in a group."""
    group = found_group(call, params)
    name = params["logStreamName"]
    if ":" in name:  # what is a name for reading only (see GetLogEvents)
        words = "failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*"
        raise invalid(f"1 validation error detected: Value '{name}' at 'logStreamName' {words}")
    if records.stream(call.tx, group.id, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
    records.insert_stream(call.tx, group.id, name)
    return {}


@SERVICE.operation("DeleteLogStream", resource=stream_resource)
def delete_log_stream(call: Call, params: dict[str, Any]) -> Result:
    """Delete a stream with its events."""
    group = found_group(call, params)
    stream = records.stream(call.tx, group.id, params["logStreamName"])
    if stream is None:
        raise no_stream()
    call.tx.run("DELETE FROM logs_streams WHERE id = ?", stream.id)
    purge_later(call, "stream", stream.id)
    return {}


@SERVICE.operation("DescribeLogStreams", reads=True, resource=resource)
def describe_log_streams(call: Call, params: dict[str, Any]) -> Result:
    """A group's streams, by name or by their last event."""
    group = found_group(call, params)
    prefix, by_time = params.get("logStreamNamePrefix"), params.get("orderBy") == "LastEventTime"
    if prefix is not None and by_time:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    limit = params.get("limit") or 50
    kinds = (int, str) if by_time else (str,)
    after = decode_token(params["nextToken"], *_BAD_TOKEN, kinds) if params.get("nextToken") else None
    streams = _page(call, group, prefix or "", by_time, bool(params.get("descending")), after, limit + 1)
    result: dict[str, Any] = {"logStreams": [_described(group, stream) for stream in streams[:limit]]}
    if len(streams) > limit:
        last = streams[limit - 1]
        result["nextToken"] = encode_token(*(_time_key(last) if by_time else (last.name,)))
    return result


def _page(
    call: Call, group: Group, prefix: str, by_time: bool, descending: bool, after: list[Any] | None, limit: int
) -> list[Stream]:
    order = ["COALESCE(last_at, 0)", "name"] if by_time else ["name"]
    where = "grp = ?"
    args: list[Any] = [group.id]
    if prefix:
        where += " AND name >= ? AND name < ?"
        args += [prefix, prefix + "\U0010ffff"]
    if after is not None:
        where += f" AND ({', '.join(order)}) {'<' if descending else '>'} ({', '.join('?' * len(order))})"
        args += after
    direction = " DESC" if descending else ""
    sorted_by = ", ".join(f"{column}{direction}" for column in order)
    rows = call.tx.all(f"{records.STREAM} WHERE {where} ORDER BY {sorted_by} LIMIT ?", *args, limit)
    return [Stream(*row) for row in rows]


def _time_key(stream: Stream) -> tuple[int, str]:
    return stream.last_at or 0, stream.name


def _described(group: Group, stream: Stream) -> dict[str, Any]:
    found: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created_at,
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "uploadSequenceToken": sequence_token(stream.id),
        "storedBytes": 0,  # AWS reports no bytes of streams since 2019
    }
    times = {
        "firstEventTimestamp": stream.first_at,
        "lastEventTimestamp": stream.last_at,
        "lastIngestionTime": stream.ingested_at,
    }
    return found | {name: value for name, value in times.items() if value is not None}


def sequence_token(stream_id: int) -> str:
    """A sequence token, which no call needs any more."""
    return f"{stream_id:056d}"
