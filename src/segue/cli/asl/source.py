"""A definition's file: its values, and where each of them stands in the text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["json", "yaml"]


class SourceProblem(ValueError):
    """A file that cannot be read.

    Attributes:
        code: as AWS names such a problem.
        message: what is wrong.
        offset: where, in characters from the beginning.
        help: what to do about it; may be empty.
    """

    def __init__(self, code: str, message: str, offset: int, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.help = help


@dataclass(frozen=True, slots=True)
class Part:
    """A value in the text.

    Attributes:
        start, end: the characters that it takes up.
        value: a scalar's value; None for objects and arrays.
        members: an object's keys and values, in their order.
        items: an array's values.
    """

    start: int
    end: int
    value: Any = None
    members: tuple[tuple[Part, Part], ...] | None = None
    items: tuple[Part, ...] | None = None

    def plain(self) -> Any:
        """As plain data; of keys that are written twice, the last counts."""
        if self.members is not None:
            return {key.value: value.plain() for key, value in self.members}
        if self.items is not None:
            return [item.plain() for item in self.items]
        return self.value


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader noticed on its way.

    Attributes:
        code, message: as in diagnostics.
        offset, length: the characters that it is about.
        help: what to do about it.
        is_error: nothing can be done with the file.
    """

    code: str
    message: str
    offset: int
    length: int
    help: str = ""
    is_error: bool = False


@dataclass(slots=True)
class Source:
    """A file that was read.

    Attributes:
        text: its text.
        language: what it is written in.
        root: its value.
        notes: what its reader noticed.
    """

    text: str
    language: Language
    root: Part
    notes: list[Note] = field(default_factory=list)
    _places: dict[str, tuple[Part, Part]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = dict(_places(self.root))

    def plain(self) -> Any:
        """The definition as plain data."""
        return self.root.plain()

    def json_text(self) -> str:
        """The definition as JSON; the file's own text if it is JSON."""
        return self.text if self.language == "json" else json.dumps(self.plain(), ensure_ascii=False)

    def has(self, location: str) -> bool:
        """Whether there is such a place, like ``/States/A/Choices[0]/Next``."""
        return location in self._places

    def span(self, location: str) -> tuple[int, int]:
        """The characters of a place: a member's key where it is an object or array, else its value.

        Of a place that is not there, the nearest one around it.
        """
        while location and location not in self._places:
            location = location[: max(location.rfind("/"), location.rfind("["), 0)]
        key, value = self._places.get(location, (self.root, self.root))
        part = value if value.members is None and value.items is None else key
        if part is self.root:
            return part.start, min(part.end, part.start + 1)
        return part.start, part.end

    def key_span(self, location: str) -> tuple[int, int]:
        """The characters of a member's key."""
        key, _ = self._places[location]
        return key.start, key.end


def _places(root: Part) -> Iterator[tuple[str, tuple[Part, Part]]]:
    waiting = [("", root, root)]
    while waiting:
        place, key, part = waiting.pop()
        yield place, (key, part)
        for name, value in part.members or ():
            waiting.append((f"{place}/{name.value}", name, value))
        for position, item in enumerate(part.items or ()):
            waiting.append((f"{place}[{position}]", item, item))


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
