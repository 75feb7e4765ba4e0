"""Characters that come along when definitions are pasted from web pages, slides and chats."""

from __future__ import annotations

import re
import unicodedata

_DOUBLE = "“”„‟«»″〝〞＂"
_SINGLE = "‘’‚‛′‹›＇`´"
_BLANK = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_TRAILING_COMMA = re.compile(r",\s*[}\]]")
_COMMENT = re.compile(r"//|/\*|#")


def is_odd(character: str) -> bool:
    """Whether it is a quote that is none, a blank that is none, or cannot be seen."""
    return bool(character) and (character in _DOUBLE + _SINGLE + _BLANK + _INVISIBLE)


def described(character: str) -> str:
    """``a curly quote “ (U+201C LEFT DOUBLE QUOTATION MARK)`` and the like."""
    name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
    if character in _DOUBLE + _SINGLE:
        return f"the quote {character} ({name})"
    return f"an invisible character ({name})" if character in _INVISIBLE else f"a blank that is none ({name})"


def remedy(character: str) -> str:
    """What to write instead."""
    if character in _DOUBLE + _SINGLE:
        return 'write the straight quote " instead'
    return "delete it" if character in _INVISIBLE else "write an ordinary space instead"


def explain(text: str, offset: int) -> tuple[int, str]:
    """Where a JSON syntax error really comes from, and what to do; the place itself and nothing if it is unclear.

    Args:
        text: the JSON text.
        offset: where the parser stopped.
    """
    character = text[offset : offset + 1]
    if is_odd(character):
        others = sum(map(is_odd, _outside_strings(text))) - 1
        more = f" (as in {others} more places)" if others > 0 else ""
        return offset, f"this is {described(character)}: {remedy(character)}{more}"
    before = len(text[:offset].rstrip()) - 1
    if character in "}]" and character and text[before : before + 1] == ",":
        return before, "JSON takes no comma after the last member: delete it"
    if character == "'":
        return offset, "JSON strings stand between double quotes: write \" instead of '"
    if _COMMENT.match(text, offset):
        return offset, "JSON has no comments: use the Comment field, or write the definition in YAML"
    if character == '"' and before >= 0 and text[before] in '"}]0123456789el':
        return before + 1, "a comma is missing"
    if text[offset : offset + 4] in ("True", "None", "Fals"):
        return offset, "this is Python: JSON writes true, false and null"
    return offset, ""


def _outside_strings(text: str) -> str:
    return _STRING.sub('""', text)
