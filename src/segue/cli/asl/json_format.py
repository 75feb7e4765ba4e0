"""JSON in one shape: two spaces a level, short arrays of scalars on one line, everything else as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator

from segue.cli.asl.source import Part, Source

_WIDTH = 100


def format_json(source: Source) -> str:
    """A definition that was JSON, or is to become it: keys keep their order, strings and numbers their spelling."""
    return "".join(_pieces(source, source.root, 0)) + "\n"


def _pieces(source: Source, part: Part, level: int) -> Iterator[str]:
    indent = "  " * (level + 1)
    if part.members is not None:
        if not part.members:
            yield "{}"
            return
        yield "{\n"
        for number, (key, value) in enumerate(part.members):
            yield f"{',' + chr(10) if number else ''}{indent}{_scalar(source, key)}: "
            yield from _pieces(source, value, level + 1)
        yield "\n" + "  " * level + "}"
    elif part.items is not None:
        short = _on_one_line(source, part, level)
        if short is not None:
            yield short
            return
        yield "[\n"
        for number, item in enumerate(part.items):
            yield f"{',' + chr(10) if number else ''}{indent}"
            yield from _pieces(source, item, level + 1)
        yield "\n" + "  " * level + "]"
    else:
        yield _scalar(source, part)


def _on_one_line(source: Source, part: Part, level: int) -> str | None:
    items = part.items or ()
    if any(item.members is not None or item.items is not None for item in items):
        return None
    line = "[" + ", ".join(_scalar(source, item) for item in items) + "]"
    return line if len(line) + 2 * level <= _WIDTH else None


def _scalar(source: Source, part: Part) -> str:
    if source.language == "json":
        return source.text[part.start : part.end]
    return json.dumps(part.value, ensure_ascii=False)
