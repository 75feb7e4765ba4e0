"""A picture of a state machine in box characters. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from segue.cli.executions.layout import Box, Line, Picture
from segue.cli.words import COLOURS, MARKS, cut, width_of

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    _UP: "│",
    _DOWN: "│",
    _UP | _DOWN: "│",
    _LEFT: "─",
    _RIGHT: "─",
    _LEFT | _RIGHT: "─",
    _DOWN | _RIGHT: "╭",
    _DOWN | _LEFT: "╮",
    _UP | _RIGHT: "╰",
    _UP | _LEFT: "╯",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _LEFT | _RIGHT | _DOWN: "┬",
    _LEFT | _RIGHT | _UP: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}
_ARROW = "▼"

Cells = dict[tuple[int, int], tuple[str, str]]
"""``(x, y)`` → a character (nothing beside a wide one) and its colour."""


def drawn(
    picture: Picture, statuses: Mapping[str, str], paint: Callable[[str, str], str] = lambda text, colour: text
) -> list[str]:
    """The picture as lines of text, with the mark and colour of each state's status."""
    cells: Cells = {}
    for x, y, text in picture.texts:
        _write(cells, x, y, text, "dim")
    for box in picture.boxes:
        _box(cells, box, statuses.get(box.name))
    _ways(cells, picture.lines)
    return _lines(cells, paint)


def _box(cells: Cells, box: Box, status: str | None) -> None:
    colour = COLOURS.get(status or "", "")
    right, bottom = box.x + box.width - 1, box.y + box.height - 1
    for x in range(box.x + 1, right):
        cells[x, box.y] = cells[x, bottom] = ("─", colour)
    for y in range(box.y + 1, bottom):
        cells[box.x, y] = cells[right, y] = ("│", colour)
    for x, y, corner in ((box.x, box.y, "┌"), (right, box.y, "┐"), (box.x, bottom, "└"), (right, bottom, "┘")):
        cells[x, y] = (corner, colour)
    _write(cells, box.x + 2, box.y + 1, f"{MARKS.get(status or '', ' ')} {box.title}", colour)
    for at, row in enumerate(box.rows):
        _write(cells, box.x + 4, box.y + 2 + at, row, "")


def _write(cells: Cells, x: int, y: int, text: str, colour: str) -> None:
    for char in cut(text, 400):
        wide = width_of(char)
        if wide == 0:  # it stands over the one before
            before = cells.get((x - 1, y), (" ", colour))
            cells[x - 1, y] = (before[0] + char, before[1])
            continue
        cells[x, y] = (char, colour)
        if wide == 2:
            cells[x + 1, y] = ("", colour)
        x += wide


def _ways(cells: Cells, lines: list[Line]) -> None:
    """Lines over what is there. Lanes are of one target each: where another one's line is crossed, it looks so."""
    across: dict[tuple[int, int], tuple[int, str, object]] = {}
    heads = []
    for line in lines:
        colour = "red" if line.bad else ""
        target = line.points[-1]
        for (x, y), (to_x, to_y) in zip(line.points, line.points[1:], strict=False):
            for cell, bits in _steps(x, y, to_x, to_y):
                seen, its_colour, whose = across.get(cell, (0, colour, target))
                if whose != target:  # the one that goes up and down stays whole
                    upright = bits & (_UP | _DOWN)
                    across[cell] = (bits, colour, target) if upright else (seen, its_colour, whose)
                else:
                    across[cell] = (seen | bits, its_colour, target)
        heads.append(target)
    for cell, (bits, colour, _) in across.items():
        there = cells.get(cell)
        if there is not None and there[0] == "│" and bits & _RIGHT:
            cells[cell] = ("├", there[1])
        elif there is None and bits:
            cells[cell] = (_LINES[bits], colour)
    for cell in heads:
        cells[cell] = (_ARROW, "")


def _steps(x: int, y: int, to_x: int, to_y: int) -> Iterator[tuple[tuple[int, int], int]]:
    """The cells of a straight line, and towards which sides it leaves each."""
    if y == to_y:
        first, last = sorted((x, to_x))
        for at in range(first, last + 1):
            yield (at, y), (_RIGHT if at < last else 0) | (_LEFT if at > first else 0)
    else:
        first, last = sorted((y, to_y))
        for at in range(first, last + 1):
            yield (x, at), (_DOWN if at < last else 0) | (_UP if at > first else 0)


def _lines(cells: Cells, paint: Callable[[str, str], str]) -> list[str]:
    by_row: dict[int, dict[int, tuple[str, str]]] = {}
    for (x, y), cell in cells.items():
        by_row.setdefault(y, {})[x] = cell
    found = []
    for y in range(max(by_row, default=-1) + 1):
        row = by_row.get(y, {})
        pieces: list[tuple[str, str]] = []
        for x in range(max(row, default=-1) + 1):
            text, colour = row.get(x, (" ", ""))
            if pieces and pieces[-1][1] == colour:
                pieces[-1] = (pieces[-1][0] + text, colour)
            else:
                pieces.append((text, colour))
        found.append("".join(paint(text, colour) for text, colour in pieces))
    return found
