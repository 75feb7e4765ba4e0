"""The visits of an execution as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from segue.cli.executions.notes import in_words, notes
from segue.cli.executions.visits import Account, Visit
from segue.cli.words import COLOURS, MARKS, clock, cut, fill, printable, span, width_of

SHOWN_ITERATIONS = 6
_WIDEST_NAME = 34
_NARROWEST_TEXT = 12
_MAX_INDENT = 20
_BAD = ("FAILED", "RUNNING", "ABORTED")

Paint = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A line: a visit, or (without one) a heading of a branch or an iteration.

    Attributes:
        depth: how far to the right.
        text: the state's name, or the heading.
        visit: the visit.
    """

    depth: int
    text: str
    visit: Visit | None = None


def rows(account: Account, *, full: bool = False) -> list[Row]:
    """What is shown, in order: of many iterations that went well only the first ones, unless ``full``."""
    found: list[Row] = []
    waiting: list[Row] = [Row(0, visit.name, visit) for visit in reversed(account.visits)]
    while waiting:
        row = waiting.pop()
        found.append(row)
        if row.visit is not None and row.visit.inside:
            waiting.extend(reversed(list(_inside(row, account.status, full=full))))
    return found


def _inside(row: Row, status: str, *, full: bool) -> Iterator[Row]:
    visit, depth = row.visit, row.depth + 1
    assert visit is not None
    scopes = sorted(visit.inside)
    left_out = 0
    for at, scope in enumerate(scopes):
        visits = visit.inside[scope]
        if not full and at >= SHOWN_ITERATIONS and visit.kind == "Map":
            how = visit.over.get(scope)
            bad = how != "Succeeded" and any(one.status(status) in _BAD for one in visits)
            if not bad or at - left_out >= 4 * SHOWN_ITERATIONS:
                left_out += 1
                continue
        yield Row(depth, f"item {scope}" if visit.kind == "Map" else f"branch {scope + 1}")
        for one in visits:
            yield Row(depth + 1, one.name, one)
    if left_out:
        yield Row(depth, f"… {left_out} more items (--full shows them)")


def lines(account: Account, width: int, now_ms: int, *, full: bool = False, paint: Paint | None = None) -> list[str]:
    """The table.

    Args:
        account: of the execution.
        width: of the terminal.
        now_ms: the time, for what is under way.
        full: whether inputs, outputs and causes are shown whole, below the line of their state.
        paint: puts a text into a colour.
    """
    shown = rows(account, full=full)
    paint = paint or (lambda text, colour: text)
    names = min(_WIDEST_NAME, max([8, *(_indent(row.depth) + width_of(row.text) for row in shown)]))
    fixed = names + 2 + 14 + 10 + 4 + 2
    texts = max(_NARROWEST_TEXT, (width - fixed - 2) // 2)
    head = f"  {'STATE'.ljust(names)}  {'ENTERED':<12}  {'TOOK':>8}  {'TRY':>3}"
    found = [paint(head if full else f"{head}  {'INPUT'.ljust(texts)}  OUTPUT", "dim")]
    for row in shown:
        if row.visit is None:
            found.append(paint("  " + " " * _indent(row.depth) + cut(row.text, width), "dim"))
        else:
            found += _visit(row, row.visit, (names, texts, width), account.status, now_ms, full=full, paint=paint)
    return found


def _indent(depth: int) -> int:
    return min(2 * depth, _MAX_INDENT)


def _visit(
    row: Row, visit: Visit, widths: tuple[int, int, int], status: str, now_ms: int, *, full: bool, paint: Paint
) -> list[str]:
    names, texts, width = widths
    how = visit.status(status)
    mark = paint(MARKS[how], COLOURS[how])
    until_ms = now_ms if how == "RUNNING" else visit.ended_ms(how)
    took = "" if until_ms is None else span(until_ms - visit.entered_ms)
    name = fill(" " * _indent(row.depth) + visit.name, names)
    line = f"{mark} {name}  {clock(visit.entered_ms)}  {took:>8}  {visit.attempts or '':>3}"
    under = " " * (_indent(row.depth) + 4)
    room = max(_NARROWEST_TEXT, width - len(under) - 2)
    if full:
        found = [line.rstrip()]
        found += [f"{under}{what}: {printable(text)}" for what, text in _data(visit) if text is not None]
    else:
        found = [f"{line}  {fill(visit.input or '', texts)}  {cut(visit.output or '', texts)}".rstrip()]
    if visit.error is not None or visit.cause is not None:
        whole = ": ".join(filter(None, (visit.error or "no error named", visit.cause)))
        said = printable(whole) if full else cut(in_words(visit.error, visit.cause), room)
        found.append(paint(under + said, "red" if how == "FAILED" else "yellow"))
    for note in notes(visit, status):
        found.append(paint(under + (note if full else cut(note, room)), "dim"))
    found += [paint(f"{under}→ {printable(arn)}", "cyan") for arn in visit.links]
    return found


def _data(visit: Visit) -> tuple[tuple[str, str | None], ...]:
    return ("input", visit.input), ("output", visit.output)
