"""AWS's event streams: messages of headers and a payload, each with two checksums.

Source: Smithy, "Amazon Event Stream Specification" (``application/vnd.amazon.eventstream``): total length, length of
the headers, CRC-32 of these eight bytes, headers, payload, CRC-32 of all before; numbers in network order.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from segue.wire.json_values import JsonEncoders, dump_json
from segue.wire.model import ServiceModel, Shape

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_STRING: Final = 7
_OVERHEAD_BYTES: Final = 16
_JSON: Final = "application/json"
_PAYLOAD_TYPES: Final = {"blob": "application/octet-stream", "string": "text/plain"}


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack(">II", len(head) + len(payload) + _OVERHEAD_BYTES, len(head))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", _STRING, len(value)) + value


class EventEncoder:
    """Writes the events of one event stream's shape."""

    def __init__(self, service: ServiceModel, shape: Shape) -> None:
        self._json = JsonEncoders(service)
        self._shapes = {name: service.shape(ref.shape_name) for name, ref in shape.members.items()}
        self._service = service

    async def stream(self, events: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
        """Each event, ``{its name: its members}``, as a message."""
        async for event in events:
            for name, members in event.items():
                yield self.event(name, members)

    def event(self, name: str, members: Mapping[str, Any]) -> bytes:
        """One event."""
        shape = self._shapes[name]
        content_type, payload = _JSON, b""
        for member, ref in shape.members.items():
            if ref.traits.get("eventpayload"):
                content_type = _PAYLOAD_TYPES.get(self._service.shape(ref.shape_name).type, _JSON)
                given = members.get(member) or b""
                payload = given.encode() if isinstance(given, str) else bytes(given)
                break
        else:
            payload = dump_json(self._json.structure(shape)(dict(members)))
        return message({":event-type": name, ":content-type": content_type, ":message-type": "event"}, payload)
