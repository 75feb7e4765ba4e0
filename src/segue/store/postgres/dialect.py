"""From the SQL that both engines share to PostgreSQL's own.

Our SQL has its keywords in capitals and its names in lower case, so a reserved word in lower case is a name.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LITERALS = re.compile(r"('(?:[^']|'')*')")
_TEXT = re.compile(r"\bTEXT\b")
_RESERVED = re.compile(
    r"\b(?:all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|between|binary|both|case|cast|check|"
    r"collate|collation|column|concurrently|constraint|create|cross|current_date|current_role|current_time|"
    r"current_timestamp|current_user|default|deferrable|desc|distinct|do|else|end|except|false|fetch|for|foreign|freeze|"
    r"from|full|grant|group|having|ilike|in|initially|inner|intersect|into|is|isnull|join|lateral|leading|left|like|"
    r"limit|localtime|localtimestamp|natural|not|notnull|null|offset|on|only|or|order|outer|overlaps|placing|primary|"
    r"references|returning|right|select|session_user|similar|some|symmetric|table|tablesample|then|to|trailing|true|"
    r"union|unique|user|using|variadic|verbose|when|where|window|with)\b"
)


@lru_cache(maxsize=4_096)
def statement(sql: str) -> bytes:
    """A statement for the server: ``?`` become ``$1``, ``$2``, …"""
    number = 0

    def next_number(_: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"${number}"

    parts = _outside_literals(sql)
    parts[::2] = [re.sub(r"\?", next_number, part) for part in parts[::2]]
    return "".join(parts).encode()


def schema(script: str) -> str:
    """A script for the server. Texts are compared by their bytes, as on SQLite, whatever the database's language."""
    parts = _outside_literals(script)
    parts[::2] = [_TEXT.sub('TEXT COLLATE "C"', part) for part in parts[::2]]
    return "".join(parts)


def _outside_literals(sql: str) -> list[str]:
    """The parts of a text: every other one, from the first, is no literal; names are quoted where they must be."""
    parts = _LITERALS.split(sql)
    parts[::2] = [_RESERVED.sub(r'"\g<0>"', part) for part in parts[::2]]
    return parts
