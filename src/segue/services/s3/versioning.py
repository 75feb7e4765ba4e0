"""Whether a bucket keeps versions, and listings of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.errors import invalid_argument
from segue.services.s3.listing import Fetch, Page, coder, limit_of, marked, page_of, told_of, told_of_page
from segue.services.s3.names import of_bucket
from segue.services.s3.records import COLUMNS, object_of
from segue.services.s3.service import SERVICE
from segue.store import Row


@SERVICE.operation("PutBucketVersioning", resource=of_bucket)
def put_bucket_versioning(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    status = params["VersioningConfiguration"].get("Status")
    if status not in ("Enabled", "Suspended"):
        message = "The Versioning element must be specified"
        raise AwsError("IllegalVersioningConfigurationException", message)
    if status == "Suspended" and records.setting(call.tx, bucket.name, "object-lock"):
        message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        raise AwsError("InvalidBucketState", message, status=409)
    call.tx.run("UPDATE s3_buckets SET versioning = ? WHERE name = ?", status, bucket.name)
    return {}


@SERVICE.operation("GetBucketVersioning", reads=True, resource=of_bucket)
def get_bucket_versioning(call: Call, params: dict[str, Any]) -> Result:
    return {"Status": the_bucket(call, params).versioning or None}


@SERVICE.operation("ListObjectVersions", reads=True, resource=of_bucket, action="s3:ListBucketVersions")
def list_object_versions(call: Call, params: dict[str, Any]) -> Result:
    bucket, encode, limit = the_bucket(call, params), coder(params), limit_of(params)
    key_marker, id_marker = params.get("KeyMarker") or "", params.get("VersionIdMarker") or ""
    if id_marker and not key_marker:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument(message, "version-id-marker", id_marker)
    number = 0  # behind all versions of the key
    if id_marker:
        found = records.version(call.tx, bucket.name, key_marker, id_marker)
        number = found.id if found is not None else 0
    prefix, delimiter = params.get("Prefix") or "", params.get("Delimiter") or ""
    after = marked(key_marker, number)
    page = page_of(_fetch_versions(call, bucket.name), prefix, delimiter, limit, after) if limit else Page()
    versions: list[dict[str, Any]] = []
    markers: list[dict[str, Any]] = []
    for row in page.items:
        item = object_of(row)
        told = told_of(item, encode, bucket.account)
        told |= {"VersionId": item.version_id, "IsLatest": item.is_current}
        (markers if item.is_marker else versions).append(told)
    result = {
        **told_of_page(params, page, encode, limit),
        "KeyMarker": encode(key_marker),
        "VersionIdMarker": id_marker,
        "Versions": versions,
        "DeleteMarkers": markers,
    }
    if page.truncated:
        result["NextKeyMarker"] = encode(page.last)
        if page.items and page.items[-1][2] == page.last:
            result["NextVersionIdMarker"] = page.items[-1][3]
    return result


def _fetch_versions(call: Call, bucket: str) -> Fetch:
    sql = f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND"
    order = "ORDER BY key, id DESC LIMIT ?"

    def fetch(start: str, last: Row | None, limit: int) -> Sequence[Row]:
        if last is None:
            return call.tx.all(f"{sql} key >= ? {order}", bucket, start, limit)
        same = call.tx.all(f"{sql} key = ? AND id < ? {order}", bucket, last[2], last[0], limit)
        if len(same) == limit:
            return same
        return [*same, *call.tx.all(f"{sql} key > ? {order}", bucket, last[2], limit - len(same))]

    return fetch
