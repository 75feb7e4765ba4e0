"""Problems as people read them, with the line and a caret, and as programs do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from segue.cli.asl.problems import Problem

_COLOURS = {"error": "31", "warning": "33", "hint": "36"}
_WIDTH = 160


def as_text(problem: Problem, text: str, *, colours: bool = False) -> str:
    """A problem with an excerpt of its file."""
    severity = problem.severity
    if colours:
        severity = f"\x1b[1;{_COLOURS[severity]}m{severity}\x1b[0m"
    head = f"{problem.file}:{problem.line}:{problem.column}: {severity}: {problem.message} [{problem.code}]"
    lines = [head, *_excerpt(problem, text)]
    if problem.help:
        lines.append(f"      = {problem.help}")
    return "\n".join(lines)


def _excerpt(problem: Problem, text: str) -> list[str]:
    lines = text.split("\n")
    if problem.line > len(lines):
        return []
    line, column = lines[problem.line - 1].rstrip("\r"), problem.column - 1
    cut = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = "".join(character if character.isprintable() else " " for character in line[cut : cut + _WIDTH])
    caret = " " * (column - cut) + "^" * max(1, min(problem.length, len(shown) - (column - cut)))
    return [f"{problem.line:>5} | {shown}", f"      | {caret}"]


def as_json(found: Iterable[Problem]) -> str:
    """All problems, as an array."""
    return json.dumps([problem.as_json() for problem in found], ensure_ascii=False, indent=2)


def summary(found: Sequence[Problem], files: int) -> str:
    """One line about all of them."""
    count = {severity: sum(one.severity == severity for one in found) for severity in _COLOURS}
    told = [f"{number} {severity}{'s' if number > 1 else ''}" for severity, number in count.items() if number]
    where = "1 definition" if files == 1 else f"{files} definitions"
    return f"{where}: {', '.join(told) or 'nothing to say against'}"
