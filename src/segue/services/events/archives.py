"""Archives: events of a bus kept to be replayed. What is kept and for how long; keeping them is ``routing``'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.events.names import bus_of, without_none
from segue.services.events.records import rerouted, scope_of
from segue.services.events.rules import check_pattern
from segue.services.events.service import SERVICE
from segue.store import Row, Transaction

_PAGE = 100
_DAY_MS = 86_400_000
_FORGOTTEN_AT_ONCE = 500
_WEIGHED = 1_000
_COLUMNS = "arn, name, bus_arn, pattern, description, retention_days, kms_key, created_at"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive; ``retention_days`` 0 is for ever."""

    arn: str
    name: str
    bus_arn: str
    pattern: str | None
    description: str | None
    retention_days: int
    kms_key: str | None
    created_at_ms: int

    def oldest_ms(self, now_ms: int) -> int:
        """From when on events are still kept."""
        return now_ms - self.retention_days * _DAY_MS if self.retention_days else 0


def archive_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the archive that ``ArchiveName`` names."""
    return call.arn("events", f"archive/{params['ArchiveName']}")


def find_archive(tx: Transaction, arn: str) -> Archive | None:
    """The archive."""
    row = tx.one(f"SELECT {_COLUMNS} FROM events_archives WHERE arn = ?", arn)
    return None if row is None else _archive(row)


@SERVICE.operation("CreateArchive", resource=archive_arn)
def create_archive(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to keep the events of a bus."""
    name, arn = params["ArchiveName"], archive_arn(call, params)
    if find_archive(call.tx, arn) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Archive {name} already exists.")
    bus = bus_of(call, params["EventSourceArn"])
    if params.get("EventPattern"):
        check_pattern(params["EventPattern"])
    call.tx.run(
        "INSERT INTO events_archives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        arn,
        scope_of(call.account, call.region),
        name,
        bus.arn,
        params.get("EventPattern"),
        params.get("Description"),
        params.get("RetentionDays", 0),
        params.get("KmsKeyIdentifier"),
        call.now_ms,
    )
    rerouted(call.tx, bus.arn)
    return {"ArchiveArn": arn, "State": "ENABLED", "CreationTime": call.now_ms}


