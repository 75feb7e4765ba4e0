"""Conditional requests: whether what a client knows of an object still holds.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError
from segue.services.s3.errors import no_such_key, precondition_failed
from segue.services.s3.records import ObjectVersion


def check_read(params: dict[str, Any], item: ObjectVersion, prefix: str = "") -> None:
    """Whether an object may be read (or copied: ``prefix`` is ``CopySource``) under a request's conditions.

    Raises:
        AwsError: 412 ``PreconditionFailed``; 304 where it has not been modified.
    """
    seconds = item.modified_at_ms // 1000
    match, none_match = params.get(f"{prefix}IfMatch"), params.get(f"{prefix}IfNoneMatch")
    since, unless = params.get(f"{prefix}IfModifiedSince"), params.get(f"{prefix}IfUnmodifiedSince")
    if match is not None:
        if not _names(match, item.etag):
            raise precondition_failed("If-Match")
    elif unless is not None and seconds > unless // 1000:
        raise precondition_failed("If-Unmodified-Since")
    unmodified = (
        _names(none_match, item.etag) if none_match is not None else since is not None and seconds <= since // 1000
    )
    if not unmodified:
        return
    if prefix:
        raise precondition_failed("x-amz-copy-source-If-None-Match" if none_match else "If-Modified-Since")
    raise AwsError("304", "Not Modified", status=304, members={"Headers": {"ETag": item.etag}})


def check_write(params: dict[str, Any], key: str, item: ObjectVersion | None) -> None:
    """Whether a key may be written under a request's conditions; ``item`` is its current version.

    Raises:
        AwsError: 412 ``PreconditionFailed``, 404 ``NoSuchKey``, 501 for conditions that S3 does not know.
    """
    exists = item is not None and not item.is_marker
    none_match, match = params.get("IfNoneMatch"), params.get("IfMatch")
    if none_match is not None:
        if none_match.strip() != "*":
            message = "A header you provided implies functionality that is not implemented"
            raise AwsError("NotImplemented", message, status=501, members={"Header": "If-None-Match"})
        if exists:
            raise precondition_failed("If-None-Match")
    if match is not None:
        if item is None or not exists:
            raise no_such_key(key)
        if not _names(match, item.etag):
            raise precondition_failed("If-Match")


def _names(condition: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")}
    return "*" in tags or etag.strip('"') in tags
