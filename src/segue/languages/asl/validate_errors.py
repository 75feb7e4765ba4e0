"""Rules about Retry and Catch."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_fields import CATCHER, RETRIER
from segue.languages.asl.validate_members import check_object


def retriers_and_catchers(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for field, shape in (("Retry", RETRIER), ("Catch", CATCHER)):
        entries = state.get(field, [])
        if not isinstance(entries, list):
            findings.add("Expected value of type Array", f"{where}/{field}")
            continue
        for position, entry in enumerate(entries):
            place = f"{where}/{field}[{position}]"
            if check_object(entry, shape, place, language, findings):
                _check_error_names(entry, place, position == len(entries) - 1, findings)
                _check_delays(entry, place, findings)


def _check_error_names(entry: dict[str, Any], where: str, is_last: bool, findings: Findings) -> None:
    names = entry["ErrorEquals"]
    if isinstance(names, list) and "States.ALL" in names and not (is_last and len(names) == 1):
        place = f"{where}/ErrorEquals[{names.index('States.ALL')}]"
        findings.add("States.ALL must appear alone and at end of list", place)


def _check_delays(entry: dict[str, Any], where: str, findings: Findings) -> None:
    interval, longest = entry.get("IntervalSeconds", 1), entry.get("MaxDelaySeconds")
    if type(interval) is int and type(longest) is int and longest <= interval:
        findings.add("MaxDelaySeconds must be greater than IntervalSeconds", f"{where}/MaxDelaySeconds")
