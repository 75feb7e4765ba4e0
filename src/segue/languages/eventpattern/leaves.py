"""What a leaf of a pattern may say of one value: every operator as a function ``value -> bool``.

Values are what JSON gives: ``str``, ``int``, ``float``, ``bool``, ``None``. Neutral: filter policies say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from segue.languages.globs import ANY_RUN, Token, compile_tokens

Matcher = Callable[[Any], bool]

_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")


class BadOperand(ValueError):
    """What an operator cannot work with, in EventBridge's words."""


def exact(value: Any) -> Matcher:
    """The value itself: numbers by their value (``300``, ``300.0``, ``3e2``), literals by identity, IPv6 by meaning."""
    if value is None or isinstance(value, bool):
        return lambda actual: actual is value
    if isinstance(value, str):
        address = address_of(value)
        if isinstance(address, IPv6Address):
            return lambda actual: actual == value or (isinstance(actual, str) and address_of(actual) == address)
        return lambda actual: type(actual) is str and actual == value
    return lambda actual: is_number(actual) and actual == value


def prefix(text: str) -> Matcher:
    """A string that starts so."""
    return lambda actual: type(actual) is str and actual.startswith(text)


def suffix(text: str) -> Matcher:
    """A string that ends so."""
    return lambda actual: type(actual) is str and actual.endswith(text)


def equals_ignore_case(text: str) -> Matcher:
    """The string, whatever its case."""
    lower = text.lower()
    return lambda actual: type(actual) is str and actual.lower() == lower


def prefix_ignore_case(text: str) -> Matcher:
    """A string that starts so, whatever its case."""
    lower = text.lower()
    return lambda actual: type(actual) is str and actual.lower().startswith(lower)


def suffix_ignore_case(text: str) -> Matcher:
    """A string that ends so, whatever its case."""
    lower = text.lower()
    return lambda actual: type(actual) is str and actual.lower().endswith(lower)


def wildcard(pattern: str) -> Matcher:
    """A string that matches: ``*`` is any run of characters, ``\\*`` and ``\\\\`` are themselves.

    Raises:
        BadOperand: two stars in a row, or a backslash before anything else; the position counts bytes from 1.
    """
    glob = compile_tokens(_wildcard_tokens(pattern))
    return lambda actual: type(actual) is str and glob(actual)


def _wildcard_tokens(pattern: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        character, following = pattern[at], pattern[at + 1 : at + 2]
        if character == "*":
            if following == "*":
                raise BadOperand(f"Consecutive wildcard characters at pos {_position(pattern, at)}")
            tokens.append(ANY_RUN)
        elif character == "\\":
            if following not in ("*", "\\"):
                raise BadOperand(f"Invalid escape character at pos {_position(pattern, at)}")
            tokens.append(following)
            at += 1
        else:
            tokens.append(character)
        at += 1
    return tokens


def _position(pattern: str, at: int) -> int:
    return len(pattern[:at].encode()) + 1


def numeric(bounds: Sequence[tuple[str, float]]) -> Matcher:
    """A number within all bounds (``("<=", 5)``)."""
    tests = [_BOUNDS[operator](limit) for operator, limit in bounds]
    return lambda actual: is_number(actual) and all(test(actual) for test in tests)


_BOUNDS: dict[str, Callable[[float], Callable[[float], bool]]] = {
    "=": lambda limit: lambda actual: actual == limit,
    "<": lambda limit: lambda actual: actual < limit,
    "<=": lambda limit: lambda actual: actual <= limit,
    ">": lambda limit: lambda actual: actual > limit,
    ">=": lambda limit: lambda actual: actual >= limit,
}


def cidr(block: str) -> Matcher:
    """A string that is an address of the block, at or above the address it is written with.

    Raises:
        BadOperand: it is no block.
    """
    parts = block.split("/")
    if len(parts) != 2:
        raise BadOperand("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", parts[1]):
        raise BadOperand("Malformed CIDR, mask bits must be an integer")
    bits = int(parts[1])
    if bits < 0:
        raise BadOperand("Malformed CIDR, mask bits must not be negative")
    bottom = address_of(parts[0])
    if bottom is None:
        known_form = _IPV4.fullmatch(parts[0]) or _IPV6.fullmatch(parts[0])
        raise BadOperand(f"{'Invalid' if known_form else 'Nonstandard'} IP address: {parts[0]}")
    if bits >= bottom.max_prefixlen:
        raise BadOperand(f"IPv{bottom.version} mask bits must be < {bottom.max_prefixlen}")
    top = int(bottom) | ((1 << (bottom.max_prefixlen - bits)) - 1)

    def within(actual: Any) -> bool:
        found = address_of(actual) if isinstance(actual, str) else None
        return found is not None and found.version == bottom.version and int(bottom) <= int(found) <= top

    return within


def anything_but(matchers: Iterable[Matcher]) -> Matcher:
    """Any value, of whatever type, that none of ``matchers`` takes."""
    refused = tuple(matchers)
    return lambda actual: not any(matches(actual) for matches in refused)


def anything(actual: Any) -> bool:
    """Any value: the field is there."""
    return True


def either(matchers: Sequence[Matcher]) -> Matcher:
    """A value that one of ``matchers`` takes."""
    if len(matchers) == 1:
        return matchers[0]
    listed = tuple(matchers)
    return lambda actual: any(matches(actual) for matches in listed)


def one_of_strings(texts: Iterable[str]) -> Matcher:
    """One of the strings: a look-up, however many there are."""
    known = frozenset(texts)
    return lambda actual: type(actual) is str and actual in known


def is_number(value: Any) -> bool:
    """Whether JSON calls it a number."""
    return type(value) is int or type(value) is float


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is, if it is one."""
    if not (_IPV4.fullmatch(text) or _IPV6.fullmatch(text)):
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None
