"""JSON Web Tokens, as authorizers of APIs take them. Pure: keys and the time are handed in.

Source: API Gateway developer guide, "Control access to HTTP APIs with JWT authorizers" (only RSA-based algorithms); RFC
7519 (tokens), RFC 7515 (signatures), RFC 8017, 8.2.2 (RSASSA-PKCS1-v1_5: what was signed must be what it would be).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_HASHES = {"RS256": "sha256", "RS384": "sha384", "RS512": "sha512"}
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_LONGEST = 16_384
_LARGEST_KEY_BYTES = 1_024


class Refused(Exception):
    """A token that lets nobody in; the text says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart, its signature not verified yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def read_token(text: str) -> Token:
    """The token in a header's value, with or without ``Bearer``.

    Raises:
        Refused: it is none.
    """
    text = text.strip()
    if text[:7].lower() == "bearer ":
        text = text[7:].strip()
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _LONGEST:
        raise Refused("it is no JSON Web Token")
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except (ValueError, RecursionError):
        raise Refused("it cannot be decoded") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or not text.isascii():
        raise Refused("it is no JSON Web Token")
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def find_key(token: Token, keys: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The key (of a JSON Web Key Set) that a token says it is signed with."""
    name = token.header.get("kid")
    return next((key for key in keys if key.get("kty") == "RSA" and (name is None or key.get("kid") == name)), None)


def check_signature(token: Token, key: Mapping[str, Any]) -> None:
    """Raise :class:`Refused` unless the token was signed with the key."""
    name = _HASHES.get(str(token.header.get("alg")))
    if name is None:
        raise Refused(f"its algorithm {str(token.header.get('alg'))[:20]!r} is not among {', '.join(_HASHES)}")
    try:
        modulus, exponent = (int.from_bytes(_decoded(str(key[part])), "big") for part in ("n", "e"))
    except (KeyError, ValueError):
        raise Refused("the issuer's key cannot be read") from None
    size = (modulus.bit_length() + 7) // 8
    digest = _DIGEST_INFO[name] + hashlib.new(name, token.signed).digest()
    if not len(digest) + 11 <= size <= _LARGEST_KEY_BYTES or len(token.signature) != size or exponent >= modulus:
        raise Refused("its signature is not of the key")
    expected = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    if pow(int.from_bytes(token.signature, "big"), exponent, modulus).to_bytes(size, "big") != expected:
        raise Refused("its signature is wrong")


def check_claims(claims: Mapping[str, Any], issuer: str, audience: Collection[str], now_ms: int) -> None:
    """Raise :class:`Refused` unless the token is of the issuer, for the audience, and of now."""
    if claims.get("iss") != issuer:
        raise Refused("it is of another issuer")
    given = claims.get("aud") if "aud" in claims else claims.get("client_id")
    named = given if isinstance(given, list) else [given]
    if audience and not any(name in audience for name in named):
        raise Refused("it is for another audience")
    now = now_ms / 1000
    if not _is_time(claims.get("exp")) or claims["exp"] <= now:
        raise Refused("it has expired")
    for name in ("nbf", "iat"):
        if name in claims and (not _is_time(claims[name]) or claims[name] > now):
            raise Refused("its time has not come")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def scopes_of(claims: Mapping[str, Any]) -> list[str]:
    """What a token allows (``scope``, or ``scp``)."""
    given = claims.get("scope", claims.get("scp")) or ""
    return [str(one) for one in given] if isinstance(given, list) else str(given).split()


def told(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims as events show them: texts; lists as ``[a b]``."""
    return {name: _text(value) for name, value in claims.items()}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_text(one) for one in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)
