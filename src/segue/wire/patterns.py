"""The models' patterns are Java's: made into Python's, matched whole."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: Java's ``\p{…}`` as what may stand inside a character class. Letters, digits and separators by Python's Unicode.
_PROPERTIES: Final[dict[str, str]] = {
    "ASCII": r"\x00-\x7f",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Graph": "!-~",
    "IsAlphabetic": r"^\W\d_",
    "L": r"^\W\d_",
    "Lower": "a-z",
    "Print": " -~",
    "Punct": r"!-/:-@\[-`{-~",
    "Upper": "A-Z",
}
#: parts that would make Python's matcher try exponentially many ways, and the same languages said plainly
_PLAINER: Final = (
    (r"[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*", r"\t*[\x20-\x7E][\t\x20-\x7E]*"),
    (r"[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*", r"\t*[^\x00-\x1F:\x7F](?:[^\x00-\x1F:\x7F]|\t)*"),
    (r"[a-z0-9A-Z]+[\.\-\w]*[a-z0-9A-Z]+", r"[a-z0-9A-Z][\.\-\w]*[a-z0-9A-Z]"),
)
_PROPERTY = re.compile(r"\\p\{(\w+)\}")
#: what Java writes as two pairs of UTF-16 units is one range of characters
_SURROGATE_PAIRS: Final = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
#: ``[\w-_]``: Java takes the hyphen after a class for itself, Python for a bad range
_CLASS_RANGE = re.compile(r"(\\[wdsWDS])-(?=[^\]])")
#: account ids; documentation shortens them to ten digits, and what it says can be typed here
_ACCOUNT_ID = re.compile(r"(?:(?<!\\)\\d|\[0-9\])\{12\}")
#: ``[\p{L}\p{Z}\p{N}_…]``, the form of all tag patterns: any word character (letter, digit, underscore) or space.
#: Negated classes cannot be nested in Python's, so the three together become ``\w\s``.
_TAG_CLASS: Final = r"\p{L}\p{Z}\p{N}"


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """The pattern for ``fullmatch``; None where Python cannot express it (then AWS's check is not made)."""
    text = pattern.replace(_TAG_CLASS, r"\w\s").replace(*_SURROGATE_PAIRS)
    for part, plainer in _PLAINER:
        text = text.replace(part, plainer)
    text = _PROPERTY.sub(_replacement, _ACCOUNT_ID.sub(r"(?:\\d{12}|\\d{10})", text))
    text = _CLASS_RANGE.sub(r"\1\\-", text).replace(r"\z", r"\Z")
    try:
        return re.compile(text, re.ASCII if r"\w\s" not in text else 0)
    except (re.error, OverflowError):
        return None


def _replacement(match: re.Match[str]) -> str:
    inner = _PROPERTIES.get(match[1])
    if inner is None or inner.startswith("^"):
        return match[0]  # not expressible: the pattern will not compile
    before = match.string[: match.start()]
    in_class = before.count("[") - before.count(r"\[") > before.count("]") - before.count(r"\]")
    return inner if in_class else f"[{inner}]"
