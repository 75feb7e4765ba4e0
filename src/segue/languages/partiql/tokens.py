"""The words of a statement."""

from __future__ import annotations

import re
from dataclasses import dataclass

from segue.languages.expressions import ExpressionError

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_][A-Za-z0-9_]*)|"(?P<quoted>(?:[^"]|"")+)"|'(?P<text>(?:[^']|'')*)'"""
    r"""|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"""
    r"""|(?P<symbol><<|>>|<>|!=|<=|>=|[=<>()\[\]{}:,.?*+\-]))""",
    re.ASCII,
)
_END = re.compile(r"\s*;?\s*\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, unquoted; its kind is ``word``, ``quoted``, ``text``, ``number``, ``symbol`` or ``end``."""

    kind: str
    text: str

    @property
    def keyword(self) -> str:
        """A word in capitals, a symbol as it is; empty for what is neither."""
        return self.text.upper() if self.kind in ("word", "symbol") else ""


def malformed(why: str) -> ExpressionError:
    """The statement is none."""
    return ExpressionError(f"Statement wasn't well formed, can't be processed: {why}")


def tokenize(text: str) -> list[Token]:
    """The words of a statement, an ``end`` last.

    Raises:
        ExpressionError: there is something that is no word.
    """
    tokens: list[Token] = []
    at = 0
    while not _END.match(text, at):
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"Unexpected character at {at}: {text[at : at + 20].strip()}")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if kind == "quoted":
            word = word.replace('""', '"')
        elif kind == "text":
            word = word.replace("''", "'")
        tokens.append(Token(kind, word))
        at = match.end()
    tokens.append(Token("end", ""))
    return tokens