@SERVICE.operation("DescribeArchive", reads=True, resource=archive_arn)
def describe_archive(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """An archive."""
    archive = _named(call, params)
    members = {
        **_summary(call, archive),
        "ArchiveArn": archive.arn,
        "Description": archive.description,
        "EventPattern": archive.pattern,
        "KmsKeyIdentifier": archive.kms_key,
    }
    return without_none(members)


@SERVICE.operation("ListArchives", reads=True)
def list_archives(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The archives of the account and region, by name; of one bus, or of one beginning."""
    if sum(bool(params.get(name)) for name in ("State", "EventSourceArn", "NamePrefix")) > 1:
        raise AwsError(
            "ValidationException",
            "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.",
        )
    prefix, limit = params.get("NamePrefix", ""), params.get("Limit", _PAGE)
    rows = call.tx.all(
        f"SELECT {_COLUMNS} FROM events_archives WHERE scope = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name",
        scope_of(call.account, call.region),
        str(decode_token(params["NextToken"])[0]) if params.get("NextToken") else "",
        len(prefix),
        prefix,
    )
    source, state = params.get("EventSourceArn"), params.get("State", "ENABLED")
    found = [archive for archive in map(_archive, rows) if source in (None, archive.bus_arn) and state == "ENABLED"]
    answer: dict[str, Any] = {"Archives": [_summary(call, archive) for archive in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].name)
    return answer


@SERVICE.operation("UpdateArchive", resource=archive_arn)
def update_archive(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of an archive."""
    archive = _named(call, params)
    if params.get("EventPattern"):
        check_pattern(params["EventPattern"])
    call.tx.run(
        "UPDATE events_archives SET pattern = ?, description = ?, retention_days = ?, kms_key = ? WHERE arn = ?",
        params.get("EventPattern", archive.pattern),
        params.get("Description", archive.description),
        params.get("RetentionDays", archive.retention_days),
        params.get("KmsKeyIdentifier", archive.kms_key),
        archive.arn,
    )
    rerouted(call.tx, archive.bus_arn)
    return {"ArchiveArn": archive.arn, "State": "ENABLED", "CreationTime": archive.created_at_ms}


@SERVICE.operation("DeleteArchive", resource=archive_arn)
def delete_archive(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an archive with all that it keeps."""
    archive = _named(call, params)
    last_id = call.tx.ids.ordered(call.now_ms)
    if _purge(call.tx, archive.arn, last_id):
        jobs.enqueue(call.tx, "events:purge", archive.arn, last_id)
    call.tx.run("DELETE FROM events_archives WHERE arn = ?", archive.arn)
    rerouted(call.tx, archive.bus_arn)
    return {}


@SERVICE.job("purge")
def purge(call: Call, job: Job) -> Again | None:
    """Delete more of what an archive kept that is gone; one of its name that was made since keeps its own."""
    return Again(call.now_ms) if _purge(call.tx, job.key, job.payload) else None


def _purge(tx: Transaction, arn: str, last_id: int) -> bool:
    """Delete a piece of an archive's events, none younger than ``last_id``; whether there may be more."""
    piece = "SELECT id FROM events_archived WHERE archive_arn = ? AND id <= ? ORDER BY at LIMIT ?"
    gone = tx.run(f"DELETE FROM events_archived WHERE id IN ({piece})", arn, last_id, _FORGOTTEN_AT_ONCE)
    return gone == _FORGOTTEN_AT_ONCE


def _named(call: Call, params: dict[str, Any]) -> Archive:
    found = find_archive(call.tx, archive_arn(call, params))
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Archive {params['ArchiveName']} does not exist.")
    return found


def _summary(call: Call, archive: Archive) -> dict[str, Any]:
    count, size = _extent(call.tx, archive.arn, archive.oldest_ms(call.now_ms))
    return {
        "ArchiveName": archive.name,
        "EventSourceArn": archive.bus_arn,
        "State": "ENABLED",
        "RetentionDays": archive.retention_days,
        "SizeBytes": size,
        "EventCount": count,
        "CreationTime": archive.created_at_ms,
    }


def _extent(tx: Transaction, arn: str, oldest_ms: int) -> tuple[int, int]:
    """How many events an archive has, and their bytes; of many those of the newest are taken for all."""
    kept = "FROM events_archived WHERE archive_arn = ? AND at >= ?"
    counted = tx.one(f"SELECT COUNT(*) {kept}", arn, oldest_ms)
    newest = f"SELECT LENGTH(event) AS size {kept} ORDER BY at DESC, id DESC LIMIT ?"
    weighed = tx.one(f"SELECT COALESCE(SUM(size), 0) FROM ({newest}) AS newest", arn, oldest_ms, _WEIGHED)
    count, size = int(counted[0] if counted else 0), int(weighed[0] if weighed else 0)
    return count, size * count // _WEIGHED if count > _WEIGHED else size


def archive_name(arn: str) -> str:
    """The name in an archive's ARN."""
    return parse_arn(arn).resource.split("/", 1)[-1]


def _archive(row: Row) -> Archive:
    return Archive(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def forget_expired(call: Call, _: Any) -> bool:
    """Forget some of the archived events that are older than their archives keep them; whether there may be more."""
    more = False
    for arn, days in call.tx.all("SELECT arn, retention_days FROM events_archives WHERE retention_days > 0"):
        gone = call.tx.run(
            "DELETE FROM events_archived WHERE id IN"
            " (SELECT id FROM events_archived WHERE archive_arn = ? AND at < ? ORDER BY at LIMIT ?)",
            arn,
            call.now_ms - days * _DAY_MS,
            _FORGOTTEN_AT_ONCE,
        )
        more = more or gone == _FORGOTTEN_AT_ONCE
    return more


SERVICE.housekeeping.append(forget_expired)
