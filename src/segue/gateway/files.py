"""Answers from files: read piece by piece beside the event loop, so that a large one needs little memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import FileIO
from typing import Final

from segue.wire.request import FileBody, FilePiece

_PIECE_BYTES: Final = 512 * 1024


async def read_pieces(body: FileBody) -> AsyncIterator[bytes]:
    """The bytes of a body that is on disk, or is fetched while it is read.

    Raises:
        OSError: a file cannot be read, or is shorter than it was.
        BlobMissing, ContentUnavailable: a piece cannot be fetched.
    """
    for piece in body.pieces:
        try:
            file = await _opened(piece)
        except FileNotFoundError:
            if body.fetch is None:
                raise
            async for part in body.fetch(piece):
                async for content in _read(await _opened(part), part):
                    yield content
        else:
            async for content in _read(file, piece):
                yield content


async def _opened(piece: FilePiece) -> FileIO:
    return await asyncio.to_thread(FileIO, piece.path)


async def _read(file: FileIO, piece: FilePiece) -> AsyncIterator[bytes]:
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
