"""What objects are made of: bodies taken and checked, and handed out again, whole or in ranges.

A small body is kept in its row, a larger one is a blob, one that came in parts several blobs. None is ever whole in
memory unless it is small.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.s3.errors import bad_digest, invalid_request
from segue.services.s3.records import ObjectVersion, Piece, cut, pieces_of
from segue.wire.checksums import ALGORITHMS, DEFAULT_ALGORITHM, digests_of
from segue.wire.request import FileBody, StoredBody

HELD_BYTES = 16 * 1024
"""Up to this size content is kept in its row."""

MAX_PUT_BYTES = 5 * 1024**3
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Content:
    """A body that was taken: its bytes where it is small, else the blobs that it is, and its digests."""

    size: int
    md5: str
    held: bytes | None = None
    pieces: tuple[Piece, ...] = ()
    checksums: dict[str, str] = field(default_factory=dict)


def member_of(algorithm: str) -> str:
    """The member that holds checksums of an algorithm: ``ChecksumCRC32``."""
    return f"Checksum{algorithm.upper()}"


def checksums_sent(params: dict[str, Any]) -> dict[str, str]:
    """The checksums that a request brings, by algorithm, in Base64."""
    sent = {name: params[member_of(name)] for name in ALGORITHMS if params.get(member_of(name))}
    if len(sent) > 1:
        raise invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    return sent


def take(call: Call, body: Any, params: dict[str, Any], algorithm: str = "") -> Content:
    """Keep a request's body, once it is what the request says it is.

    Args:
        body: bytes, or a ``StoredBody`` that the edge has put to the disk already.
        algorithm: of the checksum that is kept with it, unless the request brings one of another.

    Raises:
        AwsError: ``BadDigest``, ``InvalidDigest``, ``InvalidRequest``: a digest is wrong or none at all.
        ContentElsewhere: it is to be kept where all nodes find it first.
    """
    sent = checksums_sent(params)
    asked = (params.get("ChecksumAlgorithm") or "").lower()
    kept = next(iter(sent), asked if asked in ALGORITHMS else algorithm or DEFAULT_ALGORITHM)
    if isinstance(body, StoredBody):
        size, digests = body.size, dict(body.digests)
        if kept not in digests:
            digests |= _digests_of_blob(call, body, kept)
    else:
        size, digests = len(body), digests_of(body, {"md5", kept})
    if size > MAX_PUT_BYTES:
        members = {"ProposedSize": size, "MaxSizeAllowed": MAX_PUT_BYTES}
        raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", members=members)
    _check(params, sent, digests)
    checksums = {kept: b64encode(digests[kept]).decode()}
    md5 = digests["md5"].hex()
    if isinstance(body, StoredBody):
        call.api.blobs.claim(body.sha256, size)
        return Content(size, md5, None, (Piece(body.sha256, 0, size),), checksums)
    if size <= HELD_BYTES:
        return Content(size, md5, body, (), checksums)
    return Content(size, md5, None, (Piece(call.api.blobs.put(body), 0, size),), checksums)


def _digests_of_blob(call: Call, body: StoredBody, name: str) -> dict[str, bytes]:
    """A digest that nobody announced before the body came."""
    blobs = call.api.blobs
    return blobs.digests(blobs.body([(body.sha256, 0, body.size)]), (name,))


def _check(params: dict[str, Any], sent: dict[str, str], digests: dict[str, bytes]) -> None:
    for name, text in sent.items():
        wanted = _decoded(text, len(digests[name]))
        if wanted is None:
            raise invalid_request(f"Value for x-amz-checksum-{name} header is invalid.")
        if wanted != digests[name]:
            raise bad_digest(name)
    if params.get("ContentMD5"):
        wanted = _decoded(params["ContentMD5"], 16)
        if wanted is None:
            raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.")
        if wanted != digests["md5"]:
            raise bad_digest("md5")


def _decoded(text: str, size: int) -> bytes | None:
    try:
        found = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return found if len(found) == size else None


def pick_range(text: str, size: int) -> tuple[int, int] | None:
    """Offset and length of the one range that a ``Range`` header asks for; ``None``: the whole (also for what is no
    range, and for several, which S3 does not give).

    Raises:
        AwsError: 416 ``InvalidRange``.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        first, last = size - length, size - 1
    else:
        first, last = int(match[1]), min(int(match[2]), size - 1) if match[2] else size - 1
        if match[2] and int(match[2]) < first:
            return None
    if first >= size or last < first:
        members = {"RangeRequested": text, "ActualObjectSize": size}
        raise AwsError("InvalidRange", "The requested range is not satisfiable", status=416, members=members)
    return first, last - first + 1


def body_of(call: Call, item: ObjectVersion, offset: int, length: int) -> bytes | FileBody:
    """A stretch of an object's content: bytes where it is small, else where it is on disk."""
    pieces = pieces_of(call.tx, item.id)
    if not pieces:
        row = call.tx.one("SELECT content FROM s3_objects WHERE id = ?", item.id)
        content = bytes(row[0]) if row is not None and row[0] is not None else b""
        return content[offset : offset + length]
    stretches = ((piece.sha256, piece.start, piece.size) for piece in cut(pieces, offset, length))
    return call.api.blobs.body(stretches)


def content_of(call: Call, item: ObjectVersion, offset: int, length: int) -> tuple[bytes | None, tuple[Piece, ...]]:
    """A stretch of an object's content, to be the content of another: the bytes where it is small, else the pieces."""
    pieces = pieces_of(call.tx, item.id)
    if pieces:
        return None, tuple(cut(pieces, offset, length))
    held = body_of(call, item, offset, length)
    assert isinstance(held, bytes)
    return held, ()
