"""Authenticated encryption with what Python's own library has: a keyed hash as a cipher, then a keyed hash of all.

Encrypt-then-MAC: the key stream is HMAC-SHA-256 of a random nonce and a counter, under one key derived from the KMS
key's secret; the tag is HMAC-SHA-256 of everything, the encryption context included, under another. What it protects
lies beside the secret in the same database, so this keeps programs honest (a wrong context, a wrong key, a changed byte
fail as on AWS), and no data from who can read the data directory.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

_VERSION = b"\x01"
_NONCE_BYTES = 16
_TAG_BYTES = 32
_HEAD_BYTES = 1 + 16 + _NONCE_BYTES


class Sealed(NamedTuple):
    """The parts of a ciphertext."""

    key_id: str
    nonce: bytes
    body: bytes
    tag: bytes


def seal(secret: bytes, key_id: str, nonce: bytes, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """The ciphertext, which names its key."""
    head = _VERSION + UUID(key_id).bytes + nonce
    body = _streamed(secret, nonce, plaintext)
    return head + body + _tag(secret, head + body, context)


def parts(blob: bytes) -> Sealed | None:
    """A ciphertext taken apart; ``None`` where it is none of ours."""
    if len(blob) < _HEAD_BYTES + _TAG_BYTES or blob[:1] != _VERSION:
        return None
    key_id = str(UUID(bytes=blob[1:17]))
    return Sealed(key_id, blob[17:_HEAD_BYTES], blob[_HEAD_BYTES:-_TAG_BYTES], blob[-_TAG_BYTES:])


def unseal(secret: bytes, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    """The plaintext; ``None`` where key, context or ciphertext are not those of the sealing."""
    found = parts(blob)
    if found is None or not hmac.compare_digest(found.tag, _tag(secret, blob[:-_TAG_BYTES], context)):
        return None
    return _streamed(secret, found.nonce, found.body)


def _streamed(secret: bytes, nonce: bytes, text: bytes) -> bytes:
    key = _derived(secret, b"encrypt")
    blocks = range(-(-len(text) // 32))
    stream = b"".join(hmac.digest(key, nonce + number.to_bytes(8, "big"), sha256) for number in blocks)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _tag(secret: bytes, sealed: bytes, context: Mapping[str, str]) -> bytes:
    told = b"".join(_counted(part.encode()) for pair in sorted(context.items()) for part in pair)
    return hmac.digest(_derived(secret, b"authenticate"), _counted(sealed) + told, sha256)


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose, sha256)
