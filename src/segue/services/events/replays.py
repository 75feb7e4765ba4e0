"""Replays: events of an archive put on their bus again, some hundred at a time, each marked with the replay's name."""

from __future__ import annotations

import json
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.asl.json_text import dump, parse
from segue.services.events.archives import archive_name, find_archive
from segue.services.events.compiled import compiled_bus
from segue.services.events.event import Event
from segue.services.events.names import bus_of
from segue.services.events.records import scope_of
from segue.services.events.routing import route_on
from segue.services.events.service import SERVICE
from segue.store import Transaction

_PAGE = 100
_AT_ONCE = 100
_FORGOTTEN_AT_ONCE = 200
_KEPT_MS = 90 * 86_400_000
"""Replays are known for 90 days: eventbridge/latest/userguide/eb-replay-archived-event.html"""
_JOB = "events:replay"
_LISTED = (
    *("ReplayName", "EventSourceArn", "EventStartTime", "EventEndTime"),
    *("EventLastReplayedTime", "ReplayStartTime", "ReplayEndTime"),
)


def replay_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the replay that ``ReplayName`` names."""
    return call.arn("events", f"replay/{params['ReplayName']}")


@SERVICE.operation("StartReplay", resource=replay_arn)
def start_replay(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to replay the events that an archive's bus received between two times."""
    arn = replay_arn(call, params)
    _check(call, params)
    if call.tx.one("SELECT 1 FROM events_replays WHERE arn = ?", arn) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Replay {params['ReplayName']} already exists.")
    document = {**params, "ReplayArn": arn, "ReplayStartTime": call.now_ms}
    call.tx.run(
        "INSERT INTO events_replays VALUES (?, ?, ?, ?, 'STARTING', ?)",
        arn,
        scope_of(call.account, call.region),
        params["ReplayName"],
        params["EventSourceArn"],
        json.dumps(document),
    )
    jobs.enqueue(call.tx, _JOB, arn, {"after": [params["EventStartTime"], 0]}, trace=call.trace)
    return {"ReplayArn": arn, "State": "STARTING", "ReplayStartTime": call.now_ms}


@SERVICE.operation("DescribeReplay", reads=True, resource=replay_arn)
def describe_replay(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A replay."""
    state, document = _named(call, params)
    return {**document, "State": state}


@SERVICE.operation("ListReplays", reads=True)
def list_replays(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The replays of the account and region, by name; of one archive, in one state, or of one beginning."""
    if sum(bool(params.get(name)) for name in ("State", "EventSourceArn", "NamePrefix")) > 1:
        raise AwsError(
            "ValidationException",
            "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.",
        )
    prefix, limit = params.get("NamePrefix", ""), params.get("Limit", _PAGE)
    rows = call.tx.all(
        "SELECT name, state, document, archive_arn FROM events_replays"
        " WHERE scope = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name",
        scope_of(call.account, call.region),
        str(decode_token(params["NextToken"])[0]) if params.get("NextToken") else "",
        len(prefix),
        prefix,
    )
    source, state = params.get("EventSourceArn"), params.get("State")
    found = [row for row in rows if source in (None, row[3]) and state in (None, row[1])]
    shown = [
        {"State": row[1], **{name: value for name, value in json.loads(row[2]).items() if name in _LISTED}}
        for row in found[:limit]
    ]
    answer: dict[str, Any] = {"Replays": shown}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1][0])
    return answer


