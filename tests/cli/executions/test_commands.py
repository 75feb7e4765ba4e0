"""``segue execution`` against a server on a manual clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from segue.cli.executions import following
from segue.cli.main import main
from segue.cli.stacks.connection import Connection
from segue.cli.stacks.screen import Screen
from segue.testing import Segue
from tests.cli.commands import Command, commands

ROLE = "arn:aws:iam::000000000000:role/any"
QUEUE = "http://127.0.0.1:4566/000000000000/answers"


def asking(**more: Any) -> dict[str, Any]:
    parameters = {"QueueUrl": QUEUE, "MessageBody.$": "$$.Task.Token"}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        server.client("sqs").create_queue(QueueName="answers")
        yield server


@pytest.fixture
def run(segue: Segue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return commands("execution", segue, monkeypatch, capsys)


def started(segue: Segue, machine: str, definition: dict[str, Any], name: str = "first", text: str = "{}") -> str:
    """The ARN of an execution of a new machine."""
    states = segue.client("stepfunctions")
    made = states.create_state_machine(name=machine, definition=json.dumps(definition), roleArn=ROLE)
    arn = states.start_execution(stateMachineArn=made["stateMachineArn"], name=name, input=text)["executionArn"]
    segue.settle()
    return str(arn)


def one(name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state, **more}}


def test_an_execution_that_waits_for_a_token(segue: Segue, run: Command) -> None:
    arn = started(segue, "asks", one("Ask", asking()), text='{"n": 42}')
    segue.advance(minutes=90)
    said = run("show", "asks:first")
    assert said.status == 0
    assert arn in said.out
    assert "▶ Ask" in said.out
    assert '{"n": 42}' in said.out
    assert "Ask: an answer to the token it gave to sqs:sendMessage (no timeout), since" in said.out
    assert "(1 h 30 m)" in said.out
    assert run("show", "asks").out == run("show", "first").out == run("show", arn).out == said.out


def test_what_is_stuck_comes_oldest_first(segue: Segue, run: Command) -> None:
    started(segue, "asks-patiently", one("Ask", asking(TimeoutSeconds=86_400)))
    assert run("list", "asks-patiently", "--stuck").status == 0
    started(segue, "stuck", one("Ask", asking()), "z-older")
    segue.advance(minutes=1)
    states = segue.client("stepfunctions")
    states.start_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:stuck", name="newer")
    segue.settle()
    said = run("list", "stuck", "--stuck", "--json")
    assert said.status == 1
    assert [found["name"] for found in json.loads(said.out)] == ["z-older", "newer"]
    assert "segue execution show arn:aws:states" in run("list", "stuck", "--stuck").out


def test_attempts_and_errors_that_were_caught(segue: Segue, run: Command) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "missing"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
        "End": True,
    }
    started(segue, "saga", one("Call", call, Undo={"Type": "Pass", "End": True}))
    said = run("show", "saga").out
    assert re.search(r"Call: retry 1 of 2 at \d\d:\d\d:\d\d.000 \(1 failed: Lambda.Resource\w+\), in 10.0 s", said)
    segue.advance(seconds=40)
    told = json.loads(run("show", "saga", "--json").out)
    assert [(state["name"], state["status"], state["attempts"]) for state in told["states"]] == [
        ("Call", "CAUGHT", 3),
        ("Undo", "SUCCEEDED", 0),
    ]
    assert "Lambda.ResourceNotFoundException: Function not found" in run("show", "saga").out
    drawing = run("show", "saga", "--graph").out
    assert "│ ↷ Call · Task ◉" in drawing
    assert "│ ✓ Undo · Pass ◉ │" in drawing


def test_children_and_map_runs_are_linked(segue: Segue, run: Command, tmp_path: Path) -> None:
    child = started(segue, "child", one("Rest", {"Type": "Wait", "Seconds": 30, "End": True}), "none")
    machine = child.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    sync = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": machine, "Name": "linked"},
        "Next": "Each",
    }
    each = {
        "Type": "Map",
        "ItemsPath": "$$.Execution.Input",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **one("Nap", {"Type": "Wait", "Seconds": 30, "End": True}),
        },
        "End": True,
    }
    started(segue, "parent", one("Start", sync, Each=each), text="[1, 2, 3]")
    linked = f"{child.rpartition(':')[0]}:linked"
    assert f"→ segue execution show {linked}" in run("show", "parent").out
    assert "Rest: a timer until" in run("show", linked).out
    segue.advance(seconds=31)
    said = run("show", "parent").out
    assert "Map Run RUNNING: 3 items (3 running)" in said
    assert f"→ {linked}" in said
    map_run = json.loads(run("show", "parent", "--json").out)["states"][1]["links"][0]
    assert len(json.loads(run("list", map_run, "--json").out)) == 3
    assert f"segue execution list {map_run}" in run("show", map_run).err
    segue.advance(seconds=31)
    picture = tmp_path / "run.svg"
    assert run("show", "parent", "--svg", str(picture)).out == f"{picture} is written\n"
    texts = [text.text for text in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert "✓ Each · Map ◉" in texts
    assert "cannot be written" in run("show", "parent", "--svg", str(tmp_path / "no" / "run.svg")).err


def test_parent_child_and_limits_are_told(segue: Segue, run: Command) -> None:
    child = started(segue, "small", one("Do", {"Type": "Pass", "End": True}), "none")
    given = {"text.$": "$.text", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": child.replace(":execution:", ":stateMachine:").rpartition(":")[0],
            "Name": "linked",
            "Input": given,
        },
        "End": True,
    }
    parent = started(segue, "large", one("Start", start), text=json.dumps({"text": "é" * 50_000}, ensure_ascii=False))
    assert f"started by {parent}" in run("show", "small:linked").out
    assert json.loads(run("show", "small:linked", "--json").out)["startedBy"] == parent
    said = run("show", "large").out
    assert "→ " + child.replace("none", "linked") in said
    assert "limits  8 of 25,000 events, largest payload" in said
    assert "of 256 KiB (output of Start)" in said
    assert json.loads(run("show", "large", "--json").out)["largestPayloadBytes"] > 200_000


def test_events_are_followed_until_the_end(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    arn = started(segue, "follows", one("Rest", {"Type": "Wait", "Seconds": 500, "End": True}))
    pauses = 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        segue.advance(seconds=300)

    account = following.follow(Connection(segue.endpoint_url), arn, Screen(), 100, pause)
    lines = capsys.readouterr().out.splitlines()
    assert account.status == "SUCCEEDED"
    assert pauses == 2
    kinds = [line.split()[2] for line in lines]
    assert kinds == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]


def test_following_what_has_failed(segue: Segue, run: Command) -> None:
    started(segue, "fails", one("Stop", {"Type": "Fail", "Error": "Broken", "Cause": "a leg"}))
    said = run("show", "fails", "--follow")
    assert said.status == 1
    assert "ExecutionFailed  Stop  Broken: a leg" in said.out
    assert "✗ Stop" in run("show", "fails").out


def test_a_redrive_is_told(segue: Segue, run: Command) -> None:
    arn = started(segue, "again", one("Ask", asking(TimeoutSeconds=5)))
    segue.advance(seconds=6)
    assert "✗ Ask" in run("show", "again").out
    segue.client("stepfunctions").redrive_execution(executionArn=arn)
    segue.settle()
    told = json.loads(run("show", "again", "--json").out)
    assert told["redrivenAt"] == [segue.clock.now_ms()]
    assert [(state["name"], state["status"], state["attempts"]) for state in told["states"]] == [("Ask", "RUNNING", 2)]
    assert "  redriven 20" in run("show", "again").out


def test_the_list_begins_with_what_runs(segue: Segue, run: Command) -> None:
    arn = started(segue, "mixed", one("Rest", {"Type": "Wait", "Seconds": 900, "End": True}), "running")
    states = segue.client("stepfunctions")
    for name in ("stopped", "stopped-too"):
        segue.advance(seconds=1)
        machine = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
        other = states.start_execution(stateMachineArn=machine, name=name)["executionArn"]
        states.stop_execution(executionArn=other)
    lines = run("list", "mixed").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["running", "stopped-too", "stopped"]
    assert len(run("list", "mixed", "--limit", "2").out.splitlines()) == 2
    assert [found["name"] for found in json.loads(run("list", "mixed", "--status", "running", "--json").out)] == [
        "running"
    ]
    assert run("list", "mixed", "--status", "FAILED").out == "There are no executions that are FAILED.\n"
    assert "running" in run("list").out


def test_mistakes_are_told_with_what_to_do(segue: Segue, run: Command) -> None:
    states = segue.client("stepfunctions")
    definition = json.dumps(one("P", {"Type": "Pass", "End": True}))
    states.create_state_machine(name="quick", type="EXPRESS", definition=definition, roleArn=ROLE)
    states.create_state_machine(name="idle", definition=definition, roleArn=ROLE)
    assert run("show", "nobody") == (
        1, "", "segue: there is no execution or state machine named nobody. See: segue execution list\n"
    )  # fmt: skip
    assert "keep no history" in run("show", "quick").err
    assert "idle has no executions. Start one: segue aws" in run("show", "idle").err
    assert "All of them: segue execution list" in run("list", "nobody").err
    assert "segue logs" in run("list", "quick").err
    assert run("list", "--limit", "0").status == 2
    for machine in ("twin", "other-twin"):
        started(segue, machine, one("P", {"Type": "Pass", "End": True}), "the-same")
    assert "several executions are named the-same" in run("show", "the-same").err
    assert run("show", "twin:the-same").status == 0


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["execution", "list", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "Start one: segue serve" in capsys.readouterr().err


def test_start(segue: Segue, run: Command, tmp_path: Path) -> None:
    old = started(segue, "echo", one("Echo", {"Type": "Pass", "End": True}), "old")
    assert run("start", "echo", "--input", '{"n": 1}', "--name", "new").out.strip() == old.replace(":old", ":new")
    segue.settle()
    states = segue.client("stepfunctions")
    assert states.describe_execution(executionArn=old.replace(":old", ":new"))["output"] == '{"n": 1}'
    machine = old.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    file = tmp_path / "input.json"
    file.write_text("[2]")
    arn = run("start", machine, "--input", f"@{file}").out.strip()
    assert states.describe_execution(executionArn=arn)["input"] == "[2]"
    followed = run("start", "echo", "--follow")
    assert followed.status == 0
    assert "ExecutionSucceeded" in followed.out
    assert followed.out.rstrip().endswith("SUCCEEDED")
    assert run("start", "echo", "--name", "old", "--input", "7").status == 1  # it is taken, by another input


def test_start_of_an_express_machine_runs_it_to_its_end(segue: Segue, run: Command) -> None:
    states = segue.client("stepfunctions")
    for name, state in (
        ("sprint", {"Type": "Pass", "End": True}),
        ("stumble", {"Type": "Fail", "Error": "E", "Cause": "c"}),
    ):
        states.create_state_machine(name=name, definition=json.dumps(one("A", state)), roleArn=ROLE, type="EXPRESS")
    assert (run("start", "sprint", "--input", "[1]").out, run("start", "stumble").out) == ("[1]\n", "FAILED: E: c\n")
    assert run("start", "stumble").status == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nobody"], 1, "there is no state machine named nobody"),
        (["arn:aws:states:us-east-1:000000000000:stateMachine:nobody"], 1, "there is no state machine"),
        (["arn:aws:states"], 1, "there is no state machine"),
        (["x", "--input", "{"], 2, "the input is not JSON"),
        (["x", "--input", "@/nowhere"], 2, "/nowhere cannot be read"),
        (["x", "--input", "[" * 100_000], 2, "the input is not JSON"),
    ],
)
def test_what_cannot_be_started(segue: Segue, run: Command, arguments: list[str], status: int, words: str) -> None:
    said = run("start", *arguments)
    assert (said.status, words in said.err) == (status, True)
