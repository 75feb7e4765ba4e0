"""The commands against a server: deploy, again, with what fails, status, logs, delete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main
from segue.testing import Segue
from tests.cli.commands import Command, Said

APP = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Description: what to say}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: app.handler
      Runtime: python3.12
      Environment: {Variables: {GREETING: !Ref Greeting}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.yaml
      DefinitionSubstitutions: {Function: !GetAtt Hello.Arn}
      Policies: [LambdaInvokePolicy: {FunctionName: !Ref Hello}]
  Kept:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
Outputs:
  Function: {Value: !Ref Hello, Description: say hello}
  Machine: {Value: !Ref Machine}
"""
MACHINE = """\
StartAt: Say
States:
  Say: {Type: Task, Resource: "${Function}", End: true}
"""
CODE = """\
import os
def handler(event, context):
    print("saying", event["name"])
    return f"{os.environ['GREETING']}, {event['name']}!"
"""


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


@pytest.fixture
def run(segue: Segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> Said:
        status = main([*arguments, "--endpoint-url", segue.endpoint_url])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return command


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "greeter"
    (folder / "code").mkdir(parents=True)
    (folder / "template.yaml").write_text(APP)
    (folder / "machine.asl.yaml").write_text(MACHINE)
    (folder / "code/app.py").write_text(CODE)
    return folder


def outputs(segue: Segue, stack: str) -> dict[str, str]:
    found = segue.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def said_by_machine(segue: Segue, stack: str) -> Any:
    states = segue.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=outputs(segue, stack)["Machine"], input='{"name": "Ada"}')
    segue.settle()
    return json.loads(states.describe_execution(executionArn=arn["executionArn"])["output"])


def test_an_application_lives_its_life(run: Command, segue: Segue, app: Path) -> None:
    deployed = run("deploy", str(app), "--parameter", "Greeting=Hi", "--tag", "team=orders")
    assert (deployed.status, deployed.err) == (0, "")
    assert "greeter: CREATE_COMPLETE" in deployed.out
    assert "AWS::StepFunctions::StateMachine" in deployed.out
    assert "say hello" in deployed.out
    assert said_by_machine(segue, "greeter") == "Hi, Ada!"

    again = run("deploy", str(app / "template.yaml"))
    assert again.status == 0
    assert "nothing has changed" in again.out
    assert "uploaded 0" in again.out

    (app / "code/app.py").write_text(CODE.replace("!", "?"))
    assert "UPDATE_COMPLETE" in run("deploy", str(app)).out
    assert said_by_machine(segue, "greeter") == "Hi, Ada?"

    status = run("status", "greeter")
    assert status.status == 0
    assert "AWS::SQS::Queue" in status.out
    assert outputs(segue, "greeter")["Function"] in status.out
    assert json.loads(run("status", "greeter", "--json").out)["status"] == "UPDATE_COMPLETE"
    assert "greeter" in run("status").out

    logs = run("logs", "greeter", "--since", "3000w", "--quiet", "--filter", "saying").out.splitlines()
    assert [line.split(None, 1)[1] for line in logs] == ["Hello  saying Ada"] * 2
    assert "START RequestId" in run("logs", outputs(segue, "greeter")["Function"], "--since", "3000w").out

    deleted = run("delete", "greeter", "--yes")
    assert deleted.status == 0
    assert "retained: AWS::SQS::Queue" in deleted.out
    assert "DELETE_COMPLETE" in deleted.out
    segue.advance(1)
    gone = run("status", "greeter")
    assert gone.status == 1
    assert "does not exist" in gone.err


def test_a_missing_parameter_is_named_with_its_description(run: Command, app: Path) -> None:
    refused = run("deploy", str(app), "--stack-name", "never")
    assert refused.status == 2
    assert "Greeting (String)  what to say" in refused.err
    assert "--parameter Greeting=" in refused.err
    unknown = run("deploy", str(app), "--stack-name", "never", "-p", "Greeting=x", "-p", "Greting=x")
    assert unknown.status == 2
    assert "no parameter Greting; it has Greeting" in unknown.err


