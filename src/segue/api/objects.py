"""Objects of S3 read by other services' handlers: a stretch at a time, through the one door."""

from __future__ import annotations

from dataclasses import dataclass

from segue.api.call import Call
from segue.errors import AwsError


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of an object's content.

    Attributes:
        content: the bytes; empty behind the object's end.
        total_bytes: how large the whole object is.
        etag: of the version that was read; handed in with the next read, that one fails if the object is another.
    """

    content: bytes
    total_bytes: int
    etag: str


def read_object(
    call: Call, bucket: str, key: str, *, offset: int = 0, size: int = 1 << 20, version_id: str = "", etag: str = ""
) -> Stretch:
    """``size`` bytes of an object from ``offset`` on the call's authority; fewer where the object ends.

    Args:
        etag: the object must still be this one.

    Raises:
        AwsError: as S3 answers (``NoSuchBucket``, ``NoSuchKey``, ``AccessDenied``, …); ``PreconditionFailed`` where
            the object has been replaced meanwhile.
    """
    params = {"Bucket": bucket, "Key": key, "Range": f"bytes={offset}-{offset + size - 1}"}
    if version_id:
        params["VersionId"] = version_id
    if etag:
        params["IfMatch"] = etag
    try:
        found = call.perform("s3:GetObject", params)
    except AwsError as error:
        if error.code != "InvalidRange":
            raise
        return Stretch(b"", int(error.members["ActualObjectSize"]), etag)
    assert isinstance(found, dict)
    total = int(found["ContentRange"].rpartition("/")[2]) if "ContentRange" in found else found["ContentLength"]
    return Stretch(call.api.blobs.read_body(found["Body"], size), total, found["ETag"])
