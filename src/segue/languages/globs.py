"""Wildcard patterns as AWS uses them: ``*`` is any run of characters, ``?`` is one. Linear, never backtracking twice.

A pattern is a sequence of pieces between stars; each piece is literal text, or text with holes (``?``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

Matcher = Callable[[str], bool]

ANY_RUN: Final = object()
"""In a tokenized pattern: any run of characters, the empty one included."""
ANY_ONE: Final = object()
"""In a tokenized pattern: one character."""

Token = object
"""A literal ``str``, :data:`ANY_RUN` or :data:`ANY_ONE`."""


def tokens_of(pattern: str, *, question_mark: bool = True) -> list[Token]:
    """The pattern's tokens, without any escaping."""
    parts = re.split(r"([*?])" if question_mark else r"([*])", pattern)
    return [ANY_RUN if part == "*" else ANY_ONE if part == "?" and question_mark else part for part in parts if part]


def compile_glob(pattern: str, *, question_mark: bool = True) -> Matcher:
    """A function that tells whether the whole of a text matches ``pattern``."""
    return compile_tokens(tokens_of(pattern, question_mark=question_mark))


def compile_tokens(tokens: Sequence[Token]) -> Matcher:
    """A function that tells whether the whole of a text matches the tokens."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token is ANY_RUN:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        return _exact(pieces[0])
    first, last = pieces[0], pieces[-1]
    middle = [piece for piece in pieces[1:-1] if piece]
    if ANY_ONE not in first and not middle and not last:
        start = _literal(first)
        return lambda text: text.startswith(start)
    return _anchored(first, middle, last)


def _exact(piece: Sequence[Token]) -> Matcher:
    if ANY_ONE not in piece:
        literal = _literal(piece)
        return lambda text: text == literal
    match = _regex(piece).fullmatch
    return lambda text: match(text) is not None


def _anchored(first: Sequence[Token], middle: Sequence[Sequence[Token]], last: Sequence[Token]) -> Matcher:
    starts = _regex(first).match
    finders = [_regex(piece).search for piece in middle]
    ends = _regex(last).match
    first_size, last_size = _size(first), _size(last)

    def matches(text: str) -> bool:
        end = len(text) - last_size
        if end < first_size or starts(text) is None or ends(text, end) is None:
            return False
        at = first_size
        for find in finders:
            found = find(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True

    return matches


def _regex(piece: Sequence[Token]) -> re.Pattern[str]:
    return re.compile("".join("." if token is ANY_ONE else re.escape(str(token)) for token in piece), re.DOTALL)


def _literal(piece: Sequence[Token]) -> str:
    return "".join(str(token) for token in piece)


def _size(piece: Sequence[Token]) -> int:
    return sum(1 if token is ANY_ONE else len(str(token)) for token in piece)
