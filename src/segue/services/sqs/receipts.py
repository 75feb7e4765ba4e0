"""Receipt handles: which message, and which receive of it, opaque to callers."""

from __future__ import annotations

import base64
import binascii
import struct
from zlib import crc32

from segue.errors import AwsError

# Three bytes that make the text begin with AQEB, as on AWS; the queue's checksum; the row; the receive.
_FORM = struct.Struct(">3sIQQx")
_MARK = b"\x01\x01\x01"


def encode_receipt(queue_arn: str, row_id: int, receipt: int) -> str:
    """The receipt handle of one receive of a message."""
    return base64.b64encode(_FORM.pack(_MARK, crc32(queue_arn.encode()), row_id, receipt)).decode("ascii")


def decode_receipt(queue_arn: str, handle: str) -> tuple[int, int]:
    """The row and the receive behind a handle.

    Raises:
        AwsError: ``ReceiptHandleIsInvalid``: not a handle of this queue.
    """
    try:
        mark, queue, row_id, receipt = _FORM.unpack(base64.b64decode(handle, validate=True))
        valid = mark == _MARK and queue == crc32(queue_arn.encode())
    except (binascii.Error, struct.error, ValueError):
        valid = False
    if not valid:
        raise AwsError(
            "ReceiptHandleIsInvalid",
            f'The input receipt handle "{handle}" is not a valid receipt handle.',
            status=404,
        )
    return row_id, receipt
