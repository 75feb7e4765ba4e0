"""The effect ``lambda:invoke-streaming``: a function whose answer is sent on while it makes it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from segue.runtimes.spec import Source
from segue.services.lambda_.invocation import InvokeOutcome, InvokeRequest, Streamed
from segue.worker.functions import FunctionEffect

_PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
_PRELUDE_END = b"\0" * 8
_PRELUDE_BYTES = 64 * 1024
_HELD_BYTES = 1024 * 1024
"""More than this is not read ahead of who takes the answer."""


class StreamEffect:
    """Runs functions: gives the answer as soon as it begins, or what came of the invocation where it never did."""

    def __init__(self, functions: FunctionEffect) -> None:
        self._functions = functions
        self._running: set[asyncio.Task[InvokeOutcome]] = set()

    async def __call__(self, request: InvokeRequest) -> InvokeOutcome | Streamed:
        channel = _Channel()
        task = asyncio.create_task(self._functions(request, channel))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(channel.end)
        await channel.begun
        if channel.content_type is None:
            return task.result()
        return Streamed(channel.content_type, channel.prelude, _Pieces(channel))


class _Channel:
    """Between a function's connection and whoever takes its answer."""

    def __init__(self) -> None:
        self.content_type: str | None = None
        self.prelude: bytes | None = None
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pieces: deque[bytes] = deque()
        self._held_bytes = 0
        self._head: bytes | None = None  # while the prelude is not whole
        self._source: Source | None = None
        self._is_paused = self._is_left = False
        self._ended: asyncio.Task[InvokeOutcome] | None = None
        self._changed = asyncio.Event()

    # the function's side

    def begin(self, content_type: str, source: Source) -> None:
        self.content_type, self._source = content_type, source
        if content_type == _PRELUDE_TYPE:
            self._head = b""
        else:
            self._told()

    def piece(self, data: bytes) -> None:
        if self._head is None:
            self._keep(data)
            return
        self._head += data
        prelude, ends, body = self._head.partition(_PRELUDE_END)
        if ends:
            self.prelude, self._head = prelude, None
            self._keep(body)
        elif len(self._head) > _PRELUDE_BYTES:
            self._give_up_prelude()
        if self._head is None:
            self._told()

    def end(self, task: asyncio.Task[InvokeOutcome]) -> None:
        self._ended = task
        self._source = None
        if self._head is not None:
            self._give_up_prelude()
        self._changed.set()
        self._told()

    def _give_up_prelude(self) -> None:
        body, self._head = self._head or b"", None
        self._keep(body)

    def _told(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)

    def _keep(self, data: bytes) -> None:
        if self._is_left or not data:
            return
        self._pieces.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_BYTES and not self._is_paused and self._source is not None:
            self._is_paused = True
            self._source.pause()
        self._changed.set()

    # the taker's side

    async def take(self) -> bytes | InvokeOutcome:
        while True:
            if self._pieces:
                piece = self._pieces.popleft()
                self._held_bytes -= len(piece)
                if not self._pieces:
                    self._go_on()
                return piece
            if self._ended is not None:
                return self._ended.result()
            self._changed.clear()
            await self._changed.wait()

    def leave(self) -> None:
        """Nobody takes the rest; the function runs to its end."""
        self._is_left = True
        self._pieces.clear()
        self._go_on()

    def _go_on(self) -> None:
        if self._is_paused and self._source is not None:
            self._is_paused = False
            self._source.resume()


class _Pieces(AsyncIterator[bytes | InvokeOutcome]):
    """The pieces, and the outcome at last. Dropped unread, as where a client has hung up, it leaves the channel."""

    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self._is_over = False

    async def __anext__(self) -> bytes | InvokeOutcome:
        if self._is_over:
            raise StopAsyncIteration
        taken = await self._channel.take()
        self._is_over = isinstance(taken, InvokeOutcome)
        return taken

    def __del__(self) -> None:
        self._channel.leave()
