"""The effect ``blobs:move``: content on its way to where every node finds it, and from there into this node's files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from segue.config import Settings
from segue.errors import AwsError
from segue.store import Transaction, contents
from segue.store.blobs import Blobs, ContentElsewhere, remember
from segue.store.contents import AT_ENDPOINT, IN_ROWS, BlobMissing, ContentUnavailable, Kept
from segue.store.store import Store
from segue.wire.request import FilePiece
from segue.worker.s3_endpoint import SCHEME, S3Endpoint, not_named

T = TypeVar("T")
InUse = Callable[[Transaction, Sequence[str]], set[str]]
log = logging.getLogger(__name__)

LARGEST_IN_ROWS_BYTES: Final = 64 * 1024**2
"""The most that content may have, kept in the database: more than any function's package."""

CHUNK_BYTES: Final = {IN_ROWS: 1024**2, AT_ENDPOINT: 8 * 1024**2}
_CACHE_BYTES: Final = 4 * 1024**3
_LOOKED_AT: Final = 500
_JUST_USED_SECONDS: Final = 120.0
_TIDY_SECONDS: Final = 60.0
_SAY_SO_SECONDS: Final = 300.0
_SENT_AT_ONCE: Final = 4


def open_content(settings: Settings, data: Path, store: Store, in_use: InUse) -> tuple[Blobs, ContentMover]:
    """Where packages and objects are kept: in files, in rows of a database that nodes share, or at an endpoint."""
    endpoint: S3Endpoint | None = None
    if settings.blobs.startswith(SCHEME):
        endpoint = S3Endpoint(settings.blobs, settings.blobs_endpoint, settings.blobs_region)
    in_rows = store.shared and not settings.blobs
    is_cache = in_rows or endpoint is not None
    blobs = Blobs(
        Path(settings.blobs) if settings.blobs and not is_cache else data / "blobs",
        shared=store.shared and not is_cache,
        is_cache=is_cache,
        largest_bytes=LARGEST_IN_ROWS_BYTES if in_rows else None,
        clock=store.clock,
    )
    mover = ContentMover(blobs, store, endpoint, in_use)
    blobs.fetch = mover.fetch
    return blobs, mover


