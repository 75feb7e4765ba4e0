"""Content by its digest: what ``Code.Location`` of a function and ``Content.Location`` of a layer point to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from segue.store.blobs import Blobs
from segue.store.contents import BlobMissing, ContentUnavailable
from segue.wire.request import FileBody, FilePiece, Request, Response

PREFIX = "/_segue/blobs/"
_SHA256 = re.compile(r"[0-9a-f]{64}")


async def blobs_page(blobs: Blobs, fetch: Callable[[Path], Awaitable[None]], request: Request) -> Response:
    """``GET /_segue/blobs/SHA256``; the digest is the permission, as a presigned URL's signature is on AWS."""
    sha256 = request.path.removeprefix(PREFIX)
    if request.method != "GET" or not _SHA256.fullmatch(sha256):
        return _missing()
    path = blobs.path(sha256)
    try:
        await fetch(path)
    except BlobMissing:
        return _missing()
    except ContentUnavailable as error:
        return _words(503, f"Content is not available: {error}")
    whole = FilePiece(str(path), 0, path.stat().st_size)
    return Response(200, {"content-type": "application/octet-stream"}, file=FileBody((whole,)))


def _missing() -> Response:
    return _words(404, "There is no such content.")


def _words(status: int, words: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, f"{words}\n".encode())
