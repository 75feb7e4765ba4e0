"""YAML with places. Scalars are those of YAML 1.2's core schema: ``yes`` and ``2030-01-01`` are texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from segue.cli.asl.source import Note, Part, Source, SourceProblem

MAX_LEVELS = 1_000
MAX_PARTS = 200_000
"""Aliases can make a small file a huge definition ("a billion laughs")."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YAML_1_1_BOOLEANS = frozenset(["yes", "no", "on", "off", "y", "n"])


def read_yaml(text: str) -> Source:
    """Read a definition in YAML; what stands behind tags such as ``!GetAtt`` is a substitution: ``${Function.Arn}``.

    Raises:
        SourceProblem: it is none, or too big.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml.parse(text, Loader=loader))
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        words = " ".join(part for part in (error.problem, error.context) if part)
        raise SourceProblem("INVALID_YAML", words, offset, _help(text, offset)) from None
    except yaml.YAMLError as error:
        raise SourceProblem("INVALID_YAML", str(error), getattr(error, "position", 0)) from None
    except RecursionError:
        raise SourceProblem("TOO_DEEPLY_NESTED", "The definition is nested too deeply", 0) from None
    if node is None:
        raise SourceProblem("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", 0)
    reader = _Reader()
    return Source(text, "yaml", reader.part(node, ()), reader.notes)


def _check_depth(events: Iterator[Any]) -> None:
    """The composer calls itself for every level, without a bound: some texts would end the process."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > MAX_LEVELS:
            raise SourceProblem("TOO_DEEPLY_NESTED", "The definition is nested too deeply", event.start_mark.index)


def _help(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 :].split("\n", 1)[0]
    if line.startswith("\t") or text[offset : offset + 1] == "\t":
        return "YAML is indented with spaces, not with tabs"
    return ""


class _Reader:
    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._parts = 0

    def part(self, node: Any, above: tuple[Any, ...]) -> Part:
        self._parts += 1
        start, end = node.start_mark.index, node.end_mark.index
        if self._parts > MAX_PARTS or node in above:
            raise SourceProblem("TOO_DEEPLY_NESTED", "The aliases of this file make it too big", start)
        if node.id != "scalar" and node.tag.startswith("!"):
            return Part(start, end, f"${{{node.tag[1:]}}}")
        if node.id == "mapping":
            return Part(start, end, members=tuple(self._members(node, (*above, node))))
        if node.id == "sequence":
            return Part(start, end, items=tuple(self.part(item, (*above, node)) for item in node.value))
        return Part(start, end, self._scalar(node))

    def _members(self, node: Any, above: tuple[Any, ...]) -> list[tuple[Part, Part]]:
        members: dict[str, tuple[Part, Part]] = {}
        merged: dict[str, tuple[Part, Part]] = {}
        for place, (key_node, value_node) in enumerate(node.value, 1):
            if place < len(node.value):
                self._note_empty(key_node, value_node)
            if key_node.value == "<<" and key_node.id == "scalar":
                merged.update(self._merged(value_node, above))
                continue
            key = self._key(key_node)
            if key.value in members:
                message = f"Duplicate key: {key.value}"
                self.notes.append(Note("DUPLICATE_KEY", message, key.start, key.end - key.start, is_error=True))
            members[key.value] = (key, self.part(value_node, above))
        return list({**merged, **members}.values())

    def _merged(self, node: Any, above: tuple[Any, ...]) -> dict[str, tuple[Part, Part]]:
        found: dict[str, tuple[Part, Part]] = {}
        for one in reversed(node.value if node.id == "sequence" else [node]):
            if one.id == "mapping":
                found.update({key.value: (key, value) for key, value in self.part(one, above).members or ()})
        return found

    def _key(self, node: Any) -> Part:
        start, end = node.start_mark.index, node.end_mark.index
        if node.id != "scalar":
            raise SourceProblem("INVALID_YAML", "A key must be a text", start)
        self._note_boolean(node)
        return Part(start, end, str(node.value))

    def _scalar(self, node: Any) -> Any:
        value: str = node.value
        if not node.tag.startswith("tag:yaml.org,2002:"):
            return value if "${" in value else f"${{{value}}}"
        if node.style:
            return value
        self._note_boolean(node)
        if value in _WORDS:
            return _WORDS[value]
        if _INTEGER.fullmatch(value):
            return int(value)
        return float(value) if _FLOAT.fullmatch(value) else value

    def _note_empty(self, key: Any, value: Any) -> None:
        """A key without a value that is not the last: what follows was mostly meant to be inside it."""
        if value.id == "scalar" and not value.style and value.value == "":
            start, end = key.start_mark.index, key.end_mark.index
            message = f"{key.value} is null: what follows stands beside it, not inside it"
            help = "indent further what belongs to it, or write null"
            self.notes.append(Note("YAML_INDENTATION", message, start, end - start, help))

    def _note_boolean(self, node: Any) -> None:
        if not node.style and node.value.lower() in _YAML_1_1_BOOLEANS:
            start, end = node.start_mark.index, node.end_mark.index
            message = f"{node.value} is a text here, but a boolean to readers of YAML 1.1, such as SAM's"
            self.notes.append(Note("YAML_BOOLEAN", message, start, end - start, "put it between quotes"))
