"""Copies: a new object of another's content, which is not written again: its pieces have one more owner.

Where the copy needs digests that the source has not (of a stretch of it, or of the whole of what came in parts), an
edge reads it for them, outside of any transaction.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from segue.api import Call
from segue.api.authorize import authorize_action
from segue.api.call import Result
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.conditions import check_read, check_write
from segue.services.s3.contents import MAX_PUT_BYTES, Content, body_of, content_of, member_of
from segue.services.s3.errors import invalid_argument, invalid_request
from segue.services.s3.names import bucket_arn, check_key, of_object
from segue.services.s3.notifications import notify
from segue.services.s3.objects import kept_headers, tags_of_header, told_of_write
from segue.services.s3.records import Bucket, ObjectVersion
from segue.services.s3.service import SERVICE
from segue.services.s3.versions import add_version, find
from segue.wire.checksums import ALGORITHMS, DEFAULT_ALGORITHM, digests_of

_ITSELF = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)
_CHANGES = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "SSEKMSKeyId")
#: of the source's what is kept even where its metadata is replaced
_OF_CONTENT = ("ChecksumType", *map(member_of, ALGORITHMS))


def source_of(call: Call, params: dict[str, Any]) -> ObjectVersion:
    """The version that a copy is made of, if the caller may read it, and its conditions hold.

    Raises:
        AwsError: ``InvalidArgument`` for what names no object; as reading it would be refused.
    """
    text, _, query = params["CopySource"].partition("?")
    bucket, _, key = unquote(text.removeprefix("/")).removeprefix("arn:aws:s3:::").partition("/")
    version_id = parse_qs(query).get("versionId", [""])[0]
    if not bucket or not key:
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise invalid_argument(message, "x-amz-copy-source", params["CopySource"])
    authorize_action(call, SERVICE, "s3:GetObject", f"{bucket_arn(call, bucket)}/{key}")
    given = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": params.get("ExpectedSourceBucketOwner")}
    item = find(call, {**given, "VersionId": version_id} if version_id else given)
    check_read(params, item, "CopySource")
    return item


@SERVICE.operation("CopyObject", resource=of_object, action="s3:PutObject")
def copy_object(call: Call, params: dict[str, Any]) -> Result:
    bucket, key = the_bucket(call, params), params["Key"]
    check_key(key)
    source = source_of(call, params)
    if _changes_nothing(params, bucket, source):
        raise invalid_request(_ITSELF)
    if source.size > MAX_PUT_BYTES:
        largest = "The specified copy source is larger than the maximum allowable size for a copy source"
        raise invalid_request(f"{largest}: {MAX_PUT_BYTES}")
    check_write(params, key, records.current(call.tx, bucket.name, key))
    if not source.parts:
        return _copy(call, params, source, source.etag, {})
    algorithm = _algorithm(params, source)

    def settle(call: Call, digests: dict[str, bytes]) -> dict[str, Any]:
        still_there(call, source)
        checksums = {algorithm: b64encode(digests[algorithm]).decode()}
        return _copy(call, params, source, f'"{digests["md5"].hex()}"', checksums)

    return digested(call, source, 0, source.size, ("md5", algorithm), settle)


def _changes_nothing(params: dict[str, Any], bucket: Bucket, source: ObjectVersion) -> bool:
    if (source.bucket, source.key) != (bucket.name, params["Key"]) or "versionId=" in params["CopySource"]:
        return False
    return params.get("MetadataDirective") != "REPLACE" and not any(params.get(name) for name in _CHANGES)


def _algorithm(params: dict[str, Any], source: ObjectVersion) -> str:
    asked = (params.get("ChecksumAlgorithm") or "").lower()
    if asked in ALGORITHMS:
        return asked
    return next((name for name in ALGORITHMS if member_of(name) in source.headers), DEFAULT_ALGORITHM)


def _copy(
    call: Call, params: dict[str, Any], source: ObjectVersion, etag: str, checksums: dict[str, str]
) -> dict[str, Any]:
    bucket, key = the_bucket(call, params), params["Key"]
    held, pieces = content_of(call, source, 0, source.size)
    tags = tags_of_header(params) if params.get("TaggingDirective") == "REPLACE" else source.tags
    headers = _headers(params, source, params.get("MetadataDirective") == "REPLACE")
    if checksums:
        headers = {name: value for name, value in headers.items() if name not in _OF_CONTENT}
    content = Content(source.size, "", held, pieces, checksums)
    item = add_version(call, bucket, key, content, headers, tags, etag=etag)
    notify(call, bucket, "ObjectCreated:Copy", item)
    told = told_of_write(bucket, item)
    sums = {name: told.pop(name) for name in [*told] if name.startswith("Checksum")}
    told["CopyObjectResult"] = {"ETag": told.pop("ETag"), "LastModified": item.modified_at_ms, **sums}
    if source.version_id != "null":
        told["CopySourceVersionId"] = source.version_id
    return told


def digested(
    call: Call,
    source: ObjectVersion,
    offset: int,
    length: int,
    names: tuple[str, ...],
    settle: Callable[[Call, dict[str, bytes]], dict[str, Any]],
) -> Result:
    """What ``settle`` makes of the digests of a stretch of an object: at once where it is small, else once an edge
    has read it."""
    body = body_of(call, source, offset, length)
    if isinstance(body, bytes):
        return settle(call, digests_of(body, names))
    return Outbound("blobs:digests", (body, names), settle)


def still_there(call: Call, source: ObjectVersion) -> None:
    """Raise ``AwsError`` where a version that was read meanwhile is gone."""
    if call.tx.one("SELECT 1 FROM s3_objects WHERE id = ?", source.id) is None:
        message = "A conflicting conditional operation is currently in progress against this resource. Try again."
        raise AwsError("OperationAborted", message, status=409)


def _headers(params: dict[str, Any], source: ObjectVersion, replaces: bool) -> dict[str, Any]:
    own = kept_headers(params)
    kept = {name: source.headers[name] for name in _OF_CONTENT if name in source.headers}
    if replaces:
        return {**own, **kept}
    skipped = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption")
    told = {name: value for name, value in source.headers.items() if name not in skipped}
    return {**told, **{name: own[name] for name in (*_CHANGES, "ServerSideEncryption") if name in own}}
