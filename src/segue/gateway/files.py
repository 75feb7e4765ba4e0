"""Answers from files: read piece by piece beside the event loop, so that a large one needs little memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from segue.wire.request import FileBody

_PIECE_BYTES: Final = 512 * 1024


async def read_pieces(body: FileBody) -> AsyncIterator[bytes]:
    """The bytes of a body that is on disk.

    Raises:
        OSError: a file cannot be read, or is shorter than it was.
    """
    for piece in body.pieces:
        file = await asyncio.to_thread(open, piece.path, "rb", buffering=0)
        try:
            await asyncio.to_thread(file.seek, piece.offset)
            left = piece.size
            while left:
                content: bytes = await asyncio.to_thread(file.read, min(left, _PIECE_BYTES))
                if not content:
                    raise OSError(f"{piece.path} is shorter than it was")
                left -= len(content)
                yield content
        finally:
            file.close()
