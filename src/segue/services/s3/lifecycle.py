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


def _expire_what_is_old(call: Call, _: Any) -> bool:
    """Apply all buckets' rules; whether there may be more to do."""
    more = False
    for name, text in call.tx.all("SELECT bucket, document FROM s3_settings WHERE kind = 'lifecycle'"):
        bucket = records.the_bucket(call.tx, name)
        caller = replace(service_caller("s3.amazonaws.com", bucket_arn(call, name)), account=bucket.account)
        acting = call.as_caller(caller.in_region(bucket.region))
        for rule in json.loads(text).get("Rules") or []:
            if rule.get("Status") == "Enabled":
                more = _apply(acting, bucket, rule) or more
    return more


SERVICE.housekeeping.append(_expire_what_is_old)


def _apply(call: Call, bucket: Bucket, rule: dict[str, Any]) -> bool:
    """Apply one rule; whether it ended before it was through."""
    done = 0
    before = _before(call.now_ms, rule.get("Expiration") or {})
    if before is not None:
        for item in _older(call, bucket, rule, "is_current = 1 AND is_marker = 0", before):
            expire(call, bucket, item.key)
            done += 1
    days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
    if days:
        for item in _older(call, bucket, rule, "is_current = 0", _midnight(call.now_ms - days * _DAY_MS)):
            delete(call, bucket, item.key, item.version_id)
            done += 1
    days = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")
    if days:
        sql = (
            "SELECT upload_id FROM s3_uploads WHERE bucket = ? AND substr(key, 1, ?) = ? AND initiated_at <= ? LIMIT ?"
        )
        prefix, old = prefix_of(rule), _midnight(call.now_ms - days * _DAY_MS)
        for (upload_id,) in call.tx.all(sql, bucket.name, len(prefix), prefix, old, _PIECE):
            records.drop_upload(call.tx, upload_id)
            done += 1
    return done >= _PIECE


def prefix_of(rule: dict[str, Any]) -> str:
    """The prefix that a rule's keys have."""
    chosen = rule.get("Filter") or {}
    return chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or rule.get("Prefix") or ""


def fits(rule: dict[str, Any], item: ObjectVersion) -> bool:
    """Whether a rule is about an object of its prefix, by its tags and its size."""
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


def _older(call: Call, bucket: Bucket, rule: dict[str, Any], which: str, before_ms: int) -> list[ObjectVersion]:
    """What a rule is about and was last modified by then: at most a piece of it."""
    prefix = prefix_of(rule)
    sql = (
        f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND {which} AND modified_at <= ? AND id > ?"
        " AND substr(key, 1, ?) = ? ORDER BY id LIMIT ?"
    )
    found: list[ObjectVersion] = []
    last = 0
    while len(found) < _PIECE:
        rows = call.tx.all(sql, bucket.name, before_ms, last, len(prefix), prefix, _PIECE)
        found.extend(item for item in map(object_of, rows) if fits(rule, item))
        if len(rows) < _PIECE:
            break
        last = rows[-1][0]
    return found[:_PIECE]
