"""Versions of objects: found, made, removed; a bucket that is not versioned has one of each key, called ``null``."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.contents import Content, member_of
from segue.services.s3.errors import invalid_argument, no_such_key, no_such_version
from segue.services.s3.notifications import notify
from segue.services.s3.records import Bucket, ObjectVersion


def find(call: Call, params: dict[str, Any]) -> ObjectVersion:
    """The object, or the version of it, that a request is about.

    Raises:
        AwsError: ``NoSuchKey``, ``NoSuchVersion``, ``NoSuchBucket``; 405 for a delete marker asked for by its version.
    """
    bucket, key, version_id = the_bucket(call, params), params["Key"], params.get("VersionId")
    if version_id is None:
        item = records.current(call.tx, bucket.name, key)
        if item is None:
            raise no_such_key(key)
        if item.is_marker:
            raise no_such_key(key, headers={"x-amz-delete-marker": "true", "x-amz-version-id": item.version_id})
        return item
    if not version_id:
        raise invalid_argument("Version id cannot be the empty string", "versionId", "")
    item = records.version(call.tx, bucket.name, key, version_id)
    if item is None:
        raise no_such_version(key, version_id)
    if item.is_marker:
        raise AwsError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            status=405,
            members={
                "Method": "GET",
                "ResourceType": "DeleteMarker",
                "Headers": {"Allow": "DELETE", "x-amz-delete-marker": "true", "x-amz-version-id": version_id},
            },
        )
    return item


def add_version(
    call: Call,
    bucket: Bucket,
    key: str,
    content: Content,
    headers: dict[str, Any],
    tags: dict[str, str],
    *,
    etag: str = "",
    parts: list[dict[str, Any]] | None = None,
) -> ObjectVersion:
    """Make a body the current version of a key."""
    checksums = {member_of(name): value for name, value in content.checksums.items()}
    if checksums:
        headers = {**headers, **checksums}
        headers.setdefault("ChecksumType", "FULL_OBJECT")
    item = _new_version(call, bucket, key, content.size, etag or f'"{content.md5}"', headers, tags, parts or [])
    records.insert(call.tx, item, content.held, content.pieces)
    return item


def _new_version(
    call: Call,
    bucket: Bucket,
    key: str,
    size: int,
    etag: str,
    headers: dict[str, Any],
    tags: dict[str, str],
    parts: list[dict[str, Any]],
    *,
    is_marker: bool = False,
) -> ObjectVersion:
    version_id = "null"
    if bucket.versioning == "Enabled":
        version_id = call.tx.ids.token(24).replace("+", ".").replace("/", "_")
    else:  # a version that is called null is replaced by the next one
        replaced = records.version(call.tx, bucket.name, key, "null")
        if replaced is not None:
            records.remove(call.tx, replaced)
    return ObjectVersion(
        id=call.tx.ids.ordered(call.now_ms),
        bucket=bucket.name,
        key=key,
        version_id=version_id,
        is_current=True,
        is_marker=is_marker,
        size=size,
        etag=etag,
        modified_at_ms=call.now_ms // 1000 * 1000,
        headers=headers,
        tags=tags,
        parts=parts,
    )


def delete(call: Call, bucket: Bucket, key: str, version_id: str | None) -> dict[str, Any]:
    """Remove a key, or one version of it. Of what is not there nothing is said."""
    if version_id is not None:
        found = records.version(call.tx, bucket.name, key, version_id)
        if found is None:
            return {"VersionId": version_id} if bucket.versioning else {}
        records.remove(call.tx, found)
        notify(call, bucket, "ObjectRemoved:Delete", found)
        told: dict[str, Any] = {"VersionId": version_id} if bucket.versioning or version_id != "null" else {}
        return {**told, "DeleteMarker": True} if found.is_marker else told
    removed, event = _put_away(call, bucket, key)
    if removed is not None:
        notify(call, bucket, f"ObjectRemoved:{event}", removed)
    return {"DeleteMarker": True, "VersionId": removed.version_id} if removed is not None and bucket.versioning else {}


def expire(call: Call, bucket: Bucket, key: str) -> None:
    """A key's time is over, by the bucket's rules."""
    removed, event = _put_away(call, bucket, key)
    if removed is not None:
        notify(call, bucket, f"LifecycleExpiration:{event}", removed)


def _put_away(call: Call, bucket: Bucket, key: str) -> tuple[ObjectVersion | None, str]:
    """A key is no more there: behind a marker where there are versions. What was removed or made, and how."""
    if bucket.versioning:
        marker = _new_version(call, bucket, key, 0, "", {}, {}, [], is_marker=True)
        records.insert(call.tx, marker, None, ())
        return marker, "DeleteMarkerCreated"
    found = records.version(call.tx, bucket.name, key, "null")
    if found is not None:
        records.remove(call.tx, found)
    return found, "Delete"
