"""Mail addresses as they are written in a header: taken apart, judged, and told what is wrong with them.

Source: the texts of InvalidParameterValue, as users report them ("Missing final '@domain'", "Domain contains dot-dot",
"Local address contains control or whitespace", "User name is missing"); the length of a local part from RFC 5321.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from segue.api.outbox import bare_address
from segue.errors import AwsError

_LOCAL: Final = re.compile(r"[^\s\x00-\x1f\x7f@<>()\[\]\\,;:\"]+|\"[^\"\r\n]*\"")
_DOMAIN: Final = re.compile(r"[^\s\x00-\x2c\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")
_LONGEST: Final = 320
SIMULATOR: Final = "simulator.amazonses.com"


def checked(address: str) -> str:
    """The bare address in what a header says (``Ann <ann@example.com>``), its domain in lower case.

    Raises:
        AwsError: ``InvalidParameterValue``: it is none.
    """
    bare = bare_address(address)
    local, at, domain = bare.rpartition("@")
    if not at or not domain:
        raise invalid("Missing final '@domain'")
    if len(address) > 2_048 or len(bare) > _LONGEST:
        raise invalid("Address length is more than 320 characters long")
    if not local:
        raise invalid(f"User name is missing: '{bare}'.")
    if not _LOCAL.fullmatch(local):
        raise invalid("Local address contains control or whitespace" if re.search(r"\s", local) else "Illegal address")
    if not local.isascii():
        raise invalid("Local address contains non-ascii characters")
    if domain.startswith("."):
        raise invalid("Domain starts with dot")
    if ".." in domain:
        raise invalid("Domain contains dot-dot")
    if domain.endswith(".") or not _DOMAIN.fullmatch(domain):
        raise invalid("Domain contains illegal character" if not domain.endswith(".") else "Domain ends with dot")
    return f"{local}@{domain.lower()}"


def all_checked(addresses: Iterable[str]) -> list[str]:
    """The bare addresses; see :func:`checked`."""
    return [checked(address) for address in addresses]


def domain_of(bare: str) -> str:
    """The domain of a bare address."""
    return bare.rpartition("@")[2].lower()


def unlabelled(bare: str) -> str:
    """``ann@example.com`` of ``ann+news@example.com``: who verified the one may use the other."""
    local, _, domain = bare.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def split_list(text: str) -> list[str]:
    """The addresses in a header with several, as they are written there; what is in quotes and comments stays whole."""
    found, begin, quoted, depth = [], 0, False, 0
    for place, character in enumerate(text):
        if character == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and character in "()":
            depth = max(0, depth + (1 if character == "(" else -1))
        elif character == "," and not quoted and not depth:
            found.append(text[begin:place])
            begin = place + 1
    found.append(text[begin:])
    return [address.strip() for address in found if address.strip()]


def invalid(message: str) -> AwsError:
    """``InvalidParameterValue``."""
    return AwsError("InvalidParameterValue", message)
