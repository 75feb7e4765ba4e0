"""What rules and pipes make inputs by: templates with placeholders in angle brackets, parameters that are paths. Pure.

In the open a placeholder becomes JSON: a text gets its quotes. Within quotes it becomes characters: a text's own,
escaped where JSON must, and a structure's without the quotes in it (conformance group ``eventbridge-inputs``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from segue.languages.asl.json_text import dump
from segue.languages.jsonpath import InvalidPath, PathNotFound, compile_path
from segue.languages.work import WorkExceeded

MISSING: Final = object()
"""What a placeholder stands for that stands for nothing."""

_ESCAPE_OR_QUOTE = re.compile(r'\\.|"')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


MOST_CHARACTERS: Final = 6_291_456
"""What a template may become: no function is given more."""


class InputTooLarge(ValueError):
    """A template has become more than :data:`MOST_CHARACTERS`."""


class InputTemplate:
    """A template, cut at its placeholders.

    Args:
        placeholder: what is one; its first group is the name.
    """

    def __init__(self, template: str, placeholder: re.Pattern[str]) -> None:
        self._pieces = list(_pieces(template, placeholder))

    @property
    def names(self) -> list[str]:
        """What stands in the brackets."""
        return [name for _, name, _ in self._pieces if name]

    def fill(self, value_of: Callable[[str], Any]) -> str:
        """The text, with the values of the names (or :data:`MISSING`) in their places.

        Raises:
            InputTooLarge: it is too long.
        """
        filled: list[str] = []
        room = MOST_CHARACTERS
        for text, name, quoted in self._pieces:
            filled.append(text)
            if name:
                value = value_of(name)
                filled.append(_inside_string(value) if quoted else _as_json(value))
                room -= len(filled[-1])
                if room < 0:
                    raise InputTooLarge(f"The input is longer than {MOST_CHARACTERS} characters.")
        return "".join(filled)


def _pieces(template: str, placeholder: re.Pattern[str]) -> Iterator[tuple[str, str, bool]]:
    """The text before each placeholder, its name, and whether it stands inside a string."""
    strings = [found.span() for found in _QUOTED.finditer(template)]
    at = 0
    for found in placeholder.finditer(template):
        quoted = any(start < found.start() < end for start, end in strings)
        yield template[at : found.start()], found[1], quoted
        at = found.end()
    yield template[at:], "", False


def _as_json(value: Any) -> str:
    return '""' if value is MISSING else dump(value)


def _inside_string(value: Any) -> str:
    if value is MISSING:
        return ""
    if isinstance(value, str):
        return dump(value)[1:-1]
    return _ESCAPE_OR_QUOTE.sub(lambda found: "" if found[0].endswith('"') else found[0], dump(value))


def found_at(path: str, event: Any) -> Any:
    """What a path leads to; ``MISSING`` where it leads nowhere."""
    try:
        return compile_path(path).read(event)
    except (InvalidPath, PathNotFound, WorkExceeded):
        return MISSING


def dynamic(value: Any, event: Any) -> Any:
    """A parameter of a target, or what it leads to in the event where it is a path (as a text; empty for nowhere).

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html, "Dynamic path parameters".
    """
    if isinstance(value, dict):
        return {name: dynamic(inner, event) for name, inner in value.items()}
    if isinstance(value, list):
        return [dynamic(inner, event) for inner in value]
    if not isinstance(value, str) or not value.startswith("$."):
        return value
    found = found_at(value, event)
    if found is MISSING:
        return ""
    return found if isinstance(found, str) else dump(found)
