"""Deployment packages: taken from a request or from S3, looked through, kept as blobs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.services.lambda_.errors import invalid
from segue.store import archive

CODE_PATH = "/_segue/blobs/"
"""Under which path of the server the composition root serves blobs by their SHA-256."""


def take_code(call: Call, code: Mapping[str, Any], operation: str, *, keep: bool = True) -> tuple[str, int]:
    """The SHA-256 (hexadecimal) and size of the package that a request brings, checked and (unless told) kept.

    Raises:
        AwsError: as AWS refuses packages; 501 for container images.
    """
    if code.get("ImageUri"):
        raise not_implemented(f"lambda:{operation}", "ImageUri (container images)")
    content = _content(call, code)
    if not content:
        raise invalid("Uploaded file must be a non-empty zip")
    limits = call.limits
    if len(content) > limits.function_zip_bytes:
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "Deployment package size"
        raise AwsError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {limits.function_zip_bytes} bytes for the {operation} operation",
            status=413,
            members={"Type": "User"},
        )
    archive.check(io.BytesIO(content), limits.function_unzipped_bytes)
    if not keep:
        return "", len(content)
    return call.api.blobs.put(content), len(content)


def _content(call: Call, code: Mapping[str, Any]) -> bytes:
    if "ZipFile" in code:
        return bytes(code["ZipFile"])
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not bucket or not key:
        raise invalid("Please provide a source for function code.")
    params = {"Bucket": bucket, "Key": key}
    if code.get("S3ObjectVersion"):
        params["VersionId"] = code["S3ObjectVersion"]
    try:
        found = call.perform("s3:GetObject", params)
    except AwsError as error:
        if error.status == 501:
            raise
        raise invalid(
            f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message}"
        ) from error
    body = found.get("Body") if isinstance(found, dict) else None
    # one byte more than may be, so that what is too large is seen to be
    return call.api.blobs.read_body(body or b"", call.limits.function_zip_bytes + 1)


def code_location(call: Call, sha256: str) -> str:
    """Where the package can be fetched."""
    return f"{call.api.settings.endpoint_url}{CODE_PATH}{sha256}"
