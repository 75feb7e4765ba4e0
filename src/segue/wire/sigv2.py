"""AWS Signature Version 2 as S3 still takes it: ``Authorization: AWS key:signature``, and presigned URLs.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from segue.errors import AwsError
from segue.wire.buckets import bucket_of_host
from segue.wire.request import Request

#: the parameters that are signed, each as it is called
_SUBRESOURCES: Final = re.compile(
    "acl|accelerate|analytics|cors|delete|encryption|inventory|lifecycle|location|logging|metrics|notification"
    "|object-lock|partNumber|policy|publicAccessBlock|replication|requestPayment|restore|retention|legal-hold"
    "|tagging|torrent|uploadId|uploads|versionId|versioning|versions|website"
    "|response-(cache-control|content-disposition|content-encoding|content-language|content-type|expires)"
)


@dataclass(frozen=True, slots=True)
class CredentialV2:
    """Whose key signed; ``expires`` (epoch seconds, as a text) of a presigned URL."""

    access_key: str
    signature: str
    expires: str = ""


def parse_v2(request: Request) -> CredentialV2 | None:
    """The credential of a request that is signed so, or ``None``."""
    header = request.header("authorization")
    if header.startswith("AWS ") and len(header) <= 1024:
        key, separator, signature = header.removeprefix("AWS ").rpartition(":")
        return CredentialV2(key, signature) if separator else None
    if "AWSAccessKeyId=" not in request.query:
        return None
    query = _pairs(request.query)
    return CredentialV2(query.get("AWSAccessKeyId", ""), query.get("Signature", ""), query.get("Expires", ""))


def verify_v2(request: Request, secret: str, credential: CredentialV2) -> None:
    """Check the signature with the secret of its key.

    Raises:
        AwsError: 403 ``SignatureDoesNotMatch``.
    """
    digest = hmac.digest(secret.encode(), _to_sign(request, credential).encode("utf-8", "replace"), "sha1")
    if not hmac.compare_digest(b64encode(digest), credential.signature.encode("utf-8", "replace")):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            status=403,
        )


def _to_sign(request: Request, credential: CredentialV2) -> str:
    # in a presigned URL such headers are parameters, signed as if they were still headers
    moved = {name.lower(): value for name, value in _pairs(request.query).items()} if credential.expires else {}
    given = {**moved, **request.headers}
    amazon = sorted((name, " ".join(value.split())) for name, value in given.items() if name[:6] == "x-amz-")
    date = credential.expires or ("" if "x-amz-date" in request.headers else request.header("date"))
    head = (request.method, request.header("content-md5"), request.header("content-type"), date)
    headers = "".join(f"{name}:{value}\n" for name, value in amazon)
    return "\n".join(head) + "\n" + headers + _resource(request)


def _resource(request: Request) -> str:
    bucket = bucket_of_host(request.header("host"))
    path = f"/{bucket}{request.path}" if bucket else request.path
    if path.count("/") == 1 and path != "/":
        path += "/"  # a bucket alone is signed with a slash behind it, however it was asked for
    query = sorted((name, value) for name, value in _pairs(request.query).items() if _SUBRESOURCES.fullmatch(name))
    if not query:
        return path
    named = {part.partition("=")[0] for part in request.query.split("&") if "=" in part}
    return f"{path}?" + "&".join(f"{name}={value}" if name in named else name for name, value in query)


def _pairs(query: str) -> dict[str, str]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return {name: unquote(value.replace("+", "%20")) for name, _, value in parts}
