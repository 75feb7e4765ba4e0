"""The methods of Java's strings.

Regular expressions of ``replaceAll``, ``replaceFirst`` and ``split`` need places, which the linear matcher does not
tell; Python's can be made to try for hours. So only those are taken that cannot: without groups that repeat, and not
more text than their repetitions allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from segue.languages.regexes import InvalidRegex, Regex
from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.values import Budget, text_of

Method = Callable[..., Any]
_MAX_PATTERN = 500
_MAX_TRIES = 5_000_000
_ATOM = re.compile(r"\\Q.*?\\E|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})[?+]?")
_GROUP = re.compile(r"\$(\d)|\\(.)", re.DOTALL)
_PLAIN_ESCAPES = frozenset("dDwWsSbBtnrf")


@lru_cache(maxsize=256)
def _expression(pattern: str) -> tuple[re.Pattern[str], int]:
    """The expression, and how many of its repetitions may have to be tried anew."""
    if len(pattern) > _MAX_PATTERN:
        raise VelocityError("the regular expression is too long")
    if "(?" in pattern:
        raise VelocityError("the regular expression uses what is not supported")
    at, repeats, after_group = 0, 0, False
    pieces: list[str] = []
    while at < len(pattern):
        quantifier = _QUANTIFIER.match(pattern, at) if at else None
        if quantifier is not None:
            if after_group:
                raise VelocityError("groups that repeat are not supported in regular expressions here")
            at = quantifier.end()
            repeats += at < len(pattern) and quantifier[0] != "?"
            pieces.append(quantifier[0].rstrip("+") if len(quantifier[0]) > 1 else quantifier[0])
            continue
        found = _ATOM.match(pattern, at)
        assert found is not None
        if found[0] == "|":
            repeats += 1
        pieces.append(_piece(found[0]))
        after_group, at = found[0] == ")", found.end()
    try:
        return re.compile("".join(pieces)), repeats
    except (re.error, OverflowError, RecursionError):
        raise VelocityError("the regular expression cannot be read") from None


def _piece(atom: str) -> str:
    if atom.startswith("\\Q"):
        return re.escape(atom[2:-2])
    if len(atom) == 2 and atom[0] == "\\" and atom[1].isalnum() and atom[1] not in _PLAIN_ESCAPES:
        raise VelocityError(f"{atom} is not supported in regular expressions here")
    return atom


def _searching(budget: Budget, text: str, pattern: Any) -> re.Pattern[str]:
    expression, repeats = _expression(_text(pattern))
    if (len(text) + 1) ** (repeats + 1) > max(_MAX_TRIES, len(text) + 1):
        raise VelocityError("the text is too long for this regular expression")
    budget.text(len(text))
    return expression


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise VelocityError("a text is wanted")
    return value


def _replace_all(budget: Budget, text: str, pattern: Any, replacement: Any, most: int = 0) -> str:
    expression, size = _searching(budget, text, pattern), 0
    template = _text(replacement)

    def replaced(found: re.Match[str]) -> str:
        nonlocal size
        new = _GROUP.sub(lambda mark: mark[2] if mark[1] is None else _group(found, int(mark[1])), template)
        size += len(new)
        budget.text(size if len(new) > 100 else len(new))
        return new

    return expression.sub(replaced, text, count=most)


def _group(found: re.Match[str], number: int) -> str:
    if number > (found.re.groups or 0):
        raise VelocityError(f"the regular expression has no group {number}")
    return found[number] or ""


def _replace(budget: Budget, text: str, old: Any, new: Any) -> str:
    wanted, instead = _text(old), _text(new)
    budget.text(len(text) + (text.count(wanted) * len(instead)))
    return text.replace(wanted, instead)


def _split(budget: Budget, text: str, pattern: Any, limit: Any = 0) -> list[str]:
    expression = _searching(budget, text, pattern)
    if not isinstance(limit, int):
        raise VelocityError("a number is wanted")
    parts: list[str] = []
    at = 0
    for found in expression.finditer(text):
        if limit > 0 and len(parts) == limit - 1:
            break
        if found.end() == 0 or (found.end() == found.start() and found.start() >= len(text)):
            continue  # nothing before the first character, and nothing after the last
        budget.spend()
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    while limit == 0 and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def _matches(budget: Budget, text: str, pattern: Any) -> bool:
    budget.text(len(text))
    try:
        return _regex(_text(pattern)).is_whole(text)
    except InvalidRegex as error:
        raise VelocityError(f"the regular expression cannot be read: {error}") from None


@lru_cache(maxsize=256)
def _regex(pattern: str) -> Regex:
    if len(pattern) > _MAX_PATTERN:
        raise VelocityError("the regular expression is too long")
    return Regex(pattern)


def _substring(budget: Budget, text: str, first: Any, end: Any = None) -> str:
    last = len(text) if end is None else end
    if not isinstance(first, int) or not isinstance(last, int) or not 0 <= first <= last <= len(text):
        raise VelocityError("substring: the index is out of bounds")
    budget.text(last - first)
    return text[first:last]


def _char_at(budget: Budget, text: str, index: Any) -> str:
    if not isinstance(index, int) or not 0 <= index < len(text):
        raise VelocityError("charAt: the index is out of bounds")
    return text[index]


def _concat(budget: Budget, text: str, more: Any) -> str:
    added = text_of(more, budget)
    budget.text(len(text) + len(added))
    return text + added


def _simple(make: Callable[[str], Any]) -> Method:
    def method(budget: Budget, text: str) -> Any:
        budget.text(len(text))
        return make(text)

    return method


def _asked(make: Callable[..., Any]) -> Method:
    def method(budget: Budget, text: str, wanted: Any, *more: Any) -> Any:
        budget.text(len(text))
        return make(text, _text(wanted), *more)

    return method


def _equals(budget: Budget, text: str, other: Any) -> bool:
    return isinstance(other, str) and text == other


TEXT_METHODS: dict[str, tuple[int, int, Method]] = {
    "length": (0, 0, lambda budget, text: len(text)),
    "isEmpty": (0, 0, lambda budget, text: not text),
    "isBlank": (0, 0, _simple(lambda text: not text.strip())),
    "trim": (0, 0, _simple(str.strip)),
    "strip": (0, 0, _simple(str.strip)),
    "toLowerCase": (0, 0, _simple(str.lower)),
    "toUpperCase": (0, 0, _simple(str.upper)),
    "toString": (0, 0, lambda budget, text: text),
    "contains": (1, 1, _asked(lambda text, wanted: wanted in text)),
    "startsWith": (1, 1, _asked(str.startswith)),
    "endsWith": (1, 1, _asked(str.endswith)),
    "indexOf": (1, 2, _asked(str.find)),
    "lastIndexOf": (1, 1, _asked(str.rfind)),
    "equals": (1, 1, _equals),
    "equalsIgnoreCase": (1, 1, _asked(lambda text, other: text.lower() == other.lower())),
    "compareTo": (1, 1, _asked(lambda text, other: (text > other) - (text < other))),
    "substring": (1, 2, _substring),
    "charAt": (1, 1, _char_at),
    "concat": (1, 1, _concat),
    "replace": (2, 2, _replace),
    "replaceAll": (2, 2, _replace_all),
    "replaceFirst": (2, 2, lambda budget, text, old, new: _replace_all(budget, text, old, new, 1)),
    "split": (1, 2, _split),
    "matches": (1, 1, _matches),
}
