"""Uploads in parts: begun, filled in any order, put together without copying, or given up.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.conditions import check_write
from segue.services.s3.contents import Content, checksums_sent, content_of, member_of, pick_range, take
from segue.services.s3.copies import digested, source_of, still_there
from segue.services.s3.errors import bad_digest, invalid_argument, invalid_request, no_such_upload
from segue.services.s3.names import check_key, of_object
from segue.services.s3.notifications import notify
from segue.services.s3.objects import kept_headers, tags_of_header, told_of_write
from segue.services.s3.records import ObjectVersion, Piece
from segue.services.s3.service import SERVICE
from segue.services.s3.versions import add_version
from segue.store import Row
from segue.wire.checksums import DEFAULT_ALGORITHM, combined, composite, is_crc
from segue.wire.request import StoredBody
from segue.wire.rest_xml import malformed_xml

MIN_PART_BYTES = 5 * 1024**2
MAX_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. ``checksum_type`` is ``FULL_OBJECT`` or ``COMPOSITE``; ``announced``: whether its client chose the
    algorithm of its checksums."""

    upload_id: str
    bucket: str
    key: str
    initiated_at_ms: int
    headers: dict[str, Any]
    tags: dict[str, str]
    algorithm: str
    checksum_type: str

    @property
    def announced(self) -> bool:
        return bool(self.algorithm)


@dataclass(frozen=True, slots=True)
class Part:
    """One part; ``etag`` is the MD5 of its content in hexadecimal."""

    number: int
    id: int
    size: int
    etag: str
    modified_at_ms: int
    checksums: dict[str, str]


_UPLOAD = "upload_id, bucket, key, initiated_at, headers, tags, algorithm, checksum_type"
_PART = "number, id, size, etag, modified_at, checksums"


def upload_of(row: Row) -> Upload:
    """The upload that a row is."""
    return Upload(row[0], row[1], row[2], row[3], json.loads(row[4]), json.loads(row[5]), row[6], row[7])


def the_upload(call: Call, params: dict[str, Any]) -> Upload:
    """The upload that a request is about; ``AwsError`` ``NoSuchUpload``, ``NoSuchBucket``."""
    the_bucket(call, params)
    row = call.tx.one(f"SELECT {_UPLOAD} FROM s3_uploads WHERE upload_id = ?", params["UploadId"])
    found = None if row is None else upload_of(row)
    if found is None or (found.bucket, found.key) != (params["Bucket"], params["Key"]):
        raise no_such_upload(params["UploadId"])
    return found


def parts_of(call: Call, upload_id: str, after: int = 0, limit: int = MAX_PARTS) -> list[Part]:
    """The parts that are there, by number."""
    sql = f"SELECT {_PART} FROM s3_parts WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?"
    return [
        Part(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))
        for row in call.tx.all(sql, upload_id, after, limit)
    ]


@SERVICE.operation("CreateMultipartUpload", resource=of_object, action="s3:PutObject")
def create_multipart_upload(call: Call, params: dict[str, Any]) -> Result:
    bucket, key = the_bucket(call, params), params["Key"]
    check_key(key)
    algorithm = (params.get("ChecksumAlgorithm") or "").lower()
    kind = params.get("ChecksumType") or ("COMPOSITE" if algorithm not in ("", DEFAULT_ALGORITHM) else "FULL_OBJECT")
    if kind == "FULL_OBJECT" and not is_crc(algorithm or DEFAULT_ALGORITHM):
        raise invalid_request(f"The FULL_OBJECT checksum type cannot be used with the {algorithm} checksum algorithm.")
    if kind == "COMPOSITE" and algorithm in ("", DEFAULT_ALGORITHM):
        named = algorithm or "unspecified"
        raise invalid_request(f"The COMPOSITE checksum type cannot be used with the {named} checksum algorithm.")
    headers, tags = kept_headers(params), tags_of_header(params)
    upload_id = call.tx.ids.token(48).replace("+", ".").replace("/", "_")
    call.tx.run(
        f"INSERT INTO s3_uploads ({_UPLOAD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        upload_id,
        bucket.name,
        key,
        call.now_ms // 1000 * 1000,
        json.dumps(headers),
        json.dumps(tags),
        algorithm,
        kind,
    )
    told = {"Bucket": bucket.name, "Key": key, "UploadId": upload_id, "ServerSideEncryption": "AES256"}
    if algorithm:
        told |= {"ChecksumAlgorithm": algorithm.upper(), "ChecksumType": kind}
    return told


