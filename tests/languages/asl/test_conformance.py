"""The recorded AWS cases of executions, run offline at the strictest level: event for event, id for id.

Where a case needs other services, its tasks are answered as they were in the recording; all the rest must come out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from segue.languages import asl
from segue.languages.asl.commands import StartMapRun
from segue.languages.asl.context import iso_ms
from tests.languages.asl.conformance import FOLDER, Comparison, load, normal, recorded_answers
from tests.languages.asl.harness import START_MS, Answer, Harness, children_that_echo, meta

_KNOWN = {
    "<ArnPart_0idx>": "machine",
    "<ExecArnPart_0idx>": "run-1",
    "<partition>": "aws",
    "<region>": "us-east-1",
    "activity_arn": "arn:aws:states:us-east-1:111111111111:activity:work",
}
_DAY_MS = 86_400_000

_FAILING: dict[str, str] = {
    "sfn-map/base_scenarios__map_state_config_distributed_reentrant": (
        "recorded in May 2024; newer recordings have the end of a Map in a loop follow MapRunStarted"
    ),
}
"""Cases that fail, with the reason."""


def _cases() -> list[Path]:
    if not FOLDER.is_dir():
        return []
    return [path for path in sorted(FOLDER.glob("sfn-*/*.json")) if _is_execution(json.loads(path.read_text()))]


def _is_execution(case: dict[str, Any]) -> bool:
    if case["kind"] != "sfn-execution" or case.get("trust") == "needs-fixing":
        return False
    has_events = any("events" in one.get("expected", {}) for one in case["executions"])
    return has_events and (bool(case.get("pure")) or not case.get("parallelEventsSorted"))


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded cases (shared/conformance) are not on this machine")
@pytest.mark.parametrize("path", _cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_execution(path: Path, request: pytest.FixtureRequest) -> None:
    case = load(path)
    if case["id"] in _FAILING:
        request.applymarker(pytest.mark.xfail(reason=_FAILING[case["id"]], strict=True))
    for execution in case["executions"]:
        expected = execution.get("expected", {})
        if "events" not in expected:
            continue
        machine = case["stateMachines"][execution["stateMachine"]]
        known = dict(_KNOWN)
        known[machine["roleArn"]] = meta().role_arn
        harness = _run(machine, execution, case, known)
        comparison = Comparison(case, known)
        comparison.events(expected["events"], harness.events, bool(case.get("parallelEventsSorted")))


def _synchronous() -> list[Path]:
    if not FOLDER.is_dir():
        return []
    cases = [(path, json.loads(path.read_text())) for path in sorted(FOLDER.glob("sfn-express/*.json"))]
    return [path for path, case in cases if case["kind"] == "sfn-execution" and case.get("pure")]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded cases (shared/conformance) are not on this machine")
@pytest.mark.parametrize("path", _synchronous(), ids=lambda path: path.stem)
def test_recorded_synchronous_execution(path: Path) -> None:
    case = load(path)
    execution, machine = case["executions"][0], case["stateMachines"][0]
    expected = execution["expected"]["startSyncExecution"]
    express = {"id": "arn:aws:states:us-east-1:111111111111:express:machine:run-1:uuid", "kind": "EXPRESS"}
    known = {**_KNOWN, machine["roleArn"]: meta().role_arn}
    known.update({"<SyncExecArn_Part1_0idx>": "run-1", "<SyncExecArn_Part2_0idx>": "uuid"})
    definition = json.loads(_filled(json.dumps(machine["definition"]), known))
    harness = Harness(definition, json.dumps(execution["input"]), execution=meta(**express)).run()
    assert harness.last is not None
    ours = {"status": harness.status, "error": harness.error, "cause": harness.cause}
    assert ours == {name: expected.get(name) for name in ours}
    if "output" in expected:
        Comparison(case, known).same(expected["output"], normal(harness.last.output_text), "output")


def _run(machine: dict[str, Any], execution: dict[str, Any], case: dict[str, Any], known: dict[str, str]) -> Harness:
    text = execution.get("inputText")
    if text is None:
        text = json.dumps(execution["input"], ensure_ascii=False) if "input" in execution else "{}"
    text = re.sub(r"<timestamp>", lambda _: _moment(case), _filled(text, known))
    definition = _filled(machine.get("definitionText") or json.dumps(machine["definition"]), known)
    recorded = execution["expected"]["events"]
    answers = iter(recorded_answers(recorded))
    reasons = [event for event in recorded if "ExecutionFailed" in event["type"]]
    try:
        harness = Harness(
            json.loads(definition),
            text,
            lambda task: _commands(task, next(answers), known),
            execution=meta(kind=machine.get("type", "STANDARD")),
            refuse=lambda task: _refusal(reasons),
            play_map=lambda program, action: _map_run(program, action, recorded, known),
        )
    except asl.NotYet as reason:
        pytest.xfail(f"next: {reason}")
    ends = any(event["type"].startswith("Execution") and event["id"] != 1 for event in recorded)
    return harness.run(None if ends else START_MS)


def _map_run(
    program: asl.Program, action: StartMapRun, recorded: list[dict[str, Any]], known: dict[str, str]
) -> Answer:
    """A Map Run whose items are read elsewhere ends as it was recorded."""
    if action.plan.reader is None:
        return children_that_echo(program, action)
    failed = next((event["mapRunFailedEventDetails"] for event in recorded if event["type"] == "MapRunFailed"), None)
    if failed is not None:
        return [asl.FailMapRun(action.key, failed["error"], failed["cause"])]
    exited = next(event for event in recorded if event["type"] == "MapStateExited")
    return [asl.CompleteMapRun(action.key, _text(exited["stateExitedEventDetails"]["output"]))]


def _filled(text: str, known: dict[str, str]) -> str:
    for token, value in known.items():
        text = text.replace(token, value)
    return text


def _moment(case: dict[str, Any]) -> str:
    """The moment that a case counts in days from now."""
    days = next(int(found) for found in re.findall(r"now \+ (\d+) days", json.dumps(case["tokens"])))
    return iso_ms(START_MS + days * _DAY_MS)


def _refusal(failures: list[dict[str, Any]]) -> str | None:
    """Why AWS refused a task that it did not even schedule."""
    for event in failures:
        cause = event.get("executionFailedEventDetails", {}).get("cause")
        found = re.search(r"\(entered at the event id #\d+\)\. (.*)", cause, re.S) if isinstance(cause, str) else None
        if found and ("does not exist" in found[1] or "could not be used to start the Task" in found[1]):
            return _filled(found[1], _KNOWN)
    return None


def _commands(task: asl.ScheduleTask, events: list[dict[str, Any]], known: dict[str, str]) -> Answer:
    """The commands that a recorded task's events tell of; a timeout comes of itself."""
    commands: Answer = []
    for event in events:
        details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        text = {name: _filled(_text(value), known) for name, value in details.items() if name in ("output", "cause")}
        match re.fullmatch(r"(?:Task|LambdaFunction|Activity)(\w+)", event["type"])[1]:  # type: ignore[index]
            case "Started":
                commands.append(asl.TaskStarted(task.key, details.get("workerName")))
            case "Submitted":
                commands.append(asl.TaskSubmitted(task.key, text["output"]))
            case "Succeeded":
                commands.append(asl.CompleteTask(task.key, text["output"]))
            case "Failed":
                commands.append(_failed(task, details.get("error"), text.get("cause")))
    return commands


def _failed(task: asl.ScheduleTask, error: str | None, cause: str | None) -> asl.Command:
    if error == "States.DataLimitExceeded":
        return asl.CompleteTask(task.key, '"' + "a" * 263_168 + '"')
    return asl.FailTask(task.key, error, cause)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
