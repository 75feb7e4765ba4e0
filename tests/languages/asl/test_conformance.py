"""The recorded AWS cases that need nothing but Step Functions, run offline at the strictest level: event for event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.conformance import FOLDER, Comparison, load
from tests.languages.asl.harness import START_MS, Harness, meta

_TOKENS = {
    "<ArnPart_0idx>": "machine",
    "<ExecArnPart_0idx>": "run-1",
    "111111111111": "111111111111",
}
_DAY_MS = 86_400_000


def _cases() -> list[Path]:
    if not FOLDER.is_dir():
        return []
    return [path for path in sorted(FOLDER.glob("sfn-*/*.json")) if _is_pure_execution(json.loads(path.read_text()))]


def _is_pure_execution(case: dict[str, Any]) -> bool:
    return bool(case["kind"] == "sfn-execution" and case.get("pure") and case.get("trust") != "needs-fixing")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded cases (shared/conformance) are not on this machine")
@pytest.mark.parametrize("path", _cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_execution(path: Path) -> None:
    case = load(path)
    for machine, execution in _executions(case):
        expected = execution.get("expected", {})
        if "events" not in expected:
            continue
        harness = _run(machine, execution, case)
        known = {**_TOKENS, **_role(case)}
        comparison = Comparison(case, known)
        comparison.events(expected["events"], harness.events, bool(case.get("parallelEventsSorted")))


def _executions(case: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(case["stateMachines"][one["stateMachine"]], one) for one in case["executions"]]


def _role(case: dict[str, Any]) -> dict[str, str]:
    return {token: meta().role_arn for token in case.get("tokens", ()) if "role" in token and token.startswith("snf")}


def _run(machine: dict[str, Any], execution: dict[str, Any], case: dict[str, Any]) -> Harness:
    text = execution.get("inputText")
    if text is None:
        text = json.dumps(execution["input"], ensure_ascii=False) if "input" in execution else "{}"
    text = re.sub(r"<timestamp>", lambda _: asl_timestamp(case), text)
    definition = machine.get("definition") or json.loads(machine["definitionText"])
    try:
        harness = Harness(definition, text, execution=meta(kind=machine.get("type", "STANDARD")))
    except asl.NotYet as reason:
        pytest.xfail(f"next: {reason}")
    ends = any(event["type"].startswith("Execution") and event["id"] != 1 for event in execution["expected"]["events"])
    return harness.run(None if ends else START_MS)


def asl_timestamp(case: dict[str, Any]) -> str:
    """The moment that a case counts in days from now."""
    from segue.languages.asl.context import iso_ms

    days = next(int(found) for found in re.findall(r"now \+ (\d+) days", json.dumps(case["tokens"])))
    return iso_ms(START_MS + days * _DAY_MS)
