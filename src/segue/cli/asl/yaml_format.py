"""YAML in one shape: two spaces a level, no blanks at the ends of lines. Comments, quotes and order stay.

Lines are moved as they are: each begins where its value belongs, and what belongs to it (the lines of a block scalar,
of a flow collection, comments above) moves along.
"""

from __future__ import annotations

import re
from typing import Any

from segue.cli.asl.source import Source, SourceProblem
from segue.cli.asl.yaml_source import read_yaml

_STEP = 2
_DASHES = re.compile(r"(?:-[ ]+)+")


def format_yaml(source: Source) -> str:
    """A definition in YAML.

    Raises:
        SourceProblem: moving its lines would change what it says.
    """
    import yaml

    lines = source.text.replace("\r\n", "\n").split("\n")
    wanted: dict[int, int] = {}
    verbatim: dict[int, int | None] = {}
    _place(yaml.compose("\n".join(lines), Loader=yaml.SafeLoader), lines, wanted, verbatim)
    formatted = "\n".join(_moved(lines, wanted, verbatim)).strip("\n") + "\n"
    try:
        same = read_yaml(formatted).plain() == source.plain()
    except SourceProblem:
        same = False
    if not same:
        raise SourceProblem("CANNOT_FORMAT", "The lines of this file cannot be moved without changing what it says", 0)
    return formatted


def _place(root: Any, lines: list[str], wanted: dict[int, int], verbatim: dict[int, int | None]) -> None:
    """Note the column at which each line is to begin; and the lines that lie inside scalars and flow collections, with
    how far they move (None: as far as the line that they go on from).
    """
    waiting: list[tuple[Any, int]] = [(root, 0)]
    seen: set[int] = set()
    while waiting:
        node, at = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        first, last = node.start_mark.line, node.end_mark.line
        if node.id == "scalar":
            end = last if node.end_mark.column or node.style in ("'", '"') else last - 1
            inside = range(first + 1, end + 1)
            verbatim.update(dict.fromkeys(inside, _block_shift(node, at, [lines[number] for number in inside])))
        elif node.flow_style:
            verbatim.update(dict.fromkeys(range(first + 1, last + 1)))
        elif node.id == "mapping":
            for key, value in node.value:
                wanted.setdefault(key.start_mark.line, at)
                waiting += [(key, at), (value, at + _STEP)]
        else:
            for item in node.value:
                wanted.setdefault(item.start_mark.line, at)
                waiting.append((item, at + _STEP))


def _block_shift(node: Any, at: int, inside: list[str]) -> int | None:
    """How far the lines of a block scalar move."""
    indents = [len(line) - len(line.lstrip(" ")) for line in inside if line.strip()]
    return at - min(indents) if node.style in ("|", ">") and indents else None


def _moved(lines: list[str], wanted: dict[int, int], verbatim: dict[int, int | None]) -> list[str]:
    moved: list[str] = []
    shift = 0
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" "))
        if number in verbatim:
            own = verbatim[number]
            moved.append(_shifted(line, shift if own is None else own))
            continue
        if not line.strip():
            if moved and moved[-1]:
                moved.append("")
            continue
        if line.lstrip().startswith("#"):
            moved.append(" " * _next_wanted(number, lines, wanted, indent) + line.strip())
            continue
        at = wanted.get(number, indent + shift)
        shift = at - indent
        moved.append(" " * at + _tightened(line.strip()))
    return moved


def _tightened(line: str) -> str:
    """One blank after each dash that begins an item."""
    dashes = _DASHES.match(line)
    return "- " * dashes.group().count("-") + line[dashes.end() :] if dashes else line


def _shifted(line: str, shift: int) -> str:
    if not line.strip():
        return ""
    return " " * shift + line if shift >= 0 else line[min(-shift, len(line) - len(line.lstrip(" "))) :]


def _next_wanted(number: int, lines: list[str], wanted: dict[int, int], otherwise: int) -> int:
    for later in range(number + 1, len(lines)):
        if later in wanted:
            return wanted[later]
    return otherwise
