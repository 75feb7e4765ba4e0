"""Where a forwarded request goes, and who signs it."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from segue.api.forward import OTHERS, ForwardRequest
from segue.config import DEFAULT_REGION
from segue.wire.buckets import bucket_of_host, is_bucket_host
from segue.wire.model import load_service
from segue.wire.request import Request
from segue.wire.sigv4 import sign

_REGION_OF_HOST = re.compile(r"(?:^|[.-])([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws|api\.aws)")
_OLD_SIGNATURE: Final = frozenset(("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"))
_FRAMES: Final = frozenset(("x-amz-decoded-content-length", "x-amz-trailer", "x-amz-trailer-signature"))
_SIGNED: Final = frozenset(("content-type", "content-md5"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to, and what with: the headers, in lower case, with ``host``."""

    host: str
    port: int
    is_secure: bool
    path: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Keys:
    access_key: str
    secret: str
    token: str | None = None


class Signer:
    """Finds places, and the credentials that AWS's tools would take."""

    def __init__(self) -> None:
        self._credentials: Any = None

    async def place(self, given: ForwardRequest) -> Place:
        """Where the request goes, signed anew where its forward says so.

        Raises:
            LookupError: in words: there are no credentials, or AWS has no such endpoint.
        """
        request, forward = given.request, given.forward
        url, region = forward.url, given.region or DEFAULT_REGION
        if not url:
            url, region = _endpoint(forward.service, given.service, region)
        parts = urlsplit(url)
        authority = parts.netloc
        path, host = request.path, request.header("host")
        if forward.signing == "keep":
            headers = {**request.headers, "host": host or authority}
            return _place(url, parts.path + path, request.query, headers)
        bucket = bucket_of_host(host) if given.service == "s3" and is_bucket_host(host) else ""
        path = f"{parts.path}/{bucket}{path}" if bucket else parts.path + path
        found = _REGION_OF_HOST.search(parts.hostname or "")
        keys = await self._keys(given)
        plain = Request(request.method, path, _unsigned_query(request.query), _unsigned(request, authority))
        plain.body, plain.stored = request.body, request.stored
        signed = _sign(plain, keys, found[1] if found else region, given.service or forward.service)
        return _place(url, path, plain.query, {**plain.headers, **signed})

    async def _keys(self, given: ForwardRequest) -> _Keys:
        if given.forward.signing == "keys":
            return _Keys(given.forward.access_key, given.forward.secret)
        return await asyncio.to_thread(self._chain)

    def _chain(self) -> _Keys:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        try:
            if self._credentials is None:
                self._credentials = Session().get_credentials()
            found = self._credentials.get_frozen_credentials() if self._credentials is not None else None
        except BotoCoreError as error:
            raise LookupError(f"no AWS credentials: {error}") from None
        if found is None:
            raise LookupError(
                "the server finds no AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, ~/.aws, a role of the machine)"
            )
        return _Keys(found.access_key, found.secret_key, found.token)


def _place(url: str, path: str, query: str, headers: dict[str, str]) -> Place:
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    return Place(parts.hostname or "", parts.port or (443 if is_secure else 80), is_secure, path, query, headers)


def _unsigned(request: Request, authority: str) -> dict[str, str]:
    """The headers without what the old signature brought, and without the frames that it signed."""
    dropped = _OLD_SIGNATURE | _FRAMES
    headers = {name: value for name, value in request.headers.items() if name not in dropped}
    encodings = [one.strip() for one in headers.pop("content-encoding", "").split(",")]
    kept = ",".join(one for one in encodings if one and one.lower() != "aws-chunked")
    return {**headers, **({"content-encoding": kept} if kept else {}), "host": authority}


def _unsigned_query(query: str) -> str:
    if "X-Amz-Signature=" not in query:
        return query
    return "&".join(part for part in query.split("&") if not part.startswith("X-Amz-") or part.startswith("X-Amz-Meta"))


def _sign(request: Request, keys: _Keys, region: str, service: str) -> dict[str, str]:
    extra = {"x-amz-security-token": keys.token} if keys.token else {}
    if service == "s3":  # it alone wants the digest told
        extra["x-amz-content-sha256"] = request.stored.sha256 if request.stored else _sha256(request.body)
    named = {
        name: value
        for name, value in request.headers.items()
        if name == "host" or name in _SIGNED or name.startswith("x-amz-")
    }
    part = Request(request.method, request.path, request.query, {**named, **extra}, request.body)
    part.stored = request.stored
    now_ms = int(time.time() * 1000)  # real time: the other side knows no other
    return {**extra, **sign(part, keys.access_key, keys.secret, region, service, now_ms)}


def _sha256(body: bytes) -> str:
    from hashlib import sha256

    return sha256(body).hexdigest()


@lru_cache(maxsize=1024)
def _endpoint(service: str, signing_name: str, region: str) -> tuple[str, str]:
    """AWS's own endpoint of a service, and the region that its requests are signed for.

    Raises:
        LookupError: in words.
    """
    from botocore.loaders import Loader
    from botocore.regions import EndpointResolver

    name = signing_name if service == OTHERS else service
    try:
        prefix = load_service(name).endpoint_prefix
    except KeyError:
        raise LookupError(f"which service of AWS {name!r} is, nobody says: name it, --forward SERVICE=aws") from None
    found = EndpointResolver(Loader().load_data("endpoints")).construct_endpoint(prefix, region)
    if found is None:
        raise LookupError(f"AWS has no endpoint of {name} in {region}")
    scope = found.get("credentialScope", {})
    return f"https://{found['hostname']}", scope.get("region", region)
