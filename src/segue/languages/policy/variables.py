"""Texts of a policy that may hold wildcards and variables: ``arn:aws:s3:::home/${aws:username}/*``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from segue.languages.globs import ANY_ONE, ANY_RUN, Matcher, Token, compile_tokens, tokens_of
from segue.languages.policy.request import Request

_VARIABLE = re.compile(r"\$\{([^{},']+)(?:,\s*'([^']*)'\s*)?\}")
_ESCAPES = {"*": "*", "?": "?", "$": "$"}

Template = Callable[[Request], str | None]
"""A text with its variables filled in; ``None`` where the request lacks one that has no default."""


@dataclass(frozen=True, slots=True)
class _Variable:
    key: str
    default: str | None

    def value(self, request: Request) -> str | None:
        values = request.values(self.key)
        return values[0] if values is not None and len(values) == 1 else self.default


def compile_text(text: str, variables: bool) -> Template:
    """``text`` without wildcards, as a function of the request."""
    parts = _parts(text, variables)
    if not any(isinstance(part, _Variable) for part in parts):
        literal = "".join(str(part) for part in parts)
        return lambda request: literal

    def fill(request: Request) -> str | None:
        filled = [part.value(request) if isinstance(part, _Variable) else part for part in parts]
        return None if None in filled else "".join(str(part) for part in filled)

    return fill


def compile_pattern(text: str, variables: bool) -> Callable[[Request, str], bool]:
    """``text`` with wildcards; a variable's value is literal, whatever characters it holds."""
    parts = _parts(text, variables)
    if not any(isinstance(part, _Variable) for part in parts):
        matcher = compile_tokens(_tokens(text, parts, variables))
        return lambda request, value: matcher(value)

    def matches(request: Request, value: str) -> bool:
        filled: list[str | _Literal] = []
        for part in parts:
            if isinstance(part, _Variable):
                known = part.value(request)
                if known is None:
                    return False
                filled.append(_Literal(known))
            else:
                filled.append(part)
        return _matcher(filled)(value)

    return matches


class _Literal(str):
    """Text in which ``*`` and ``?`` stand for themselves."""


def _parts(text: str, variables: bool) -> list[str | _Variable]:
    if not variables or "${" not in text:
        return [text]
    parts: list[str | _Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        parts.append(text[at : found.start()])
        key = found[1].strip()
        escaped = _ESCAPES.get(key)
        parts.append(_Literal(escaped) if escaped else _Variable(key, found[2]))
        at = found.end()
    parts.append(text[at:])
    return [part for part in parts if part != ""]


def _tokens(text: str, parts: list[str | _Variable], variables: bool) -> list[Token]:
    return _flat([part for part in parts if isinstance(part, str)]) if variables else tokens_of(text)


def _matcher(parts: list[str | _Literal]) -> Matcher:
    return compile_tokens(_flat(parts))


def _flat(parts: list[str] | list[str | _Literal]) -> list[Token]:
    tokens: list[Token] = []
    for part in parts:
        tokens.extend([str(part)] if isinstance(part, _Literal) else tokens_of(part))
    return tokens


__all__ = ["ANY_ONE", "ANY_RUN", "Template", "compile_pattern", "compile_text"]
