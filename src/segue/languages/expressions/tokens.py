"""The words of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<index>[0-9]+)|(?P<symbol><>|<=|>=|[=<>()\[\],.+\-]))",
    re.ASCII,
)
_KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: ``word``, ``name`` (``#n``), ``value`` (``:v``), ``index``, ``symbol``, ``keyword``, ``bad`` or ``end``.
        text: as written; of a keyword in capitals.
        start, end: where in the text.
    """

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The words of ``text``, an ``end`` last; what is no word is ``bad`` and left to the parser to complain about."""
    tokens = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            tokens.append(Token("bad", text[start], start, start + 1))
            break
        kind = str(match.lastgroup)
        word, start = match.group(kind), match.start(kind)
        if kind == "word" and word.upper() in _KEYWORDS:
            kind, word = "keyword", word.upper()
        tokens.append(Token(kind, word, start, match.end()))
        at = match.end()
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens
