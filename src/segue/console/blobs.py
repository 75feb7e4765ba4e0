"""Content by its digest: what ``Code.Location`` of a function and ``Content.Location`` of a layer point to."""

from __future__ import annotations

import re

from segue.api import Api
from segue.store.blobs import BlobMissing
from segue.wire.request import Request, Response

PREFIX = "/_segue/blobs/"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def blobs_page(api: Api, request: Request) -> Response:
    """``GET /_segue/blobs/SHA256``; the digest is the permission, as a presigned URL's signature is on AWS."""
    sha256 = request.path.removeprefix(PREFIX)
    if request.method != "GET" or not _SHA256.fullmatch(sha256):
        return _missing()
    try:
        content = api.blobs.read(sha256)
    except BlobMissing:
        return _missing()
    return Response(200, {"content-type": "application/octet-stream"}, content)


def _missing() -> Response:
    return Response(404, {"content-type": "text/plain"}, b"There is no such content.\n")