class ContentMover:
    """Moves content between this node's files and where it is kept.

    Args:
        blobs: the files.
        store: where the rows are, and small content.
        endpoint: where content is kept, if not in rows.
        in_use: which contents rows name.
    """

    def __init__(self, blobs: Blobs, store: Store, endpoint: S3Endpoint | None, in_use: InUse) -> None:
        self._blobs = blobs
        self._store = store
        self._endpoint = endpoint
        self._in_use = in_use
        self._under_way: dict[str, asyncio.Task[Any]] = {}

    async def __call__(self, away: ContentElsewhere) -> None:
        """Move what a unit was waiting for. What is nowhere is noted, and the unit finds it missing.

        Raises:
            ContentUnavailable: in words.
        """
        for sha256 in away.send:
            await self._once(f"send {sha256}", partial(self._send, sha256))
        for piece in away.fetch:
            try:
                async for _ in self.fetch(piece):
                    pass
            except BlobMissing:
                self._blobs.missing.add(piece.sha256)

    async def fetch(self, piece: FilePiece) -> AsyncIterator[FilePiece]:
        """A stretch of content, chunk by chunk: where each is on this disk when it is there; the next is on its way
        meanwhile.

        Raises:
            BlobMissing: it is nowhere.
            ContentUnavailable: in words.
        """
        kept = await self._find(piece.sha256)
        cuts = list(kept.cut(piece))
        for at, (number, *stretch) in enumerate(cuts):
            coming = self._begin_chunk(kept, number)
            for following, *_ in cuts[at + 1 : at + 2]:
                self._begin_chunk(kept, following)
            await asyncio.shield(coming)
            yield self._blobs.chunk(kept, number, stretch)

    async def fetch_whole(self, path: Path) -> None:
        """All of a content becomes the file that it would be.

        Raises:
            BlobMissing: it is nowhere.
            ContentUnavailable: in words.
        """
        if not await asyncio.to_thread(self._blobs.has, str(path)):
            await self._once(f"whole {path.name}", partial(self._whole, path.name))

    async def sweep(self) -> None:
        """Remove what is at places that nobody fills any more, and that content was at which nobody names.

        Raises:
            ContentUnavailable: the endpoint is away; another time.
        """
        while places := await self._store.write(lambda tx: contents.leaving(tx, _LOOKED_AT)):
            for place, chunks in places:
                if place.startswith(AT_ENDPOINT):
                    await asyncio.gather(*(self._at_endpoint(place).delete(f"{place}/{n}") for n in range(chunks)))
                await self._store.write(partial(contents.forget, place=place))

    async def old(self, after: str) -> list[str]:
        """The effect ``blobs:old``: what may be collected if no row names it, a piece of names at a time."""
        if not after:
            await self.sweep()
        rows = await self._store.look(lambda tx: contents.old(tx, after, _LOOKED_AT))
        files = [] if self._blobs.is_cache else await asyncio.to_thread(self._blobs.old, after, _LOOKED_AT)
        return sorted({*rows, *files})[:_LOOKED_AT]

    # --- to where it is kept

    async def _send(self, sha256: str) -> None:
        """See to it that content which is on this disk is kept."""
        path = self._blobs.path(sha256)
        while not await self._store.write(partial(contents.touch, sha256=sha256)):
            size = (await asyncio.to_thread(path.stat)).st_size
            kind = IN_ROWS if self._endpoint is None else AT_ENDPOINT
            place = contents.new_place(kind, sha256, self._store.ids.uuid())
            if await self._fill(Kept(sha256, place, size, CHUNK_BYTES[kind], b""), path):
                break
            log.warning("%s took longer to keep than content is young: trying again", path)
        self._blobs.sent(sha256)

    async def _fill(self, kept: Kept, path: Path) -> bool:
        """Put all chunks to a new place; ``False``: it was given up meanwhile."""
        count = -(-kept.size // kept.chunk_bytes)
        if count == 1 and self._endpoint is None:
            content = await asyncio.to_thread(self._blobs.read_chunk, path, 0, kept.size)
            kept = replace(kept, digests=bytes.fromhex(kept.sha256))
            return await self._store.write(partial(_keep_in_row, kept, content))
        await self._store.write(lambda tx: contents.begin(tx, kept.place, count))
        loop = asyncio.get_running_loop()
        said_at = loop.time()
        digests: list[bytes] = []
        for first in range(0, count, _SENT_AT_ONCE):
            numbers = range(first, min(first + _SENT_AT_ONCE, count))
            digests += await asyncio.gather(*(self._put(kept, number, path) for number in numbers))
            if loop.time() - said_at > _SAY_SO_SECONDS:
                said_at = loop.time()
                if not await self._store.write(lambda tx: contents.goes_on(tx, kept.place)):
                    return False
        return await self._store.write(lambda tx: contents.finish(tx, replace(kept, digests=b"".join(digests))))

    async def _put(self, kept: Kept, number: int, path: Path) -> bytes:
        """Put a chunk to its place; its SHA-256."""
        content = await asyncio.to_thread(self._blobs.read_chunk, path, number * kept.chunk_bytes, kept.chunk_bytes)
        if self._endpoint is None:
            await self._store.write(lambda tx: contents.put_chunk(tx, kept.place, number, content))
        else:
            await self._endpoint.put(f"{kept.place}/{number}", content)
        return await asyncio.to_thread(contents.digest, content)

    # --- from there

    async def _find(self, sha256: str, *, anew: bool = False) -> Kept:
        kept = None if anew else self._blobs.chunks.get(sha256)
        if kept is None:
            kept = (await self._store.look(lambda tx: contents.find(tx, (sha256,)))).get(sha256)
            if kept is None:
                self._blobs.chunks.pop(sha256, None)
                raise BlobMissing(f"the content {sha256} is nowhere")
            remember(self._blobs.chunks, sha256, kept)
        return kept

    def _begin_chunk(self, kept: Kept, number: int) -> asyncio.Task[None]:
        return self._begin(kept.digest(number), partial(self._have, kept, number))

    async def _have(self, kept: Kept, number: int) -> None:
        """See to it that a chunk is on this disk."""
        chunk = self._blobs.chunk(kept, number)
        if not await asyncio.to_thread(self._blobs.has, chunk.path):
            content = await self._get(kept, number)
            await asyncio.to_thread(self._blobs.write, content)

    async def _whole(self, sha256: str) -> None:
        kept = await self._find(sha256)
        if kept.chunks == 1:
            await self._begin_chunk(kept, 0)
            return
        writer = self._blobs.writer()
        try:
            for number in range(kept.chunks):
                await asyncio.to_thread(writer.write, await self._get(kept, number))
            if writer.sha256 != sha256:
                raise ContentUnavailable(f"the content {sha256} is damaged where it is kept, at {kept.place}")
            await asyncio.to_thread(writer.finish)
        finally:
            writer.discard()

    async def _get(self, kept: Kept, number: int) -> bytes:
        """A chunk's content, once it is seen to be that."""
        content = await self._read(kept.place, number)
        if content is None:  # kept at another place meanwhile?
            kept = await self._find(kept.sha256, anew=True)
            content = await self._read(kept.place, number)
        return await asyncio.to_thread(kept.checked, number, content)

    async def _read(self, place: str, number: int) -> bytes | None:
        if place.startswith(IN_ROWS):
            return await self._store.look(lambda tx: contents.get_chunk(tx, place, number))
        return await self._at_endpoint(place).get(f"{place}/{number}")

    def _at_endpoint(self, place: str) -> S3Endpoint:
        if self._endpoint is None:
            raise not_named(place)
        return self._endpoint

    # --- this node's files

    async def tidy_forever(self) -> None:
        """Send what is only here, and keep the files from becoming too many."""
        if self._endpoint is not None:
            try:
                await self._endpoint.check()
            except ContentUnavailable as error:
                log.warning("packages and objects cannot be kept: %s", error)
        looked_at_bytes = -1
        while True:
            if looked_at_bytes < 0 or self._blobs.written_bytes - looked_at_bytes > _CACHE_BYTES // 16:
                try:
                    written_bytes = self._blobs.written_bytes
                    await self.tidy()
                    looked_at_bytes = written_bytes
                except Exception as error:
                    log.warning("the files of content could not be tidied; trying again: %s", error)
            await asyncio.sleep(_TIDY_SECONDS)

    async def tidy(self, cache_bytes: int = _CACHE_BYTES) -> None:
        """Send what rows name and is only in this node's files (it was alone before), and remove what was not used for
        longest of what is more than ``cache_bytes``."""
        files = await asyncio.to_thread(self._blobs.files)
        excess_bytes = sum(size for _, size, _ in files) - cache_bytes
        for at in range(0, len(files), _LOOKED_AT):
            batch = files[at : at + _LOOKED_AT]
            names = [name for _, _, name in batch]
            only_here = await self._store.look(partial(_only_here, self._in_use, names))
            for _, size, name in batch:
                if name in only_here:
                    try:
                        self._blobs.check_size(size)
                    except AwsError as error:
                        log.warning("%s is on this node only: %s", self._blobs.path(name), error.message)
                        continue
                    await self._once(f"send {name}", partial(self._send, name))
                if excess_bytes > 0:
                    removed = await asyncio.to_thread(self._blobs.remove, (name,), _JUST_USED_SECONDS)
                    excess_bytes -= size * removed

    # --- what several wait for is done once

    async def _once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await asyncio.shield(self._begin(key, work))

    def _begin(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(work(), name=f"content: {key}")
            task.add_done_callback(lambda done: self._done(key, done))
        return task

    def _done(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # whoever waits is told; perhaps nobody does any more

    async def close(self) -> None:
        """Let go of what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _keep_in_row(kept: Kept, content: bytes, tx: Transaction) -> bool:
    """What is one chunk is kept in one unit."""
    contents.begin(tx, kept.place, 1)
    contents.put_chunk(tx, kept.place, 0, content)
    return contents.finish(tx, kept)


def _only_here(in_use: InUse, names: list[str], tx: Transaction) -> set[str]:
    """Which of these contents rows name and nobody else keeps."""
    return in_use(tx, names) - contents.find(tx, names).keys()