@SERVICE.operation("UploadPart", resource=of_object, action="s3:PutObject")
def upload_part(call: Call, params: dict[str, Any]) -> Result:
    upload = the_upload(call, params)
    _check_number(params["PartNumber"])
    sent = checksums_sent(params)
    if upload.announced and sent and upload.algorithm not in sent:
        types = f"expected checksum Type: {upload.algorithm}, actual checksum Type: {next(iter(sent))}"
        raise invalid_request(f"Checksum Type mismatch occurred, {types}")
    body = params.get("Body") or b""
    if isinstance(body, StoredBody) and not sent and upload.algorithm not in ("", *body.digests):
        return _after_reading(call, params, body, upload.algorithm)
    content = take(call, body, params, upload.algorithm)
    part = _put_part(call, upload, params["PartNumber"], content)
    told = {member_of(name): value for name, value in part.checksums.items()}
    return {**told, "ETag": f'"{part.etag}"', "ServerSideEncryption": upload.headers.get("ServerSideEncryption")}


def _after_reading(call: Call, params: dict[str, Any], body: StoredBody, algorithm: str) -> Outbound:
    """Take the part once an edge has made its checksum, which the upload asks for and the part did not announce."""
    file = call.api.blobs.body([(body.sha256, 0, body.size)])

    def settle(call: Call, digests: dict[str, bytes]) -> Any:
        known = replace(body, digests={**body.digests, **digests})
        return upload_part(call, {**params, "Body": known})

    return Outbound("blobs:digests", (file, (algorithm,)), settle)


def _check_number(number: int) -> None:
    if not 1 <= number <= MAX_PARTS:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise invalid_argument(message, "partNumber", number)


def _put_part(call: Call, upload: Upload, number: int, content: Content) -> Part:
    old = call.tx.one("SELECT id FROM s3_parts WHERE upload_id = ? AND number = ?", upload.upload_id, number)
    if old is not None:
        call.tx.run("DELETE FROM s3_pieces WHERE owner = ?", old[0])
        call.tx.run("DELETE FROM s3_parts WHERE upload_id = ? AND number = ?", upload.upload_id, number)
    modified_at_ms = call.now_ms // 1000 * 1000
    number_of_part = call.tx.ids.ordered(call.now_ms)
    part = Part(number, number_of_part, content.size, content.md5, modified_at_ms, content.checksums)
    call.tx.run(
        f"INSERT INTO s3_parts (upload_id, {_PART}, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        upload.upload_id,
        number,
        part.id,
        part.size,
        part.etag,
        part.modified_at_ms,
        json.dumps(part.checksums),
        content.held,
    )
    records.add_pieces(call.tx, part.id, content.pieces)
    return part


@SERVICE.operation("UploadPartCopy", resource=of_object, action="s3:PutObject")
def upload_part_copy(call: Call, params: dict[str, Any]) -> Result:
    upload = the_upload(call, params)
    _check_number(params["PartNumber"])
    source = source_of(call, params)
    offset, length = 0, source.size
    if params.get("CopySourceRange"):
        picked = pick_range(params["CopySourceRange"], source.size)
        if picked is None:
            message = "The x-amz-copy-source-range value must be of the form bytes=first-last"
            raise invalid_argument(message, "x-amz-copy-source-range", params["CopySourceRange"])
        offset, length = picked
    algorithm = upload.algorithm or DEFAULT_ALGORITHM

    def settle(call: Call, digests: dict[str, bytes]) -> dict[str, Any]:
        still_there(call, source)
        held, pieces = content_of(call, source, offset, length)
        checksums = {algorithm: b64encode(digests[algorithm]).decode()}
        content = Content(length, digests["md5"].hex(), held, pieces, checksums)
        part = _put_part(call, the_upload(call, params), params["PartNumber"], content)
        return _told_of_copy(upload, part, source)

    return digested(call, source, offset, length, ("md5", algorithm), settle)


def _told_of_copy(upload: Upload, part: Part, source: ObjectVersion) -> dict[str, Any]:
    told = {member_of(name): value for name, value in part.checksums.items()} if upload.announced else {}
    copied = {"ETag": f'"{part.etag}"', "LastModified": part.modified_at_ms, **told}
    result: dict[str, Any] = {"CopyPartResult": copied, "ServerSideEncryption": "AES256"}
    if source.version_id != "null":
        result["CopySourceVersionId"] = source.version_id
    return result


