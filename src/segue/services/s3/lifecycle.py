"""Lifecycle rules: what has had its time goes, every hour, a bounded piece at a time.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html. Transitions between storage
classes are kept with the rules, and have no effect: everything stays where it is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.caller import service_caller
from segue.services.s3 import records
from segue.services.s3.names import bucket_arn
from segue.services.s3.records import COLUMNS, Bucket, ObjectVersion, object_of
from segue.services.s3.service import SERVICE
from segue.services.s3.versions import delete, expire

_DAY_MS = 86_400_000
_PIECE = 200
_BEHIND = " "
"""Makes a bucket's name the least that is behind it: spaces come before all that is in names."""


def expire_what_is_old(call: Call, place: Any) -> Any:
    """Apply its rules to a piece of the next bucket that has some; where to go on (behind a bucket's key and id)."""
    start, key, last = place or ("", "", 0)
    sql = "SELECT bucket, document FROM s3_settings WHERE kind = 'lifecycle' AND bucket >= ? ORDER BY bucket LIMIT 1"
    row = call.tx.one(sql, start)
    if row is None:
        return None
    name, text = row
    if name != start:
        key, last = "", 0
    bucket = records.the_bucket(call.tx, name)
    caller = replace(service_caller("s3.amazonaws.com", bucket_arn(call, name)), account=bucket.account)
    acting = call.as_caller(caller.in_region(bucket.region))
    rules = [rule for rule in json.loads(text).get("Rules") or [] if rule.get("Status") == "Enabled"]
    if not key and any(_abort_uploads(acting, bucket, rule) for rule in rules):
        return [name, "", 0]
    following = _expire_versions(acting, bucket, rules, key, last)
    return [name, *following] if following else [name + _BEHIND, "", 0]


SERVICE.housekeeping.append(expire_what_is_old)


def _expire_versions(
    call: Call, bucket: Bucket, rules: list[dict[str, Any]], key: str, last: int
) -> tuple[str, int] | None:
    """Apply rules to a piece of the versions behind a key's; where to go on, if there may be more."""
    prefixes = sorted(prefix_of(rule) for rule in rules)
    if not prefixes:
        return None
    after = max((key, last), (prefixes[0], 0))
    sql = f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND (key, id) > (?, ?) ORDER BY key, id LIMIT ?"
    found = [object_of(row) for row in call.tx.all(sql, bucket.name, *after, _PIECE)]
    for item in found:
        if not any(_has_expired(call.now_ms, rule, item) for rule in rules):
            continue
        if item.is_current:
            expire(call, bucket, item.key)
        else:
            delete(call, bucket, item.key, item.version_id)
    if len(found) < _PIECE or found[-1].key[: len(prefixes[-1])] > prefixes[-1]:
        return None
    return found[-1].key, found[-1].id


def _has_expired(now_ms: int, rule: dict[str, Any], item: ObjectVersion) -> bool:
    """Whether a version's time is over by a rule."""
    if item.is_current:
        before_ms = None if item.is_marker else _before(now_ms, rule.get("Expiration") or {})
    else:
        days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
        before_ms = _midnight(now_ms - days * _DAY_MS) if days else None
    return before_ms is not None and item.modified_at_ms <= before_ms and fits(rule, item)


def _abort_uploads(call: Call, bucket: Bucket, rule: dict[str, Any]) -> bool:
    """Drop a piece of the uploads that nobody has completed in time; whether there may be more."""
    days = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")
    if not days:
        return False
    sql = "SELECT upload_id FROM s3_uploads WHERE bucket = ? AND substr(key, 1, ?) = ? AND initiated_at <= ? LIMIT ?"
    prefix, old_ms = prefix_of(rule), _midnight(call.now_ms - days * _DAY_MS)
    old = call.tx.all(sql, bucket.name, len(prefix), prefix, old_ms, _PIECE)
    for (upload_id,) in old:
        records.drop_upload(call.tx, upload_id)
    return len(old) == _PIECE


def prefix_of(rule: dict[str, Any]) -> str:
    """The prefix that a rule's keys have."""
    chosen = rule.get("Filter") or {}
    return chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or rule.get("Prefix") or ""


def fits(rule: dict[str, Any], item: ObjectVersion) -> bool:
    """Whether a rule is about an object: by its key's prefix, its tags and its size."""
    if not item.key.startswith(prefix_of(rule)):
        return False
    chosen = rule.get("Filter") or {}
    both = chosen.get("And") or {}
    tags = [*(both.get("Tags") or []), *([chosen["Tag"]] if chosen.get("Tag") else [])]
    if any(item.tags.get(tag["Key"]) != tag["Value"] for tag in tags):
        return False
    least = chosen.get("ObjectSizeGreaterThan", both.get("ObjectSizeGreaterThan"))
    most = chosen.get("ObjectSizeLessThan", both.get("ObjectSizeLessThan"))
    return (least is None or item.size > least) and (most is None or item.size < most)


def _before(now_ms: int, expiration: dict[str, Any]) -> int | None:
    """What was last modified by then has had its time; ``None``: nothing has."""
    if expiration.get("Days"):
        return _midnight(now_ms - expiration["Days"] * _DAY_MS)
    date = expiration.get("Date")
    return now_ms if date is not None and date <= now_ms else None


def _midnight(at_ms: int) -> int:
    """S3 counts whole days, rounded up to the next midnight."""
    return at_ms // _DAY_MS * _DAY_MS
