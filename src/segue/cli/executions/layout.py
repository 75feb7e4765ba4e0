"""A state machine as boxes and lines on a grid of characters. Pure.

States stand below each other, each after those that lead to it where that is possible. A plain next state that stands
right below is reached by an arrow; every other way goes by a lane on the right, one lane a target. Ways that find no
room have no line: each is written in its box, too. What is in Parallel and Map states stands in their boxes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from segue.cli.executions.edges import Exit, exits
from segue.cli.executions.waiting import machines_in
from segue.cli.words import cut, width_of

MAX_STATES = 1500
_MAX_DEPTH = 8
_NARROWEST = 24
_WIDEST_TEXT = 52
_ARROW_AT = 4
_LANE = 2
_GAP = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A state.

    Attributes:
        x, y, width, height: in characters, borders included.
        name: the state's.
        title: what stands in the first line, after a mark of two characters.
        rows: what stands below: the ways out.
    """

    x: int
    y: int
    width: int
    height: int
    name: str
    title: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A way: right angles from point to point; the last one is an arrow's head.

    Attributes:
        points: ``(x, y)``.
        bad: whether it is the way of errors.
    """

    points: tuple[tuple[int, int], ...]
    bad: bool = False


@dataclass(slots=True)
class Picture:
    """All that is drawn.

    Attributes:
        texts: ``(x, y, text)``.
    """

    width: int = 0
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[tuple[int, int, str]] = field(default_factory=list)

    def put(self, other: Picture, x: int, y: int) -> None:
        """Add another picture at a place."""
        self.boxes += [replace(box, x=box.x + x, y=box.y + y) for box in other.boxes]
        self.lines += [replace(line, points=tuple((a + x, b + y) for a, b in line.points)) for line in other.lines]
        self.texts += [(a + x, b + y, text) for a, b, text in other.texts]


def laid_out(definition: Any, width: int) -> Picture:
    """The picture of a definition, about as wide as ``width`` characters (nested states may need more)."""
    return _machine(definition, max(_NARROWEST, width), 0, [MAX_STATES])


def in_order(start: Any, states: dict[str, Any]) -> list[str]:
    """The names of the states, each after those that lead to it, but for loops; what is never reached comes last."""
    found: list[str] = []
    seen: set[str] = set()
    if isinstance(start, str) and start in states:
        seen.add(start)
        path = [(start, _following(states[start]))]
        while path:
            name, waiting = path[-1]
            while waiting and (waiting[-1] in seen or waiting[-1] not in states):
                waiting.pop()
            if waiting:
                following = waiting.pop()
                seen.add(following)
                path.append((following, _following(states[following])))
            else:
                found.append(name)
                path.pop()
    found.reverse()
    return found + [name for name in states if name not in seen]


def _following(state: Any) -> list[str]:
    """What follows, in the order in which it is to be taken from the end: the last way first."""
    return [way.target for way in exits(state) if way.target is not None]


def _machine(definition: Any, width: int, depth: int, budget: list[int]) -> Picture:
    states = definition.get("States") if isinstance(definition, dict) else None
    picture = Picture()
    if not isinstance(states, dict) or not states:
        picture.texts.append((0, 0, "(no states)"))
        picture.width, picture.height = 11, 1
        return picture
    names = in_order(definition.get("StartAt"), states)
    shown = names[: max(0, budget[0])]
    budget[0] -= len(shown)
    ways: list[tuple[int, int, Exit]] = []
    y = 1
    tops: dict[str, int] = {}
    for at, name in enumerate(shown):
        below = shown[at + 1] if at + 1 < len(shown) else None
        tops[name] = y
        box, inner, own = _state(name, states[name], below, (width, depth), budget)
        picture.boxes.append(replace(box, y=y))
        picture.put(inner, 2, y + 1 + 1 + len(box.rows))
        ways += [(y + 2 + row, box.width, way) for row, way in enumerate(own) if way.target is not None]
        if any(way.target == below and not way.label for way in exits(states[name])) and below is not None:
            picture.lines.append(Line(((_ARROW_AT, y + box.height), (_ARROW_AT, y + box.height))))
        y += box.height + 1
    own_boxes = [box for box in picture.boxes if box.x == 0]
    widest = max((box.width for box in own_boxes), default=0)
    if shown and shown[0] == definition.get("StartAt"):
        picture.lines.append(Line(((_ARROW_AT, 0), (_ARROW_AT, 0))))
    lanes = _lanes(picture, ways, tops, widest, width)
    if len(shown) < len(names):
        picture.texts.append((0, y, f"… {len(names) - len(shown)} more states"))
        y += 1
        widest = max(widest, 20)
    picture.width, picture.height = widest + lanes, y - 1 if shown else max(1, y)
    return picture


def _state(
    name: str, state: Any, below: str | None, room: tuple[int, int], budget: list[int]
) -> tuple[Box, Picture, list[Exit]]:
    """The box of a state at the origin, what stands in it, and the ways out that its rows name."""
    width, depth = room
    found = exits(state)
    own = [way for way in found if way.target is not None and (way.label or way.target != below)]
    kind = state.get("Type") if isinstance(state, dict) else None
    ends = " ◉" if any(way.target is None for way in found) else ""
    widest = min(_WIDEST_TEXT, max(_NARROWEST, width - 12) - 6)
    title = f"{cut(name, widest)} · {cut(str(kind or '?'), 12)}{ends}"
    rows = tuple(cut(f"{cut(way.label, 30)} → {way.target}".strip(), widest) for way in own)
    inner = _inside(state, width - 4, depth, budget)
    text = max([width_of(title) + 2, inner.width, *(width_of(row) + 2 for row in rows)])
    height = 3 + len(rows) + inner.height
    return Box(0, 0, max(12, text + 4), height, name, title, rows), inner, own


def _inside(state: Any, width: int, depth: int, budget: list[int]) -> Picture:
    """The machines in a state: beside each other if there is room, else below each other."""
    picture = Picture()
    machines = machines_in(state)
    if not machines:
        return picture
    if depth >= _MAX_DEPTH or budget[0] <= 0:
        picture.texts.append((0, 0, "…"))
        picture.width, picture.height = 1, 1
        return picture
    share = max(_NARROWEST, (width - _GAP * (len(machines) - 1)) // len(machines))
    parts = [(title, _machine(machine, share, depth + 1, budget)) for title, machine in machines]
    widths = [max(part.width, width_of(title)) for title, part in parts]
    beside = sum(widths) + _GAP * (len(parts) - 1) <= width
    x = y = 0
    for (title, part), wide in zip(parts, widths, strict=True):
        picture.texts.append((x, y, title))
        picture.put(part, x, y + 1)
        picture.width = max(picture.width, x + wide)
        picture.height = max(picture.height, y + 1 + part.height)
        x, y = (x + wide + _GAP, 0) if beside else (0, picture.height)
    return picture


def _lanes(picture: Picture, ways: list[tuple[int, int, Exit]], tops: dict[str, int], widest: int, width: int) -> int:
    """Draw the ways that need a lane; how many columns they take."""
    room = max(3, (width - widest) // _LANE - 1)
    by_target: dict[str, list[tuple[int, int, Exit]]] = {}
    for way in ways:
        if way[2].target in tops:
            by_target.setdefault(str(way[2].target), []).append(way)
    spans = []
    for target, sources in by_target.items():
        rows = [tops[target] - 1, *(row for row, _, _ in sources)]
        spans.append((max(rows) - min(rows), min(rows), max(rows), target))
    taken: list[list[tuple[int, int]]] = []
    for _, first, last, target in sorted(spans):
        lane = next((at for at, used in enumerate(taken) if all(last < a or first > b for a, b in used)), len(taken))
        if lane >= room:
            continue
        if lane == len(taken):
            taken.append([])
        taken[lane].append((first, last))
        x = widest + 1 + _LANE * lane
        entry = tops[target] - 1
        for row, box_width, way_out in by_target[target]:
            points = ((box_width - 1, row), (x, row), (x, entry), (_ARROW_AT + 1, entry), (_ARROW_AT, entry))
            picture.lines.append(Line(points, bad=way_out.label.startswith("✗")))
    return _LANE * len(taken) + 1 if taken else 0
