"""YAML as plain values, with CloudFormation's tags.

The parser's events are put together here and not by the library, whose composer calls itself for every level: a text
of brackets alone would end the process.

Source: YAML 1.1 (https://yaml.org/spec/1.1/), of which CloudFormation reads null, booleans, decimal numbers and texts;
times, numbers in base sixty and numbers that lead with a zero (account ids, mostly) are texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from segue.languages.templates.errors import TemplateError, format_error

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,300})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+][0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_NUMERIC = frozenset("+-.0123456789")
_STANDARD = "tag:yaml.org,2002:"
_MERGE = object()
_NO_KEY = object()


def read_yaml(text: str, most_levels: int, most_values: int) -> Any:
    """The value of a text; ``None`` of an empty one.

    Raises:
        TemplateError: it is not YAML, or too deep, or too large once its aliases are followed.
    """
    import yaml

    try:
        return _Builder(most_levels, most_values).build(
            yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_well_formed(mark) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _not_well_formed(None) from None


def _not_well_formed(mark: Any) -> TemplateError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return format_error(f"YAML not well-formed. (line {line}, column {column})")


class _Open:
    """A mapping or a list that is being put together."""

    __slots__ = ("anchor", "key", "merged", "start", "tag", "value")

    def __init__(self, value: dict[str, Any] | list[Any], tag: str | None, anchor: str | None, start: int) -> None:
        self.value = value
        self.tag = tag
        self.anchor = anchor
        self.start = start
        self.key: Any = _NO_KEY
        self.merged: dict[str, Any] = {}


class _Builder:
    def __init__(self, most_levels: int, most_values: int) -> None:
        self._most_levels = most_levels
        self._most_values = most_values
        self._count = 0
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []
        self._result: Any = None

    def build(self, events: Iterator[Any]) -> Any:
        """The value of the one document that the events tell of."""
        documents = 0
        for event in events:
            match type(event).__name__:
                case "ScalarEvent":
                    self._scalar(event)
                case "MappingStartEvent":
                    self._begin(event, {})
                case "SequenceStartEvent":
                    self._begin(event, [])
                case "MappingEndEvent" | "SequenceEndEvent":
                    self._end(event)
                case "AliasEvent":
                    self._alias(event)
                case "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        raise _not_well_formed(event.start_mark)
        return self._result

    def _counted(self, values: int) -> None:
        self._count += values
        if self._count > self._most_values:
            raise format_error("the template has too many values.")

    def _scalar(self, event: Any) -> None:
        self._counted(1)
        text, tag = event.value, event.tag
        container = self._open[-1] if self._open else None
        if container is not None and container.key is _NO_KEY and container.value.__class__ is dict:
            container.key = _MERGE if text == "<<" and event.implicit[0] else text
            return
        value: Any = _plain(text) if event.implicit[0] else text
        if tag and tag[:1] == "!" and tag != "!":
            value = _tagged(tag, text)
        elif tag and tag.startswith(_STANDARD):
            value = text if tag == _STANDARD + "str" else _plain(text)
        self._put(value, event.anchor, 1)

    def _begin(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if self._open and self._open[-1].key is _NO_KEY and isinstance(self._open[-1].value, dict):
            raise _not_well_formed(event.start_mark)  # a key that is no scalar
        if len(self._open) >= self._most_levels:
            raise format_error(f"the template is nested deeper than {self._most_levels} levels.")
        self._counted(1)
        self._open.append(_Open(value, event.tag, event.anchor, self._count))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        value: Any = {**done.merged, **done.value} if done.merged and isinstance(done.value, dict) else done.value
        if done.tag and done.tag[:1] == "!" and done.tag != "!":
            value = _tagged(done.tag, value)
        self._put(value, done.anchor, self._count - done.start + 1)

    def _alias(self, event: Any) -> None:
        container = self._open[-1] if self._open else None
        if event.anchor not in self._anchors or container is None:
            raise _not_well_formed(event.start_mark)
        value, size = self._anchors[event.anchor]
        self._counted(size)
        if container.key is _NO_KEY and isinstance(container.value, dict):
            if not isinstance(value, str):
                raise _not_well_formed(event.start_mark)
            container.key = value
            return
        self._put(value, None, size)

    def _put(self, value: Any, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = value, size
        if not self._open:
            self._result = value
            return
        container = self._open[-1]
        if isinstance(container.value, list):
            container.value.append(value)
        elif container.key is _MERGE:
            for part in reversed(value if isinstance(value, list) else [value]):
                container.merged.update(part if isinstance(part, dict) else {})
            container.key = _NO_KEY
        else:
            container.value[container.key] = value
            container.key = _NO_KEY


def _tagged(tag: str, value: Any) -> dict[str, Any]:
    name = tag[1:]
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _plain(text: str) -> Any:
    """A scalar without quotes."""
    if text[:1] in _NUMERIC:
        if _INTEGER.fullmatch(text):
            return int(text.replace("_", ""))
        return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text
    return _WORDS.get(text, text)
