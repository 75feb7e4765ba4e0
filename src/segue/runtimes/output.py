"""What an environment's processes write, read from their pipe as it comes."""

from __future__ import annotations

import asyncio
import os

from segue.clock import Clock
from segue.runtimes.log_lines import LineReader
from segue.runtimes.spec import LogLine

_READ_BYTES = 1 << 16
# A function that writes without end must not fill the server's memory; what it writes beyond is dropped, and that is
# said.
MAXIMUM_PENDING_BYTES = 32 * 1024 * 1024
MAXIMUM_PENDING_LINES = 100_000
_READS_AT_ONCE = 8  # who writes faster than that is read on with when the loop comes round again


class Output:
    """Lines gathered until they are taken. ``writer`` is the descriptor for the process; whoever hands it over closes
    it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._lines_of = LineReader()
        self._lines: list[LogLine] = []
        self._pending_bytes = 0
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reader, self.drain)

    def drain(self) -> None:
        """Read all that has been written so far: a pipe holds 64 KiB, so a few reads are enough."""
        for _ in range(_READS_AT_ONCE):
            if not self._is_open:
                return
            try:
                chunk = os.read(self._reader, _READ_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            self._keep(chunk)
            if len(chunk) < _READ_BYTES:
                return

    def _keep(self, chunk: bytes) -> None:
        before, self._pending_bytes = self._pending_bytes, self._pending_bytes + len(chunk)
        if before > MAXIMUM_PENDING_BYTES:
            return
        self._lines += self._lines_of.feed(chunk, self._clock.now_ms())
        if self._pending_bytes > MAXIMUM_PENDING_BYTES or len(self._lines) > MAXIMUM_PENDING_LINES:
            limit = f"{MAXIMUM_PENDING_LINES} lines or {MAXIMUM_PENDING_BYTES} bytes"
            self.add(f"[WARN] Segue: the log of this invocation is longer than {limit}; the rest is dropped\n")
            self._pending_bytes = MAXIMUM_PENDING_BYTES + 1

    def add(self, message: str) -> None:
        """A line of the platform's own, after all that the function has written so far."""
        self._lines += self._lines_of.finish(self._clock.now_ms())
        self._lines.append(LogLine(self._clock.now_ms(), message))

    def take(self) -> tuple[LogLine, ...]:
        """The lines since the last time."""
        self._lines += self._lines_of.finish(self._clock.now_ms())
        lines, self._lines, self._pending_bytes = tuple(self._lines), [], 0
        return lines

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._reader)
            os.close(self._reader)