def test_samconfig_is_honoured(run: Command, segue: Segue, app: Path) -> None:
    (app / "samconfig.toml").write_text(
        "[default.deploy.parameters]\nstack_name = 'configured'\nparameter_overrides = 'Greeting=\"Good day\"'\n"
    )
    assert run("deploy", str(app)).status == 0
    assert said_by_machine(segue, "configured") == "Good day, Ada!"


def test_a_failure_tells_why_and_the_next_deployment_begins_anew(run: Command, segue: Segue, tmp_path: Path) -> None:
    template = tmp_path / "queues.yaml"
    queue = "Resources:\n  A: {Type: AWS::SQS::Queue}\n  B: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: %s}}\n"
    template.write_text(queue % "9000")
    failed = run("deploy", str(template))
    assert failed.status == 1
    assert "queues: ROLLBACK_COMPLETE" in failed.out
    assert "B (AWS::SQS::Queue):" in failed.err
    assert "DelaySeconds" in failed.err
    assert "deploy again" in failed.err
    assert run("status", "queues").status == 1
    template.write_text(queue % "9")
    assert "queues: CREATE_COMPLETE" in run("deploy", str(template)).out
    template.write_text(queue % "9000")
    failed = run("deploy", str(template))
    assert failed.status == 1
    assert "Everything stands as before" in failed.err


def test_nested_stacks_are_packaged_and_their_reasons_told(run: Command, segue: Segue, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    inner = tmp_path / "parts/inner.yaml"
    (tmp_path / "parts/code").mkdir()
    (tmp_path / "parts/code/app.py").write_text(CODE)
    inner.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.12}\n"
        "Outputs: {Name: {Value: !Ref Fn}}\n"
    )
    outer = tmp_path / "outer.yaml"
    outer.write_text(
        "Resources:\n  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: parts/inner.yaml}}\n"
        "Outputs: {Name: {Value: !GetAtt Inner.Outputs.Name}}\n"
    )
    assert run("deploy", str(outer)).status == 0
    segue.client("lambda").get_function(FunctionName=outputs(segue, "outer")["Name"])
    inner.write_text("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: -3}}}")
    outer.write_text(
        "Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: parts/inner.yaml}}}"
    )
    failed = run("deploy", str(outer), "--stack-name", "outer2")
    assert failed.status == 1
    assert "Inner / Q (AWS::SQS::Queue):" in failed.err


def test_a_large_template_goes_by_the_bucket(run: Command, tmp_path: Path) -> None:
    template = tmp_path / "large.json"
    resources = {f"Handle{number}": {"Type": "AWS::CloudFormation::WaitConditionHandle"} for number in range(20)}
    template.write_text(json.dumps({"Metadata": {"words": "x" * 60_000}, "Resources": resources}))
    assert "large: CREATE_COMPLETE" in run("deploy", str(template)).out


def test_what_cannot_be_read_is_told(run: Command, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("a: [")
    broken = run("deploy", str(tmp_path))
    assert broken.status == 1
    assert "not well-formed" in broken.err
    (tmp_path / "template.yaml").write_text(
        "Resources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: template.yaml}}}"
    )
    (tmp_path / "cache").write_text("no folder")
    unwritable = run("deploy", str(tmp_path))
    assert unwritable.status == 1
    assert "segue: " in unwritable.err
    assert run("delete", "nothing").status == 1
    assert "no stack, function or log group" in run("logs", "nothing").err


def test_nobody_there_is_told_in_words(capsys: pytest.CaptureFixture[str], app: Path) -> None:
    for command in (["status"], ["logs"], ["delete", "x", "--yes"], ["deploy", str(app), "-p", "Greeting=x"]):
        assert main([*command, "--endpoint-url", "http://127.0.0.1:9"]) == 1
        assert "segue serve" in capsys.readouterr().err
