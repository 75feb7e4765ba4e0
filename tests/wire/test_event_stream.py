"""Event streams, read by botocore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from segue.wire.event_stream import EventEncoder, message
from segue.wire.model import load_service

NAMES = st.text(min_size=1, max_size=60)


@given(st.dictionaries(NAMES, st.text(max_size=500), max_size=5), st.binary(max_size=2_000))
def test_messages_are_read(headers: dict[str, str], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(message(headers, payload))
    (read,) = list(buffer)
    assert (read.headers, read.payload) == (headers, payload)


def test_events_of_a_shape() -> None:
    service = load_service("lambda")
    encoder = EventEncoder(service, service.shape("InvokeWithResponseStreamResponseEvent"))

    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"PayloadChunk": {"Payload": b"\x00one"}}
        yield {"InvokeComplete": {"ErrorCode": "Unhandled", "ErrorDetails": None}}

    async def written() -> list[bytes]:
        return [piece async for piece in encoder.stream(events())]

    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(asyncio.run(written())))
    chunk, complete = list(buffer)
    assert (chunk.headers[":event-type"], chunk.headers[":content-type"], chunk.payload) == (
        "PayloadChunk",
        "application/octet-stream",
        b"\x00one",
    )
    assert (complete.headers[":message-type"], complete.payload) == ("event", b'{"ErrorCode":"Unhandled"}')