@SERVICE.operation("CancelReplay", resource=replay_arn)
def cancel_replay(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Stop a replay that is not over."""
    state, document = _named(call, params)
    if state not in ("STARTING", "RUNNING"):
        name = params["ReplayName"]
        raise AwsError("IllegalStatusException", f"Replay {name} is not in a valid state for this operation.")
    arn = document["ReplayArn"]
    jobs.cancel(call.tx, _JOB, arn)
    _save(call.tx, arn, "CANCELLED", {**document, "ReplayEndTime": call.now_ms})
    return {"ReplayArn": arn, "State": "CANCELLING"}


@SERVICE.job("replay")
def replay(call: Call, job: Job) -> Again | None:
    """Put the next events of the archive on the bus; the last time, close the replay."""
    row = call.tx.one("SELECT document FROM events_replays WHERE arn = ?", job.key)
    if row is None:
        return None
    document = json.loads(row[0])
    archive = find_archive(call.tx, document["EventSourceArn"])
    if archive is None:
        reason = {"StateReason": "The archive has been deleted.", "ReplayEndTime": call.now_ms}
        _save(call.tx, job.key, "FAILED", {**document, **reason})
        return None
    at, after_id = job.payload["after"]
    rows = call.tx.all(
        "SELECT id, at, event FROM events_archived WHERE archive_arn = ? AND (at > ? OR (at = ? AND id > ?))"
        " AND at >= ? AND at < ? ORDER BY at, id LIMIT ?",
        archive.arn,
        at,
        at,
        after_id,
        archive.oldest_ms(call.now_ms),
        document["EventEndTime"],
        _AT_ONCE,
    )
    there = call.as_caller(call.caller.in_region(parse_arn(archive.bus_arn).region))
    filters = frozenset(document["Destination"].get("FilterArns", ()))
    bus = compiled_bus(call.tx, archive.bus_arn)
    for _, _, text in rows:
        route_on(there, bus, archive.bus_arn, _again(call, text, document["ReplayName"]), filters)
    if rows:
        document["EventLastReplayedTime"] = rows[-1][1]
    if len(rows) == _AT_ONCE:
        _save(call.tx, job.key, "RUNNING", document)
        return Again(call.now_ms, {"after": [rows[-1][1], rows[-1][0]]})
    _save(call.tx, job.key, "COMPLETED", {**document, "ReplayEndTime": call.now_ms})
    return None


def _again(call: Call, text: str, name: str) -> Event:
    """The archived event with the replay's name in its envelope."""
    body = parse(text)
    detail = body.pop("detail")
    body |= {"replay-name": name, "detail": detail}
    return Event(body["id"], body, dump(body), body["region"], call.now_ms, call.trace)


def _check(call: Call, params: dict[str, Any]) -> None:
    source, destination = params["EventSourceArn"], params["Destination"]["Arn"]
    if not is_arn(destination) or ":event-bus/" not in destination:
        raise _invalid("Destination.Arn", "Must contain an event bus ARN.")
    try:
        bus_of(call, destination)
    except AwsError as error:
        raise _invalid("Destination.Arn", error.message) from None
    archive = find_archive(call.tx, source)
    if archive is None:
        raise _invalid("EventSourceArn", f"Archive {archive_name(source)} does not exist.")
    if params["EventEndTime"] <= params["EventStartTime"]:
        raise _invalid("EventEndTime", "EventStartTime must be before EventEndTime.")
    if archive.bus_arn != destination:
        raise _invalid("Destination.Arn", "Cross event bus replay is not permitted.")


def _invalid(name: str, reason: str) -> AwsError:
    return AwsError("ValidationException", f"Parameter {name} is not valid. Reason: {reason}")


def _named(call: Call, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    row = call.tx.one("SELECT state, document FROM events_replays WHERE arn = ?", replay_arn(call, params))
    if row is None:
        raise AwsError("ResourceNotFoundException", f"Replay {params['ReplayName']} does not exist.")
    return row[0], json.loads(row[1])


def _save(tx: Transaction, arn: str, state: str, document: dict[str, Any]) -> None:
    tx.run("UPDATE events_replays SET state = ?, document = ? WHERE arn = ?", state, json.dumps(document), arn)


@SERVICE.housekeeping.append
def _forget_old(call: Call, after: str | None) -> str | None:
    """Forget a piece of the replays that ended long ago, in the order of their ARNs."""
    rows = call.tx.all(
        "SELECT arn, document FROM events_replays WHERE arn > ? ORDER BY arn LIMIT ?", after or "", _FORGOTTEN_AT_ONCE
    )
    for arn, document in rows:
        if json.loads(document).get("ReplayEndTime", call.now_ms) < call.now_ms - _KEPT_MS:
            call.tx.run("DELETE FROM events_replays WHERE arn = ?", arn)
    return str(rows[-1][0]) if len(rows) == _FORGOTTEN_AT_ONCE else None
