"""A picture of a state machine as SVG, for any browser, without scripts or fonts of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from segue.cli.executions.layout import Box, Line, Picture
from segue.cli.words import MARKS, printable

_X, _Y = 8, 18
_MARGIN = 16
_FILLS = {
    "SUCCEEDED": "#e3f5e6",
    "FAILED": "#fde4e4",
    "RUNNING": "#e0f0fd",
    "CAUGHT": "#fdf3d8",
    "ABORTED": "#ececec",
}
_STROKES = {
    "SUCCEEDED": "#2b8a3e",
    "FAILED": "#c92a2a",
    "RUNNING": "#1971c2",
    "CAUGHT": "#b07a00",
    "ABORTED": "#868e96",
}
_PLAIN = "#495057"


def picture(of: Picture, statuses: Mapping[str, str]) -> str:
    """The text of an SVG file."""
    right = max([of.width, *(box.x + box.width for box in of.boxes)])
    width, height = right * _X + 2 * _MARGIN, (of.height + 1) * _Y + 2 * _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">'
    )
    parts = [head, f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    for box in of.boxes:
        parts += _box(box, statuses.get(box.name))
    for line in of.lines:
        parts += _line(line)
    parts += [_text(x, y, text, "#868e96") for x, y, text in of.texts]
    return "\n".join([*parts, "</svg>", ""])


def _box(box: Box, status: str | None) -> Iterator[str]:
    x, y = _at(box.x, box.y)
    fill, stroke = _FILLS.get(status or "", "#ffffff"), _STROKES.get(status or "", _PLAIN)
    place = f'x="{x - _X // 2}" y="{y - _Y // 2}" width="{box.width * _X}" height="{(box.height - 1) * _Y}"'
    said = _plain(f"{box.name}: {status or 'not reached'}")
    yield f'<g><title>{said}</title><rect {place} rx="6" fill="{fill}" stroke="{stroke}"/></g>'
    yield _text(box.x + 2, box.y + 1, f"{MARKS.get(status or '', ' ')} {box.title}", stroke, bold=True)
    for at, row in enumerate(box.rows):
        yield _text(box.x + 4, box.y + 2 + at, row, _PLAIN)


def _line(line: Line) -> Iterator[str]:
    colour = "#c92a2a" if line.bad else _PLAIN
    points = [_at(x, y) for x, y in line.points]
    (x, y) = points[-1]
    track = " ".join(f"{a},{b}" for a, b in [*points, (x, y + 2)])
    yield f'<polyline points="{track}" fill="none" stroke="{colour}"/>'
    yield f'<path d="M{x - 4},{y + 1} L{x + 4},{y + 1} L{x},{y + _Y // 2} Z" fill="{colour}"/>'


def _text(x: int, y: int, text: str, colour: str, *, bold: bool = False) -> str:
    at_x, at_y = _at(x, y)
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{at_x}" y="{at_y + 4}" fill="{colour}"{weight} xml:space="preserve">{_plain(text)}</text>'


def _at(x: int, y: int) -> tuple[int, int]:
    return x * _X + _MARGIN, y * _Y + _MARGIN


def _plain(text: str) -> str:
    return escape(printable(text))
