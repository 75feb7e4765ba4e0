"""An S3-compatible endpoint at which content is kept: ``s3://BUCKET/PREFIX``, its address and region as AWS's tools are
told, its bucket in the path. Requests are signed with the credentials that AWS's tools would take.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from segue.api.forward import Forward, ForwardRequest
from segue.api.http_effect import HttpAnswer, HttpFailure
from segue.store.contents import ContentUnavailable
from segue.wire.request import Request, Response
from segue.worker.forward_client import ForwardEffect

SCHEME: Final = "s3://"

_PAUSES_SECONDS: Final = (0.2, 1.0)
_PATIENCE_SECONDS: Final = 60.0
_CODE = re.compile(rb"<Code>([^<]{1,200})</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]{1,500})</Message>")
_AT_ONCE: Final = 16


def not_named(key: str) -> ContentUnavailable:
    """There is content at an endpoint, and nobody has said at which."""
    return ContentUnavailable(
        f"{key} is at an S3 endpoint, and nobody says at which: give --blobs s3://BUCKET/PREFIX as when it was kept"
    )


class S3Endpoint:
    """Chunks of content as objects.

    Args:
        place: ``s3://BUCKET/PREFIX``; the prefix may be empty.
        url: of the endpoint; empty: AWS's own.
        region: that requests are signed for.

    Raises:
        ValueError: the place is none, in words.
    """

    def __init__(self, place: str, url: str, region: str) -> None:
        bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
        if not bucket:
            raise ValueError(f"{place!r} names no bucket: s3://BUCKET/PREFIX does")
        prefix = prefix.strip("/")
        self._path = f"/{bucket}/{prefix}/" if prefix else f"/{bucket}/"
        self._forward = Forward("s3", url, "chain")
        self._region = region
        self._send = ForwardEffect()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._name = f"{place} at {self._forward.place}"

    async def put(self, key: str, content: bytes) -> None:
        """Keep an object; ``ContentUnavailable`` where that is not possible."""
        answer = await self._ask("PUT", key, content)
        if answer.status != HTTPStatus.OK:
            raise self._refused(answer)

    async def get(self, key: str) -> bytes | None:
        """An object's content; ``None``: there is none of that name. ``ContentUnavailable`` where nobody says."""
        answer = await self._ask("GET", key)
        if answer.status == HTTPStatus.NOT_FOUND and b"NoSuchBucket" not in answer.body:
            return None
        if answer.status != HTTPStatus.OK:
            raise self._refused(answer)
        return answer.body

    async def has(self, key: str) -> bool:
        """Whether there is such an object; ``ContentUnavailable`` where nobody says."""
        answer = await self._ask("HEAD", key)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise self._refused(answer)
        return answer.status == HTTPStatus.OK

    async def delete(self, key: str) -> None:
        """Remove an object, if it is there; ``ContentUnavailable`` where that is not possible."""
        answer = await self._ask("DELETE", key)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
            raise self._refused(answer)

    async def check(self) -> None:
        """``ContentUnavailable`` where nothing can be kept there."""
        await self.get("there-is-none-of-this-name")

    async def _ask(self, method: str, key: str, body: bytes = b"") -> HttpAnswer:
        """Send a request, and again where another time may help."""
        for pause in (*_PAUSES_SECONDS, None):
            async with self._turns:
                answer = await self._attempt(method, key, body)
            passes = isinstance(answer, HttpFailure) or answer.status >= 500 or answer.status == 429
            if not passes or pause is None:
                break
            await asyncio.sleep(pause)
        if isinstance(answer, HttpFailure):
            raise ContentUnavailable(f"{self._name} gives no answer: {answer.reason}")
        return answer

    async def _attempt(self, method: str, key: str, body: bytes) -> HttpAnswer | HttpFailure:
        request = Request(method, quote(self._path + key, safe="/-_.~"), body=body)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answer = await self._send(ForwardRequest(self._forward, "s3", self._region, request))
        except TimeoutError:
            return HttpFailure(f"no answer in {_PATIENCE_SECONDS:g} seconds", timed_out=True)
        assert not isinstance(answer, Response)
        return answer

    def _refused(self, answer: HttpAnswer) -> ContentUnavailable:
        found = (_CODE.search(answer.body), _MESSAGE.search(answer.body))
        told = ": ".join(match[1].decode("utf-8", "replace") for match in found if match)
        return ContentUnavailable(f"{self._name} refuses: {answer.status} {told or answer.reason}")
