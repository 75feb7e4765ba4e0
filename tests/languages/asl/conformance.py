"""Reads the recorded AWS cases and compares an execution's history with one of them (rules: the README beside them)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from segue.languages.asl import HistoryEvent

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "conformance"

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?(?:\d\d)?)")
_ANGLE = re.compile(r"(<[A-Za-z][^<>\s]*>)")
_ALWAYS_WILD = frozenset(("timestamp", "datetime", "date", "<date>", "<timestamp>", "<datetime>", "time"))


class Mismatch(AssertionError):
    """What AWS recorded and what was done differ."""


def load(path: Path) -> dict[str, Any]:
    """A case, with its long texts written out."""
    case: dict[str, Any] = _expanded(json.loads(path.read_text()))
    return case


def _expanded(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$concat"}:
            parts = value["$concat"]
            return "".join(part if isinstance(part, str) else part["$repeat"][0] * part["$repeat"][1] for part in parts)
        return {key: _expanded(one) for key, one in value.items()}
    return [_expanded(one) for one in value] if isinstance(value, list) else value


def recorded_answers(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """For each task of a history, in the order of their Scheduled events, what became of it."""
    following = {event["previousEventId"]: event for event in events if _is_answer(event["type"])}
    answers = []
    for event in events:
        if event["type"].endswith("Scheduled"):
            chain: list[dict[str, Any]] = []
            last = event["id"]
            while last in following:
                chain.append(following[last])
                last = following[last]["id"]
            answers.append(chain)
    return answers


def _is_answer(event_type: str) -> bool:
    is_task = event_type.startswith(("Task", "LambdaFunction", "Activity")) and "State" not in event_type
    return is_task and event_type.endswith(("Started", "Submitted", "Succeeded", "Failed", "TimedOut"))


class Comparison:
    """Compares recorded events with ours; learns what the placeholders stand for."""

    def __init__(self, case: dict[str, Any], known: dict[str, str]) -> None:
        self.known = {"<partition>": "aws", "<region>": "us-east-1", **known}
        self.wild = _ALWAYS_WILD | frozenset(case.get("wildcards", ()))
        self.tokens = frozenset(case.get("tokens", ()))

    def events(self, recorded: list[dict[str, Any]], ours: list[HistoryEvent], is_sorted: bool) -> None:
        actual = [normal(event.to_api()) for event in ours]
        if is_sorted:
            self._each_is_there(recorded, actual)
        else:
            self.same(recorded, actual, "events")

    def _each_is_there(self, recorded: list[dict[str, Any]], actual: list[dict[str, Any]]) -> None:
        """Of concurrent branches only the events count, not their order; the recorder has also lost some of them."""
        rest = list(actual)
        for event in recorded:
            for candidate in rest:
                saved = dict(self.known)
                try:
                    self.same(_without_ids(event), _without_ids(candidate), "event")
                except Mismatch:
                    self.known = saved
                    continue
                rest.remove(candidate)
                break
            else:
                raise Mismatch(f"no event like {json.dumps(event)[:300]}")

    def same(self, expected: Any, actual: Any, path: str) -> None:
        if isinstance(expected, dict) and isinstance(actual, dict):
            if set(expected) != set(actual):
                raise Mismatch(f"{path}: keys {sorted(expected)} expected, got {sorted(actual)}: {actual!r:.300}")
            for key in expected:
                self.same(expected[key], actual[key], f"{path}.{key}")
        elif isinstance(expected, list) and isinstance(actual, list):
            for position, (one, other) in enumerate(zip(expected, actual, strict=False)):
                self.same(one, other, f"{path}[{position}]")
            if len(expected) != len(actual):
                raise Mismatch(f"{path}: {len(expected)} expected, got {len(actual)}")
        elif not isinstance(expected, str) and isinstance(actual, str):
            self.same(expected, json.loads(actual), path)  # some recordings have parsed texts deeper than others
        elif isinstance(expected, str):
            self._same_text(expected, actual, path)
        elif expected != actual or type(expected) is not type(actual):
            raise Mismatch(f"{path}: {expected!r:.300} expected, got {actual!r:.300}")

    def _same_text(self, expected: str, actual: Any, path: str) -> None:
        if expected in self.wild or _TIMESTAMP.sub("date", expected) == actual:
            return
        if not isinstance(actual, str):
            raise Mismatch(f"{path}: {expected!r:.300} expected, got {actual!r:.300}")
        if expected[:1] == actual[:1] and expected[:1] in ("[", "{"):
            try:
                self.same(json.loads(expected), json.loads(actual), path)
                return
            except ValueError:
                pass
        pattern, names = "", []
        for part in _ANGLE.split(self._known_in(expected)):
            if _ANGLE.fullmatch(part) or part in self.tokens:
                pattern += "(.+?)"
                names.append(part)
            else:
                pattern += re.escape(part)
        match = re.fullmatch(pattern, actual, re.DOTALL)
        if match is None:
            raise Mismatch(f"{path}: {expected!r:.600} expected, got {actual!r:.600}")
        self.known.update(zip(names, match.groups(), strict=True))

    def _known_in(self, text: str) -> str:
        """The text with what is known in the place of placeholders."""
        for token, value in self.known.items():
            text = text.replace(token, value)
        return text


def _without_ids(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("id", "previousEventId")}


def normal(value: Any, key: str = "") -> Any:
    """As the recordings were cleaned: JSON objects parsed one level, timestamps replaced."""
    if isinstance(value, dict):
        return {name: normal(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [normal(one) for one in value]
    if key == "timestamp":
        return "timestamp"
    if isinstance(value, str):
        if value.startswith("{"):
            try:
                value = json.loads(value)
            except ValueError:
                return _TIMESTAMP.sub("date", value)
        return json.loads(_TIMESTAMP.sub("date", json.dumps(value)))
    return value
