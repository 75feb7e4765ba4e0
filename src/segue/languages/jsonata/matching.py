"""Regular expressions: JavaScript's, by the ``regex`` library, whose search can be made to give up.

What one search takes cannot be counted, so it is timed, the only thing here that is: searches that are not made to
hang take microseconds, so evaluations still end the same way everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import regex

from segue.languages.jsonata.calls import Made
from segue.languages.jsonata.errors import InvalidJsonata, failure, too_long
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.values import UNDEFINED

_PATIENCE = (5, 100, 2_000, 40_000, 400_000)
"""Microseconds that a search may take, and steps that it is counted as."""
_DOLLAR = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


class Matcher(Made):
    """A regular expression: a function of a text that gives its first match, and a function that gives the next."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: Any) -> None:
        super().__init__(self._first, 1)
        self._pattern = pattern

    def matches(self, text: str, runtime: Runtime) -> Iterator[dict[str, Any]]:
        """All matches, one by one: ``match``, ``start``, ``end``, ``groups``.

        Raises:
            JsonataError: one of them is empty; the search takes too long.
        """
        runtime.text(len(text))
        match = self._search(text, 0, runtime)
        while match is not None:
            if match.group() == "":
                raise failure("D1004", value=None)
            groups = ["" if group is None else group for group in match.groups()]
            yield {"match": match.group(), "start": match.start(), "end": match.end(), "groups": groups}
            match = self._search(text, match.end(), runtime)

    def _search(self, text: str, start: int, runtime: Runtime) -> Any:
        """One search. One that does not come to an end soon is tried again with more time, all of which counts."""
        for steps in _PATIENCE:
            runtime.spend(steps)
            try:
                return self._pattern.search(text, start, timeout=steps / 1_000_000)
            except TimeoutError:
                continue
        raise too_long()

    def _first(self, given: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
        text = given[0] if given else context
        if type(text) is not str:
            raise failure("T0410", index=1, token=name)
        return self._next(self.matches(text, runtime), runtime)

    def _next(self, found: Iterator[dict[str, Any]], runtime: Runtime) -> Any:
        match = next(found, None)
        if match is None:
            return UNDEFINED
        runtime.is_plain = False
        return {**match, "next": Made(lambda *_: self._next(found, runtime), 0)}


def matcher(pattern: str, flags: str, position: int) -> Matcher:
    """Compile a literal.

    Raises:
        InvalidJsonata: no regular expression.
    """
    options = regex.V0 | regex.ASCII
    for letter, option in (("i", regex.IGNORECASE), ("m", regex.MULTILINE)):
        options |= option if letter in flags else 0
    if "m" not in flags:
        pattern = _DOLLAR.sub(lambda part: r"\Z" if part.group() == "$" else part.group(), pattern)
    try:
        return Matcher(regex.compile(pattern, options))
    except (regex.error, ValueError, RecursionError, OverflowError) as error:
        raise InvalidJsonata(f"Invalid regular expression: /{pattern[:200]}/: {error}", "S0303", position) from None
