"""Authenticated encryption: AES-256-GCM under a key derived from the KMS key's secret, with the encryption context.

What was encrypted before (version 1: HMAC-SHA-256 of a random nonce and a counter as a key stream, then HMAC-SHA-256 of
everything under another key) can still be decrypted. What is protected lies beside the secret in the same database, so
this keeps programs honest (a wrong context, a wrong key, a changed byte fail as on AWS), and no data from who can read
the data directory.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

_OLD_VERSION, _VERSION = b"\x01", b"\x02"
_NONCE_BYTES = 16
_GCM_NONCE_BYTES = 12
_GCM_HEAD_BYTES = 1 + 16 + _GCM_NONCE_BYTES
_GCM_TAG_BYTES = 16
_TAG_BYTES = 32
_HEAD_BYTES = 1 + 16 + _NONCE_BYTES


class Sealed(NamedTuple):
    """The parts of a ciphertext."""

    key_id: str
    nonce: bytes
    body: bytes
    tag: bytes


def seal(secret: bytes, key_id: str, nonce: bytes, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """The ciphertext, which names its key; of the nonce (random, at least twelve bytes) twelve bytes count."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = nonce[:_GCM_NONCE_BYTES]
    head = _VERSION + UUID(key_id).bytes + nonce
    return head + AESGCM(_derived(secret, b"gcm")).encrypt(nonce, plaintext, head + _told(context))


def parts(blob: bytes) -> Sealed | None:
    """A ciphertext taken apart; ``None`` where it is none of ours."""
    head, tag = (_HEAD_BYTES, _TAG_BYTES) if blob[:1] == _OLD_VERSION else (_GCM_HEAD_BYTES, _GCM_TAG_BYTES)
    if len(blob) < head + tag or blob[:1] not in (_OLD_VERSION, _VERSION):
        return None
    return Sealed(str(UUID(bytes=blob[1:17])), blob[17:head], blob[head:-tag], blob[-tag:])


def unseal(secret: bytes, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    """The plaintext; ``None`` where key, context or ciphertext are not those of the sealing."""
    found = parts(blob)
    if found is None:
        return None
    if blob[:1] == _VERSION:
        return _opened(secret, blob, context)
    if not hmac.compare_digest(found.tag, _tag(secret, blob[:-_TAG_BYTES], context)):
        return None
    return _streamed(secret, found.nonce, found.body)


def _opened(secret: bytes, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, body = blob[:_GCM_HEAD_BYTES], blob[_GCM_HEAD_BYTES:]
    try:
        return AESGCM(_derived(secret, b"gcm")).decrypt(head[17:], body, head + _told(context))
    except InvalidTag:
        return None


def _streamed(secret: bytes, nonce: bytes, text: bytes) -> bytes:
    key = _derived(secret, b"encrypt")
    blocks = range(-(-len(text) // 32))
    stream = b"".join(hmac.digest(key, nonce + number.to_bytes(8, "big"), sha256) for number in blocks)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _tag(secret: bytes, sealed: bytes, context: Mapping[str, str]) -> bytes:
    return hmac.digest(_derived(secret, b"authenticate"), _counted(sealed) + _told(context), sha256)


def _told(context: Mapping[str, str]) -> bytes:
    return b"".join(_counted(part.encode()) for pair in sorted(context.items()) for part in pair)


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose, sha256)
