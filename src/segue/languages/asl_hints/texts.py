"""Strings: all of them in a state, and what is odd about their characters and delimiters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl.validate_values import is_jsonata
from segue.languages.asl_hints.containers import Place

_INNER = frozenset(["Branches", "ItemProcessor", "Iterator", "Comment"])
_ODD_QUOTES = re.compile("[“”„‟‘’‚‛]")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00a0]")


def texts(state: dict[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    """Every string of a state, but of the states inside it: the member's key, the string, its location."""
    waiting: list[tuple[str, Any, str]] = [
        (field, value, f"{where}/{field}") for field, value in reversed(list(state.items())) if field not in _INNER
    ]
    while waiting:
        key, value, place = waiting.pop()
        if isinstance(value, str):
            yield key, value, place
        elif isinstance(value, dict):
            waiting.extend((name, item, f"{place}/{name}") for name, item in reversed(list(value.items())))
        elif isinstance(value, list):
            waiting.extend((key, item, f"{place}[{at}]") for at, item in reversed(list(enumerate(value))))


def delimiters(place: Place) -> Iterator[Diagnostic]:
    """JSONata that is none for want of ``{% %}``, or for being in a JSONPath state."""
    for _, text, at in texts(place.state, place.where):
        bare = text.strip()
        if place.language == "JSONPath":
            if is_jsonata(bare):
                message = "This state's query language is JSONPath, where {% … %} is a text: set its QueryLanguage"
                yield place.hint("JSONATA_IN_JSONPATH_STATE", message, at)
        elif is_jsonata(text):
            continue
        elif is_jsonata(bare):
            message = "An expression must begin with {% and end with %}: with blanks around them, it is a text"
            yield place.hint("JSONATA_WITHOUT_DELIMITERS", message, at)
        elif bare.startswith(("{%", "$states.")) or bare.endswith("%}"):
            message = "This is a text: a JSONata expression stands between {% and %}"
            yield place.hint("JSONATA_WITHOUT_DELIMITERS", message, at)


def odd_characters(place: Place) -> Iterator[Diagnostic]:
    """Quotes and blanks that came with pasting, where a machine is to understand them."""
    for key, text, at in texts(place.state, place.where):
        is_code = key.endswith(("Path", ".$")) or key in ("Variable", "Resource", "Next", "Default") or is_jsonata(text)
        if not is_code:
            continue
        found = _ODD_QUOTES.search(text) or _INVISIBLE.search(text)
        if found is not None:
            odd = found.group()
            shown = f"{odd} (U+{ord(odd):04X})" if odd.isprintable() else f"U+{ord(odd):04X}"
            message = f"There is an odd character in here, as comes with pasting: {shown}"
            yield place.hint("ODD_CHARACTER", message, at)


TEXT_RULES = (delimiters, odd_characters)
