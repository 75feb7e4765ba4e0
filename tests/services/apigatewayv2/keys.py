"""A key pair for tokens in tests, and tokens signed with it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

_MODULUS = int(
    "b19cd51570c42c8baaf722c5e91290597985397db9e166458f4b53cbff93d6fb"
    "6aeade9f53badcbfd2548b3c162753df6eea45e95d63713ab62215d16e0a4c9b"
    "ea2889f62e64f875ac7efe47b771d1ec2df7a31ffdfe114b7ec62fe5e3488db0"
    "8a3386e20cc6538060158c4d2a0096ef675e5d39bac0803ba30c5b78e54ab205",
    16,
)
_PRIVATE = int(
    "44aeb01bc56aa70b2f86b7f4ae679658734c9869ccfaa3b0dc73b5a8da61522e"
    "112f57fd66c488dec8b816cb9a8984be8f469ad85e5bb90a8a29ee23f99893fc"
    "c5b15aea8e25e64a89596f962d93b0ffecd7f7d28d165247492641148883f82c"
    "5d61b6a62d2cb74a25e3a1f0f42a52523ff9531502ed700b644c55ba1729a335",
    16,
)
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


KEY = {"kty": "RSA", "kid": "k1", "e": "AQAB", "n": encoded(_MODULUS.to_bytes(128, "big"))}


def token(claims: dict[str, Any], **header: Any) -> str:
    """A token of these claims, signed with the key's private part (RS256)."""
    head = {"alg": "RS256", "kid": "k1", "typ": "JWT", **header}
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    digest = _DIGEST_INFO + hashlib.sha256(signed.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (128 - len(digest) - 3) + b"\x00" + digest
    signature = pow(int.from_bytes(padded, "big"), _PRIVATE, _MODULUS).to_bytes(128, "big")
    return f"{signed}.{encoded(signature)}"
