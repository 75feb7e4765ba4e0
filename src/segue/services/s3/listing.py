"""Listings of objects and versions: by prefix, folded at a delimiter, page by page.

A page is found by seeking: a common prefix costs one step, however many keys are under it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.services.s3.buckets import the_bucket
from segue.services.s3.errors import invalid_argument
from segue.services.s3.names import of_bucket, owner
from segue.services.s3.records import COLUMNS, ObjectVersion, object_of
from segue.services.s3.service import SERVICE
from segue.store import Row

_MOST_KEYS = 1_000
_FETCHED = 500

_KEY = 2
"""Where a row of ``COLUMNS`` has its key."""

Fetch = Callable[[str, Row | None, int], Sequence[Row]]
"""Rows of objects in order: those behind a row, or else those from a key on; at most so many."""


@dataclass(slots=True)
class Page:
    """One page: rows and common prefixes; ``last`` is where the next one begins after."""

    items: list[Row] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    truncated: bool = False

    @property
    def size(self) -> int:
        return len(self.items) + len(self.prefixes)


def _beyond(prefix: str) -> str:
    """The least text that is greater than every text with that prefix; empty where there is none."""
    for index in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[index])
        if point < 0x10FFFF:
            after = 0xE000 if point == 0xD7FF else point + 1
            return prefix[:index] + chr(after)
    return ""


def page_of(fetch: Fetch, prefix: str, delimiter: str, limit: int, after: Row | None = None) -> Page:
    """The next ``limit`` items and common prefixes behind ``after`` (of whose row only the key counts here)."""
    page = Page()
    start, last = prefix, after if after is not None and after[_KEY] >= prefix else None
    folded = _folded(last[_KEY], prefix, delimiter) if last is not None else ""
    if last is not None and folded != last[_KEY]:  # only of a common prefix that was told all of it is behind
        folded = ""
    while True:
        if folded:
            start, last = _beyond(folded), None
        if folded and not start:
            return page
        rows = fetch(start, last, min(_FETCHED, limit - page.size + 1))
        for row in rows:
            key, last = row[_KEY], row
            if folded and key.startswith(folded):
                continue
            if not key.startswith(prefix):
                return page
            if page.size >= limit:
                page.truncated = True
                return page
            folded = _folded(key, prefix, delimiter)
            page.last = folded or key
            if folded:
                page.prefixes.append(folded)
            else:
                page.items.append(row)
        if not rows:
            return page


def _folded(key: str, prefix: str, delimiter: str) -> str:
    """The common prefix that a key is told as; empty where it is told itself."""
    if not delimiter or not key.startswith(prefix):
        return ""
    at = key.find(delimiter, len(prefix))
    return "" if at < 0 else key[: at + len(delimiter)]


def _fetch_current(call: Call, bucket: str) -> Fetch:
    sql = f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND is_current = 1 AND is_marker = 0 AND key"

    def fetch(start: str, last: Row | None, limit: int) -> Sequence[Row]:
        if last is None:
            return call.tx.all(f"{sql} >= ? ORDER BY key LIMIT ?", bucket, start, limit)
        return call.tx.all(f"{sql} > ? ORDER BY key LIMIT ?", bucket, last[_KEY], limit)

    return fetch


def marked(key: str, number: int = 0) -> Row | None:
    """A row to go on behind, of which only number and key are known."""
    return (number, "", key) if key else None


def limit_of(params: dict[str, Any], name: str = "MaxKeys", header: str = "maxKeys") -> int:
    """How many are asked for: never more than a thousand."""
    asked = params.get(name, _MOST_KEYS)
    if asked < 0:
        raise invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647", header, asked)
    return int(min(asked, _MOST_KEYS))


def coder(params: dict[str, Any]) -> Callable[[str], str]:
    """How keys are written: as they are, or percent-encoded."""
    encoding = params.get("EncodingType")
    if encoding is None:
        return lambda text: text
    if encoding != "url":
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    return lambda text: quote(text, safe="/-_.*~ ").replace(" ", "+")


def told_of(item: ObjectVersion, encode: Callable[[str], str], account: str = "") -> dict[str, Any]:
    """What listings tell of a version."""
    sums = [name for name in item.headers if name.startswith("Checksum") and name != "ChecksumType"]
    told = {
        "Key": encode(item.key),
        "LastModified": item.modified_at_ms,
        "ETag": item.etag,
        "Size": item.size,
        "StorageClass": item.headers.get("StorageClass", "STANDARD"),
        "ChecksumAlgorithm": [name.removeprefix("Checksum") for name in sums],
        "ChecksumType": item.headers.get("ChecksumType"),
    }
    if account:
        told["Owner"] = owner(account)
    return told


def told_of_page(params: dict[str, Any], page: Page, encode: Callable[[str], str], limit: int) -> dict[str, Any]:
    delimiter, prefix = params.get("Delimiter"), params.get("Prefix") or ""
    return {
        "Name": params["Bucket"],
        "Prefix": encode(prefix),
        "Delimiter": encode(delimiter) if delimiter else None,
        "MaxKeys": limit,
        "EncodingType": params.get("EncodingType"),
        "IsTruncated": page.truncated,
        "CommonPrefixes": [{"Prefix": encode(folded)} for folded in page.prefixes],
    }


@SERVICE.operation("ListObjectsV2", reads=True, resource=of_bucket, action="s3:ListBucket")
def list_objects_v2(call: Call, params: dict[str, Any]) -> Result:
    bucket, encode, limit = the_bucket(call, params), coder(params), limit_of(params)
    after, token = params.get("StartAfter") or "", params.get("ContinuationToken")
    if token is not None:
        after = _after(token)
    page = _page(call, bucket.name, params, after, limit)
    account = bucket.account if params.get("FetchOwner") else ""
    return {
        **told_of_page(params, page, encode, limit),
        "Contents": [told_of(object_of(row), encode, account) for row in page.items],
        "KeyCount": page.size,
        "StartAfter": encode(params["StartAfter"]) if params.get("StartAfter") else None,
        "ContinuationToken": token,
        "NextContinuationToken": encode_token(page.last) if page.truncated else None,
    }


def _after(token: str) -> str:
    try:
        return str(decode_token(token)[0])
    except Exception:
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token", token) from None


@SERVICE.operation("ListObjects", reads=True, resource=of_bucket, action="s3:ListBucket")
def list_objects(call: Call, params: dict[str, Any]) -> Result:
    bucket, encode, limit = the_bucket(call, params), coder(params), limit_of(params)
    marker = params.get("Marker") or ""
    page = _page(call, bucket.name, params, marker, limit)
    told = {
        **told_of_page(params, page, encode, limit),
        "Marker": encode(marker),
        "Contents": [told_of(object_of(row), encode, bucket.account) for row in page.items],
    }
    if page.truncated and params.get("Delimiter"):
        told["NextMarker"] = encode(page.last)
    return told


def _page(call: Call, bucket: str, params: dict[str, Any], after: str, limit: int) -> Page:
    if not limit:
        return Page()
    prefix, delimiter = params.get("Prefix") or "", params.get("Delimiter") or ""
    return page_of(_fetch_current(call, bucket), prefix, delimiter, limit, marked(after))
