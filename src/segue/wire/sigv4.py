"""AWS Signature Version 4: who signed a request, and whether the signature is right.

Source: "Create a signed AWS API request" (IAM user guide). Signing keys are cached: a check costs two hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from segue.errors import AwsError
from segue.wire.request import Request
from segue.wire.timestamps import to_iso

ALGORITHM: Final = "AWS4-HMAC-SHA256"
MAX_SKEW_MS: Final = 15 * 60 * 1000
MAX_EXPIRES_SECONDS: Final = 604_800
_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest()
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """The scope of a signature: whose key, which day (``YYYYMMDD``), region and service; and the signature itself."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...] = ()
    signature: str = ""
    presigned: bool = False


@lru_cache(maxsize=1024)
def _parse_header(value: str) -> Credential | None:
    if not value.startswith(ALGORITHM):
        return None
    fields = dict(_FIELD.findall(value))
    return _credential(
        fields.get("Credential", ""), fields.get("SignedHeaders", ""), fields.get("Signature", ""), presigned=False
    )


def _credential(scope: str, signed_headers: str, signature: str, *, presigned: bool) -> Credential | None:
    parts = scope.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not parts[0]:
        return None
    headers = tuple(name for name in signed_headers.lower().split(";") if name)
    return Credential(parts[0], parts[1], parts[2], parts[3], headers, signature, presigned)


def parse_authorization(request: Request) -> Credential | None:
    """The credential scope of a signed or presigned request; None if it is unsigned or its form is not SigV4's."""
    header = request.headers.get("authorization")
    if header is not None:
        return _parse_header(header) if len(header) <= 4096 else None
    if "X-Amz-Credential=" not in request.query:
        return None
    query = dict(_query_pairs(request.query))
    return _credential(
        unquote(query.get("X-Amz-Credential", "")),
        unquote(query.get("X-Amz-SignedHeaders", "")),
        query.get("X-Amz-Signature", ""),
        presigned=True,
    )


def session_token(request: Request) -> str | None:
    """The token that temporary credentials come with: a header, or in a presigned URL (of either version) a parameter.

    Botocore's version 2 and version 4 call the parameter by names that differ in case.
    """
    token = request.headers.get("x-amz-security-token")
    if token is None and "ecurity-" in request.query:
        pairs = {name.lower(): value for name, value in _query_pairs(request.query)}
        token = unquote(pairs["x-amz-security-token"]) if "x-amz-security-token" in pairs else None
    return token


def verify(request: Request, secret: str, now_ms: int | None = None) -> Credential:
    """Check the request's signature with the secret of its access key.

    Args:
        secret: the secret access key that belongs to ``parse_authorization(request).access_key``.
        now_ms: when given, signatures too old or from the future are refused too.

    Raises:
        AwsError: 403 ``MissingAuthenticationTokenException``, ``IncompleteSignatureException`` (400),
            ``InvalidSignatureException`` or ``SignatureDoesNotMatch``'s equivalent.
    """
    if "authorization" not in request.headers and "X-Amz-Credential=" not in request.query:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", status=403)
    credential = parse_authorization(request)
    if credential is None or not credential.signature or "host" not in credential.signed_headers:
        raise AwsError(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."
            " Authorization header requires 'SignedHeaders' parameter.",
        )
    stamp = _stamp(request, credential)
    if now_ms is not None:
        _check_age(request, credential, stamp, now_ms)
    if not hmac.compare_digest(_signature(request, credential, stamp, secret), credential.signature.encode()):
        raise _mismatch()
    verify_chunks(request, credential, secret)
    return credential


def _mismatch() -> AwsError:
    return AwsError(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        status=403,
    )


