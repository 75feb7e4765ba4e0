"""``compile_path``: the door to this package."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from segue.languages.jsonpath.parse import parse_path
from segue.languages.jsonpath.read import compile_read_all
from segue.languages.jsonpath.segments import Indices, InvalidPath, Names, Segment, is_definite, is_reference
from segue.languages.jsonpath.write import NotWritable, compile_write
from segue.languages.work import WORK

__all__ = ["InvalidPath", "NotWritable", "Path", "PathNotFound", "compile_path"]


class PathNotFound(Exception):
    """A definite path found nothing. ``path`` is its text, ``value`` what it was read from."""

    def __init__(self, path: str, value: Any) -> None:
        super().__init__(path)
        self.path = path
        self.value = value


class Path:
    """A compiled path. Equal texts share one.

    Attributes:
        text: the path as written.
        definite: it means at most one value.
        is_reference: it is a Reference Path and can be written.
        read: ``read(value)`` gives what the path finds: the value itself for a definite path, a list for any other.
            Raises PathNotFound when a definite path finds nothing, WorkExceeded when it would look at too much.
    """

    __slots__ = ("_write", "definite", "is_reference", "read", "text")

    read: Callable[[Any], Any]

    def __init__(self, text: str, segments: tuple[Segment, ...]) -> None:
        self.text = text
        self.definite = is_definite(segments)
        self.is_reference = is_reference(segments)
        self.read = _compile_reference(text, segments) if self.is_reference else _compile_any(text, segments)
        self._write = compile_write(segments) if self.is_reference else None

    def write(self, root: Any, value: Any) -> Any:
        """A copy of ``root`` with ``value`` at this path; ``root`` is left as it is and shared where unchanged.

        Raises:
            NotWritable: the path does not fit the root, or is not a Reference Path.
        """
        if self._write is None:
            raise NotWritable
        return self._write(root, value)

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


def compile_path(text: str) -> Path:
    """Compile a JSONPath that begins with ``$``.

    Raises:
        InvalidPath: the text is not a path.
    """
    return _short(text) if len(text) <= _SHORT else _made(text)


_SHORT = 1_000
"""Of this many characters are paths that are remembered: so the memory of them is bounded in bytes."""


def _made(text: str) -> Path:
    return Path(text, parse_path(text))


_short = lru_cache(maxsize=8192)(_made)


def _compile_any(text: str, segments: tuple[Segment, ...]) -> Callable[[Any], Any]:
    read_all = compile_read_all(segments)

    def read_many(value: Any) -> Any:
        WORK.begin_read()
        return read_all(value, value)

    if not is_definite(segments):
        return read_many

    def read(value: Any) -> Any:
        found = read_many(value)
        if not found:
            raise PathNotFound(text, value)
        return found[0]

    return read


def _compile_reference(text: str, segments: tuple[Segment, ...]) -> Callable[[Any], Any]:
    steps: list[str | int] = []
    for segment in segments:
        if isinstance(segment, Names):
            steps.append(segment.names[0])
        elif isinstance(segment, Indices):
            steps.append(segment.indices[0])
    names = [step for step in steps if isinstance(step, str)]
    if len(names) == len(steps) and len(names) in _BY_NAMES:
        return _BY_NAMES[len(names)](text, *names)

    def read(value: Any) -> Any:
        current = value
        try:
            for step in steps:
                # An index into a string or an object must not answer, though Python would.
                if step.__class__ is int and current.__class__ is not list:
                    raise PathNotFound(text, value)
                current = current[step]
        except (KeyError, IndexError, TypeError):
            raise PathNotFound(text, value) from None
        return current

    return read


def _read_root(text: str) -> Callable[[Any], Any]:
    return lambda value: value


def _read_one(text: str, first: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return value[first]
        except (KeyError, TypeError):
            raise PathNotFound(text, value) from None

    return read


def _read_two(text: str, first: str, second: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return value[first][second]
        except (KeyError, TypeError):
            raise PathNotFound(text, value) from None

    return read


def _read_three(text: str, first: str, second: str, third: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return value[first][second][third]
        except (KeyError, TypeError):
            raise PathNotFound(text, value) from None

    return read


# Paths of up to three names are nearly all there are: unrolled, they cost the subscriptions and one call.
_BY_NAMES: dict[int, Callable[..., Callable[[Any], Any]]] = {
    0: _read_root,
    1: _read_one,
    2: _read_two,
    3: _read_three,
}
