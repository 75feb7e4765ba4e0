"""``segue asl test``: one state with an input, from a shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload.$": "$"},
    "ResultSelector": {"ok.$": "$.Payload.ok"},
    "ResultPath": "$.r",
    "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "W"}],
    "End": True,
}
DEFINITION = {
    "StartAt": "C",
    "States": {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.amount", "NumericGreaterThan": 10, "Next": "T"}],
            "Default": "W",
        },
        "T": TASK,
        "W": {"Type": "Wait", "Seconds": 600, "Next": "V"},
        "V": {"Type": "Pass", "Parameters": {"v.$": "$v", "id.$": "$$.Execution.Id"}, "Next": "F"},
        "F": {"Type": "Fail", "Error": "E"},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(DEFINITION))
    return str(path)


def tried(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["asl", "test", "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


def test_states_that_call_nothing(capsys: pytest.CaptureFixture[str], file: str) -> None:
    status, answer = tried(capsys, file, "--state", "C", "--input", '{"amount": 12}')
    assert (status, answer["status"], answer["nextState"]) == (0, "SUCCEEDED", "T")
    status, answer = tried(capsys, file, "--state", "W", "--input", '{"a": 1.0}')
    assert (status, answer["output"], answer["nextState"]) == (0, '{"a": 1.0}', "V")
    status, answer = tried(capsys, file, "--state", "F")
    assert (status, answer["status"], answer["error"]) == (1, "FAILED", "E")


def test_variables_and_context(capsys: pytest.CaptureFixture[str], file: str) -> None:
    context = '{"Execution": {"Id": "mine"}}'
    _, answer = tried(capsys, file, "--state", "V", "--variables", '{"v": [1]}', "--context", context)
    assert json.loads(answer["output"]) == {"v": [1], "id": "mine"}


def test_mocks(capsys: pytest.CaptureFixture[str], file: str, tmp_path: Path) -> None:
    given = tmp_path / "input.json"
    given.write_text('{"a": 1}')
    status, answer = tried(capsys, file, "--state", "T", "--input", f"@{given}", "--mock", '{"Payload": {"ok": true}}')
    assert (status, json.loads(answer["output"])) == (0, {"a": 1, "r": {"ok": True}})
    assert json.loads(answer["inspectionData"]["afterParameters"]) == {"FunctionName": "f", "Payload": {"a": 1}}
    status, answer = tried(capsys, file, "--state", "T", "--mock-error", "Busy: later")
    assert (status, answer["status"], answer["error"], answer["cause"]) == (0, "RETRIABLE", "Busy", "later")
    status, answer = tried(capsys, file, "--state", "T", "--mock-error", "Busy", "--retried", "1")
    assert (status, answer["status"], answer["nextState"]) == (0, "CAUGHT_ERROR", "W")


def test_for_people(capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert main(["asl", "test", file, "--state", "C", "--input", '{"amount": 1}', "--inspect"]) == 0
    assert capsys.readouterr().out == (
        'SUCCEEDED → W\n-- input\n{\n  "amount": 1\n}\n-- afterInputPath\n{\n  "amount": 1\n}\n'
        '-- output\n{\n  "amount": 1\n}\n'
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--state", "T"], "this state needs --mock, --mock-error or --endpoint-url: it calls arn:aws:states:::lambda"),
        (["--state", "X"], "there is no state 'X' in this definition"),
        (["--state", "C", "--input", "{"], "--input must be JSON"),
        (["--state", "C", "--input", "@none"], "No such file"),
        (["--state", "T", "--endpoint-url", "http://127.0.0.1:1"], "Could not connect to the endpoint URL"),
        ([], "this is a state machine; choose a state with --state: C, T, W, V, F"),
    ],
)
def test_what_cannot_be_tried(capsys: pytest.CaptureFixture[str], file: str, arguments: list[str], words: str) -> None:
    assert main(["asl", "test", file, *arguments]) == 2
    assert words in capsys.readouterr().err