def _stamp(request: Request, credential: Credential) -> str:
    stamp = dict(_query_pairs(request.query)).get("X-Amz-Date", "") if credential.presigned else ""
    stamp = stamp or request.header("x-amz-date")
    if not stamp and request.header("date"):
        from email.utils import parsedate_to_datetime

        try:
            stamp = parsedate_to_datetime(request.header("date")).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        except (TypeError, ValueError, OverflowError):
            stamp = ""
    if not _DATE.fullmatch(stamp):
        raise AwsError(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    if not stamp.startswith(credential.date):
        raise AwsError("InvalidSignatureException", "Date in Credential scope does not match the date", status=403)
    return stamp


def _check_age(request: Request, credential: Credential, stamp: str, now_ms: int) -> None:
    try:
        signed_ms = int(datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise AwsError(
            "IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{stamp}'."
        ) from None
    lifetime_ms = MAX_SKEW_MS
    if credential.presigned:
        expires = dict(_query_pairs(request.query)).get("X-Amz-Expires", "")
        seconds = int(expires) if expires.isascii() and expires.isdigit() and len(expires) < 8 else 0
        lifetime_ms = min(seconds, MAX_EXPIRES_SECONDS) * 1000
    if now_ms > signed_ms + lifetime_ms:
        raise AwsError("InvalidSignatureException", f"Signature expired: {stamp} is now too old", status=403)
    if signed_ms > now_ms + MAX_SKEW_MS:
        raise AwsError("InvalidSignatureException", f"Signature not yet current: {stamp} is still later", status=403)


def check_expiry(request: Request, credential: Credential, now_ms: int) -> None:
    """Whether a presigned URL may still be used; looked at also where signatures are not.

    Raises:
        AwsError: 403 ``AccessDenied``.
    """
    query = dict(_query_pairs(request.query))
    stamp, expires = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return
    seconds = int(expires) if expires.isascii() and expires.isdigit() and len(expires) < 8 else 0
    until_ms = int(signed.timestamp() + min(seconds, MAX_EXPIRES_SECONDS)) * 1000
    if now_ms > until_ms:
        raise request_expired(until_ms, now_ms, expires)


def request_expired(until_ms: int, now_ms: int, expires: str = "") -> AwsError:
    """What S3 says of a presigned URL whose time is over."""
    members = {"Expires": to_iso(until_ms), "ServerTime": to_iso(now_ms)}
    if expires:
        members = {"X-Amz-Expires": expires, **members}
    return AwsError("AccessDenied", "Request has expired", status=403, members=members)


def verify_chunks(request: Request, credential: Credential, secret: str) -> None:
    """Check the signatures of a body's chunks, each of which signs the one before it.

    Raises:
        AwsError: 403 ``SignatureDoesNotMatch``'s equivalent: one is wrong, or is missing.
    """
    kind = request.header("x-amz-content-sha256")
    if not kind.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        return
    stamp = _stamp(request, credential)
    scope = f"{credential.date}/{credential.region}/{credential.service}/aws4_request"
    key = _signing_key(secret, credential.date, credential.region, credential.service)
    previous, ended = credential.signature, False
    for chunk in request.chunk_signatures:
        text = f"{ALGORITHM}-PAYLOAD\n{stamp}\n{scope}\n{previous}\n{_EMPTY_HASH}\n{chunk.sha256}"
        previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(previous, chunk.signature):
            raise _mismatch()
        ended = chunk.sha256 == _EMPTY_HASH
    if not ended:
        raise _mismatch()
    if kind.endswith("-TRAILER"):
        names = [name.strip().lower() for name in request.header("x-amz-trailer").split(",") if name.strip()]
        trailer = "".join(f"{name}:{request.header(name)}\n" for name in names)
        digest = hashlib.sha256(trailer.encode("utf-8", "replace")).hexdigest()
        text = f"{ALGORITHM}-TRAILER\n{stamp}\n{scope}\n{previous}\n{digest}"
        wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), request.header("x-amz-trailer-signature").encode()):
            raise _mismatch()


def sign(request: Request, access_key: str, secret: str, region: str, service: str, now_ms: int) -> dict[str, str]:
    """The headers that sign a request (with its present headers, of which ``host`` must be one)."""
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    dated = replace(request, headers={**request.headers, "x-amz-date": stamp})
    names = tuple(sorted(dated.headers))
    credential = Credential(access_key, stamp[:8], region, service, names)
    signature = _signature(dated, credential, stamp, secret).decode()
    scope = f"{access_key}/{stamp[:8]}/{region}/{service}/aws4_request"
    value = f"{ALGORITHM} Credential={scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {"x-amz-date": stamp, "authorization": value}


def _signature(request: Request, credential: Credential, stamp: str, secret: str) -> bytes:
    scope = f"{credential.date}/{credential.region}/{credential.service}/aws4_request"
    canonical = canonical_request(request, credential)
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    key = _signing_key(secret, credential.date, credential.region, credential.service)
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest().encode()


@lru_cache(maxsize=4096)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode("utf-8", "replace"), hashlib.sha256).digest()
    return key


def canonical_request(request: Request, credential: Credential) -> bytes:
    """The text whose hash is signed."""
    headers = "".join(f"{name}:{' '.join(request.header(name).split())}\n" for name in credential.signed_headers)
    lines = (
        request.method,
        _canonical_path(request.path, credential.service),
        _canonical_query(request.query, presigned=credential.presigned),
        headers,
        ";".join(credential.signed_headers),
        _payload_hash(request, credential),
    )
    return "\n".join(lines).encode("utf-8", "replace")


def _canonical_path(path: str, service: str) -> str:
    if service == "s3":  # S3 alone signs the path as it stands
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    clean = "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")
    return quote(clean, safe="/-_.~")


def _query_pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        if part:
            key, _, value = part.partition("=")
            yield key, value


def _canonical_query(query: str, *, presigned: bool) -> str:
    if not query:
        return ""
    pairs: Sequence[tuple[str, str]] = [
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
        if not (presigned and key == "X-Amz-Signature")
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def _payload_hash(request: Request, credential: Credential) -> str:
    claimed = request.header("x-amz-content-sha256")
    if claimed == _UNSIGNED or claimed.startswith("STREAMING-"):
        return claimed
    if credential.presigned and credential.service == "s3":
        return _UNSIGNED
    if request.stored is not None:
        return request.stored.sha256
    return hashlib.sha256(request.body).hexdigest() if request.body else _EMPTY_HASH
