"""Listings of uploads that are under way, and of their parts."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.services.s3.buckets import the_bucket
from segue.services.s3.contents import member_of
from segue.services.s3.listing import Fetch, Page, coder, limit_of, marked, page_of
from segue.services.s3.multipart import parts_of, the_upload
from segue.services.s3.names import of_bucket, of_object, owner
from segue.services.s3.service import SERVICE
from segue.store import Row


@SERVICE.operation("ListParts", reads=True, resource=of_object, action="s3:ListMultipartUploadParts")
def list_parts(call: Call, params: dict[str, Any]) -> Result:
    bucket, upload = the_bucket(call, params), the_upload(call, params)
    limit = limit_of(params, "MaxParts", "max-parts")
    after = int(params.get("PartNumberMarker") or 0)
    parts = parts_of(call, upload.upload_id, after, limit + 1)
    told = [
        {
            "PartNumber": part.number,
            "LastModified": part.modified_at_ms,
            "ETag": f'"{part.etag}"',
            "Size": part.size,
            **({member_of(name): value for name, value in part.checksums.items()} if upload.announced else {}),
        }
        for part in parts[:limit]
    ]
    return {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": told[-1]["PartNumber"] if told else 0,
        "MaxParts": limit,
        "IsTruncated": len(parts) > limit,
        "Parts": told,
        "Initiator": owner(bucket.account),
        "Owner": owner(bucket.account),
        "StorageClass": upload.headers.get("StorageClass", "STANDARD"),
        "ChecksumAlgorithm": upload.algorithm.upper() or None,
        "ChecksumType": upload.checksum_type if upload.announced else None,
    }


_ROW = "0, upload_id, key, initiated_at, headers, algorithm, checksum_type"


def _fetch(call: Call, bucket: str) -> Fetch:
    sql = f"SELECT {_ROW} FROM s3_uploads WHERE bucket = ? AND"
    order = "ORDER BY key, upload_id LIMIT ?"

    def fetch(start: str, last: Row | None, limit: int) -> list[Row]:
        if last is None:
            return call.tx.all(f"{sql} key >= ? {order}", bucket, start, limit)
        same: list[Row] = []
        if last[1]:  # the marker of a key alone stands behind all its uploads
            same = call.tx.all(f"{sql} key = ? AND upload_id > ? {order}", bucket, last[2], last[1], limit)
        return [*same, *call.tx.all(f"{sql} key > ? {order}", bucket, last[2], limit - len(same))]

    return fetch


@SERVICE.operation("ListMultipartUploads", reads=True, resource=of_bucket, action="s3:ListBucketMultipartUploads")
def list_multipart_uploads(call: Call, params: dict[str, Any]) -> Result:
    bucket, encode = the_bucket(call, params), coder(params)
    limit = limit_of(params, "MaxUploads", "max-uploads")
    key_marker, id_marker = params.get("KeyMarker") or "", params.get("UploadIdMarker") or ""
    prefix, delimiter = params.get("Prefix") or "", params.get("Delimiter") or ""
    after: Row | None = (0, id_marker, key_marker) if key_marker and id_marker else marked(key_marker)
    fetch = _fetch(call, bucket.name)
    page = page_of(fetch, prefix, delimiter, limit, after) if limit else Page()
    uploads = [
        {
            "UploadId": row[1],
            "Key": encode(row[2]),
            "Initiated": row[3],
            "StorageClass": "STANDARD",
            "Owner": owner(bucket.account),
            "Initiator": owner(bucket.account),
            "ChecksumAlgorithm": row[5].upper() or None,
            "ChecksumType": row[6] if row[5] else None,
        }
        for row in page.items
    ]
    return {
        "Bucket": bucket.name,
        "KeyMarker": encode(key_marker),
        "UploadIdMarker": id_marker,
        "NextKeyMarker": encode(page.last) if page.truncated else None,
        "NextUploadIdMarker": uploads[-1]["UploadId"] if page.truncated and uploads else None,
        "Prefix": encode(prefix),
        "Delimiter": encode(delimiter) if delimiter else None,
        "EncodingType": params.get("EncodingType"),
        "MaxUploads": limit,
        "IsTruncated": page.truncated,
        "Uploads": uploads,
        "CommonPrefixes": [{"Prefix": encode(folded)} for folded in page.prefixes],
    }