@SERVICE.operation("CompleteMultipartUpload", resource=of_object, action="s3:PutObject")
def complete_multipart_upload(call: Call, params: dict[str, Any]) -> Result:
    upload = the_upload(call, params)
    bucket = the_bucket(call, params)
    check_write(params, upload.key, records.current(call.tx, bucket.name, upload.key))
    parts = _chosen(call, upload, (params.get("MultipartUpload") or {}).get("Parts") or [])
    size = sum(part.size for part in parts)
    if params.get("MpuObjectSize", size) != size:
        raise invalid_request("The provided 'x-amz-mp-object-size' header does not match what was computed.")
    md5s = b"".join(bytes.fromhex(part.etag) for part in parts)
    etag = f'"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(parts)}"'
    headers = {**upload.headers, **_checksum(upload, parts, params)}
    held, pieces = _content(call, upload, parts)
    told_parts = [told_of_part(part) for part in parts]
    records.drop_upload(call.tx, upload.upload_id)
    content = Content(size, "", held, pieces)
    item = add_version(call, bucket, upload.key, content, headers, upload.tags, etag=etag, parts=told_parts)
    notify(call, bucket, "ObjectCreated:CompleteMultipartUpload", item)
    location = f"{call.api.settings.endpoint_url}/{bucket.name}/{upload.key}"
    return {**told_of_write(bucket, item), "Location": location, "Bucket": bucket.name, "Key": upload.key}


def told_of_part(part: Part) -> dict[str, Any]:
    """What is kept of a part with its object: number, size, checksums."""
    sums = {member_of(name): value for name, value in part.checksums.items()}
    return {"PartNumber": part.number, "Size": part.size, **sums}


def _chosen(call: Call, upload: Upload, wanted: list[dict[str, Any]]) -> list[Part]:
    """The parts that the object is to be made of."""
    if not wanted:
        raise malformed_xml()
    there = {part.number: part for part in parts_of(call, upload.upload_id)}
    chosen: list[Part] = []
    for item in wanted:
        part = there.get(item.get("PartNumber") or 0)
        if chosen and (item.get("PartNumber") or 0) <= chosen[-1].number:
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise AwsError("InvalidPartOrder", message, members={"UploadId": upload.upload_id})
        if part is None or (item.get("ETag") or "").strip('"') != part.etag or _differs(item, part):
            message = (
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
                "specified entity tag may not match the part's entity tag."
            )
            members = {"UploadId": upload.upload_id, "PartNumber": item.get("PartNumber"), "ETag": item.get("ETag")}
            raise AwsError("InvalidPart", message, members=members)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < MIN_PART_BYTES:
            members = {
                "ProposedSize": part.size,
                "MinSizeAllowed": MIN_PART_BYTES,
                "PartNumber": part.number,
                "ETag": part.etag,
            }
            message = "Your proposed upload is smaller than the minimum allowed size"
            raise AwsError("EntityTooSmall", message, members=members)
    return chosen


def _differs(item: dict[str, Any], part: Part) -> bool:
    return any(item[member_of(name)] != value for name, value in part.checksums.items() if item.get(member_of(name)))


def _checksum(upload: Upload, parts: list[Part], params: dict[str, Any]) -> dict[str, str]:
    """The whole object's checksum, of those of its parts; checked, where the request brings one."""
    algorithm = upload.algorithm or DEFAULT_ALGORITHM
    if any(algorithm not in part.checksums for part in parts):
        return {}  # some parts came with checksums of another kind
    digests = [b64decode(part.checksums[algorithm]) for part in parts]
    if upload.checksum_type == "COMPOSITE":
        value = f"{b64encode(composite(algorithm, digests)).decode()}-{len(parts)}"
    else:
        sizes = (part.size for part in parts)
        value = b64encode(combined(algorithm, zip(digests, sizes, strict=True))).decode()
    sent = params.get(member_of(algorithm))
    if sent and sent.partition("-")[0] != value.partition("-")[0]:
        raise bad_digest(algorithm)
    return {member_of(algorithm): value, "ChecksumType": upload.checksum_type}


def _content(call: Call, upload: Upload, parts: list[Part]) -> tuple[bytes | None, tuple[Piece, ...]]:
    """What the parts are made of, one after the other."""
    pieces: list[Piece] = []
    for part in parts:
        sql = "SELECT content FROM s3_parts WHERE upload_id = ? AND number = ?"
        row = call.tx.one(sql, upload.upload_id, part.number)
        held = row[0] if row is not None else None
        if held is None:
            pieces += records.pieces_of(call.tx, part.id)
        elif len(parts) == 1:
            return bytes(held), ()
        elif held:
            pieces.append(Piece(call.api.blobs.put(bytes(held)), 0, len(held)))
    return None, tuple(pieces)


@SERVICE.operation("AbortMultipartUpload", resource=of_object)
def abort_multipart_upload(call: Call, params: dict[str, Any]) -> Result:
    records.drop_upload(call.tx, the_upload(call, params).upload_id)
    return {}
