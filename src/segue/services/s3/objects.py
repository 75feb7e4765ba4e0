"""Objects: put, read, removed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.acls import check_acl
from segue.services.s3.buckets import the_bucket
from segue.services.s3.conditions import check_read, check_write
from segue.services.s3.contents import body_of, pick_range, take
from segue.services.s3.errors import invalid_argument
from segue.services.s3.names import check_key, of_object
from segue.services.s3.notifications import notify
from segue.services.s3.records import Bucket, ObjectVersion
from segue.services.s3.service import SERVICE
from segue.services.s3.tagging import check_tags
from segue.services.s3.versions import add_version, delete, find
from segue.wire.rest_xml import malformed_xml

#: what is kept with an object and told with it, by the model's names
KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "ObjectLockLegalHoldStatus",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "SSEKMSKeyId",
    "ServerSideEncryption",
    "StorageClass",
    "WebsiteRedirectLocation",
)
_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}
_MAX_METADATA_BYTES = 2_048


@SERVICE.operation("PutObject", resource=of_object)
def put_object(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    key = params["Key"]
    check_key(key)
    check_acl(call, bucket, params)
    headers, tags = kept_headers(params), tags_of_header(params)
    check_write(params, key, records.current(call.tx, bucket.name, key))
    content = take(call, params.get("Body") or b"", params)
    item = add_version(call, bucket, key, content, headers, tags)
    notify(call, bucket, "ObjectCreated:Put", item)
    return told_of_write(bucket, item)


def kept_headers(params: dict[str, Any]) -> dict[str, Any]:
    """What of a request is kept with its object."""
    headers = {name: params[name] for name in KEPT if params.get(name)}
    metadata = headers.get("Metadata", {})
    size = sum(len(name.encode()) + len(value.encode("utf-8", "surrogatepass")) for name, value in metadata.items())
    if size > _MAX_METADATA_BYTES:
        members = {"Size": size, "MaxSizeAllowed": _MAX_METADATA_BYTES}
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise AwsError("MetadataTooLarge", message, members=members)
    if "ContentEncoding" in headers:  # how the body came is not how it is
        codings = [coding.strip() for coding in headers.pop("ContentEncoding").split(",")]
        if left := ",".join(coding for coding in codings if coding and coding != "aws-chunked"):
            headers["ContentEncoding"] = left
    headers.setdefault("ServerSideEncryption", "AES256")
    return headers


def tags_of_header(params: dict[str, Any]) -> dict[str, str]:
    """The tags of ``x-amz-tagging: a=1&b=2``."""
    text = params.get("Tagging") or ""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        pairs = []
    if text and not pairs:
        message = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates."
        )
        raise invalid_argument(message, "x-amz-tagging", text)
    return check_tags([{"Key": name, "Value": value} for name, value in pairs])


def told_of_write(bucket: Bucket, item: ObjectVersion) -> dict[str, Any]:
    """What an operation that made a version answers."""
    told = {name: value for name, value in item.headers.items() if name.startswith("Checksum")}
    told |= {"ETag": item.etag, "ServerSideEncryption": item.headers.get("ServerSideEncryption")}
    if item.headers.get("SSEKMSKeyId"):
        told["SSEKMSKeyId"] = item.headers["SSEKMSKeyId"]
    if bucket.versioning == "Enabled":
        told["VersionId"] = item.version_id
    return told


# --- reading


@SERVICE.operation("GetObject", reads=True, resource=of_object)
def get_object(call: Call, params: dict[str, Any]) -> Result:
    item = find(call, params)
    check_read(params, item)
    told, offset, length = _described(call, params, item)
    return {**told, "Body": body_of(call, item, offset, length)}


@SERVICE.operation("HeadObject", reads=True, resource=of_object, action="s3:GetObject")
def head_object(call: Call, params: dict[str, Any]) -> Result:
    item = find(call, params)
    check_read(params, item)
    return _described(call, params, item)[0]


def _described(call: Call, params: dict[str, Any], item: ObjectVersion) -> tuple[dict[str, Any], int, int]:
    """What is told of an object, and which stretch of it is asked for: offset and length in bytes."""
    offset, length, told = 0, item.size, dict(item.headers)
    part = params.get("PartNumber")
    picked = _pick_part(item, part) if part is not None else None
    if picked is None and params.get("Range"):
        picked = pick_range(params["Range"], item.size)
    if picked is not None:
        offset, length = picked
        if length:
            told["ContentRange"] = f"bytes {offset}-{offset + length - 1}/{item.size}"
    if params.get("ChecksumMode") != "ENABLED" or length != item.size:
        told = {name: value for name, value in told.items() if not name.startswith("Checksum")}
    told |= {
        "AcceptRanges": "bytes",
        "ContentLength": length,
        "ETag": item.etag,
        "LastModified": item.modified_at_ms,
        "Metadata": item.headers.get("Metadata", {}),
    }
    told.setdefault("ContentType", "binary/octet-stream")
    if told.get("StorageClass") == "STANDARD":
        del told["StorageClass"]
    if item.tags:
        told["TagCount"] = len(item.tags)
    if part is not None and item.parts:
        told["PartsCount"] = len(item.parts)
    bucket = records.find_bucket(call.tx, item.bucket)
    if bucket is not None and bucket.versioning:
        told["VersionId"] = item.version_id
    told |= {name: params[override] for override, name in _OVERRIDES.items() if params.get(override) is not None}
    return told, offset, length


def _pick_part(item: ObjectVersion, number: int) -> tuple[int, int]:
    sizes = [part["Size"] for part in item.parts] or [item.size]
    if not 1 <= number <= len(sizes):
        message = "The requested partnumber is not satisfiable"
        raise AwsError("InvalidPartNumber", message, status=416, members={"PartNumberRequested": number})
    return sum(sizes[: number - 1]), sizes[number - 1]


@SERVICE.operation("GetObjectAttributes", reads=True, resource=of_object, action="s3:GetObjectAttributes")
def get_object_attributes(call: Call, params: dict[str, Any]) -> Result:
    item, bucket = find(call, params), the_bucket(call, params)
    wanted = {name for text in params["ObjectAttributes"] for name in text.replace(",", " ").split()}
    sums = {name: value for name, value in item.headers.items() if name.startswith("Checksum")}
    told: dict[str, Any] = {"LastModified": item.modified_at_ms}
    if bucket.versioning:
        told["VersionId"] = item.version_id
    if "ETag" in wanted:
        told["ETag"] = item.etag.strip('"')
    if "Checksum" in wanted and sums:
        told["Checksum"] = sums
    if "StorageClass" in wanted:
        told["StorageClass"] = item.headers.get("StorageClass", "STANDARD")
    if "ObjectSize" in wanted:
        told["ObjectSize"] = item.size
    if "ObjectParts" in wanted and item.parts:
        told["ObjectParts"] = _parts(item, params)
    return told


def _parts(item: ObjectVersion, params: dict[str, Any]) -> dict[str, Any]:
    limit, after = params.get("MaxParts", 1_000), params.get("PartNumberMarker") or 0
    rest = [part for part in item.parts if part["PartNumber"] > after]
    return {
        "TotalPartsCount": len(item.parts),
        "PartNumberMarker": after,
        "MaxParts": limit,
        "IsTruncated": len(rest) > limit,
        "NextPartNumberMarker": rest[:limit][-1]["PartNumber"] if rest[:limit] else 0,
        "Parts": rest[:limit],
    }


# --- removing


@SERVICE.operation("DeleteObject", resource=of_object)
def delete_object(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    item = records.current(call.tx, bucket.name, params["Key"])
    if params.get("IfMatch") is not None:
        check_write({"IfMatch": params["IfMatch"]}, params["Key"], item)
    return delete(call, bucket, params["Key"], params.get("VersionId"))


@SERVICE.operation("DeleteObjects", action=None)
def delete_objects(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    wanted = params["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= 1_000:
        raise malformed_xml()
    deleted, errors = [], []
    for item in wanted:
        key, version_id = item["Key"], item.get("VersionId")
        given = {"Bucket": bucket.name, "Key": key, "VersionId": version_id, "IfMatch": item.get("ETag")}
        try:
            done = call.perform("s3:DeleteObject", {name: value for name, value in given.items() if value is not None})
        except AwsError as error:
            code = "AccessDenied" if error.code == "AccessDeniedException" else error.code
            errors.append({"Key": key, "VersionId": version_id, "Code": code, "Message": error.message})
            continue
        assert isinstance(done, dict)
        deleted.append({"Key": key, **_deleted(done, version_id)})
    quiet = bool(params["Delete"].get("Quiet"))
    return {"Deleted": [] if quiet else deleted, "Errors": errors}


def _deleted(done: dict[str, Any], version_id: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"VersionId": version_id}
    if done.get("DeleteMarker"):
        told |= {"DeleteMarker": True, "DeleteMarkerVersionId": done.get("VersionId")}
    return told
