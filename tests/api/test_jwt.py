"""Tokens: what is refused, and why."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api import jwt
from tests.services.apigatewayv2.keys import KEY, encoded, token

NOW_MS = 1_700_000_000_000
GOOD = {"iss": "https://i", "aud": "shop", "exp": 1_700_000_100, "iat": 1_699_999_000, "scope": "read write"}


def check(text: str, key: dict[str, Any] = KEY, audience: Any = ("shop",)) -> None:
    found = jwt.read_token(text)
    jwt.check_claims(found.claims, "https://i", audience, NOW_MS)
    known = jwt.find_key(found, [key])
    if known is None:
        raise jwt.Refused("no key")
    jwt.check_signature(found, known)


@pytest.mark.parametrize("more", [{}, {"aud": ["x", "shop"]}, {"nbf": 1_700_000_000}])
def test_good_tokens(more: dict[str, Any]) -> None:
    check(f"Bearer {token({**GOOD, **more})}")


def test_a_client_id_stands_for_the_audience() -> None:
    claims = {name: value for name, value in GOOD.items() if name != "aud"}
    check(token({**claims, "client_id": "shop"}))
    with pytest.raises(jwt.Refused, match="audience"):
        check(token(claims))


@pytest.mark.parametrize(
    ("claims", "header", "why"),
    [
        ({"iss": "https://other"}, {}, "issuer"),
        ({"aud": "other"}, {}, "audience"),
        ({"exp": 1_700_000_000}, {}, "expired"),
        ({"exp": "soon"}, {}, "expired"),
        ({"exp": True}, {}, "expired"),
        ({"nbf": 1_700_000_050}, {}, "not come"),
        ({"iat": 1_700_000_050}, {}, "not come"),
        ({}, {"alg": "none"}, "algorithm"),
        ({}, {"alg": "HS256"}, "algorithm"),
        ({}, {"alg": "RS512"}, "wrong"),
        ({}, {"kid": "k2"}, "no key"),
    ],
)
def test_what_is_refused(claims: dict[str, Any], header: dict[str, Any], why: str) -> None:
    with pytest.raises(jwt.Refused, match=why):
        check(token({**GOOD, **claims}, **header))


@pytest.mark.parametrize("key", [{**KEY, "n": encoded(b"\x01" * 128)}, {**KEY, "n": "AQ"}, {"kty": "RSA", "kid": "k1"}])
def test_another_key_does_not_do(key: dict[str, Any]) -> None:
    with pytest.raises(jwt.Refused):
        check(token(GOOD), key)


@given(st.integers(0, 400), st.text("Aa9-_.", min_size=1, max_size=1))
def test_no_changed_token_is_taken(at: int, letter: str) -> None:
    text = token(GOOD)
    at %= len(text)
    changed = text[:at] + letter + text[at + 1 :]
    found = None
    try:
        check(changed)
        found = jwt.read_token(changed)
    except jwt.Refused:
        pass
    # the last letter of a part has bits that mean nothing
    assert found is None or (found.claims == GOOD and found.signature == jwt.read_token(text).signature)


@given(st.text())
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with contextlib.suppress(jwt.Refused):
        jwt.read_token(text)


def test_scopes_and_claims_as_they_are_told() -> None:
    assert jwt.scopes_of(GOOD) == ["read", "write"]
    assert jwt.scopes_of({"scp": ["a"]}) == ["a"]
    assert jwt.told({"a": ["x", 1], "b": 2, "c": "d", "e": True}) == {"a": "[x 1]", "b": "2", "c": "d", "e": "true"}
