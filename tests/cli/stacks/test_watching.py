"""What is seen of changed files, and what is deployed of them."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.cli.stacks.deploy import Project, add, deploy, project_of
from segue.cli.stacks.packaging import Asset
from segue.cli.stacks.recipes import Code
from segue.cli.stacks.watching import Watch, swappable, watch
from segue.testing import Segue

FUNCTION = "AWS::Serverless::Function"


def touch(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_changes_are_seen_once(tmp_path: Path) -> None:
    code, template = tmp_path / "code", tmp_path / "template.yaml"
    touch(code / "app.py", "1")
    touch(template, "1")
    watched = Watch((code, template))
    assert watched.changed() == set()
    touch(code / "lib/more.py", "2")
    assert watched.changed() == {code}
    assert watched.changed() == set()
    os.utime(template, ns=(1, 1))
    (code / "app.py").unlink()
    assert watched.changed() == {code, template}
    touch(code / "__pycache__/app.pyc", "3")
    touch(code / "node_modules/a/index.js", "3")
    assert watched.changed() == set()
    template.unlink()
    assert watched.changed() == {template}


def asset(name: str, path: str, type_name: str = FUNCTION, *, published: bool = False, built: bool = True) -> Asset:
    code = Code(name, Path(path)) if built else None
    return Asset(name, type_name, Path(path), "zip", code, published)


ASSETS = [
    asset("A", "shared"),
    asset("B", "shared"),
    asset("C", "other"),
    asset("Live", "live", published=True),
    asset("Layer", "layer", "AWS::Serverless::LayerVersion"),
    asset("Machine", "machine.json", "AWS::Serverless::StateMachine", built=False),
]


@pytest.mark.parametrize(
    ("changed", "swapped"),
    [
        (["shared"], ["A", "B"]),
        (["shared", "other"], ["A", "B", "C"]),
        (["live"], None),
        (["layer"], None),
        (["machine.json"], None),
        (["other", "machine.json"], None),
        (["template.yaml"], None),
    ],
)
def test_only_code_of_functions_is_swapped(changed: list[str], swapped: list[str] | None) -> None:
    found = swappable(ASSETS, {Path(path) for path in changed})
    assert (None if found is None else [one.logical_id for one in found]) == swapped


TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.12, FunctionName: hello}
"""


def project(segue: Segue, folder: Path) -> Project:
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers())
    return project_of(parser.parse_args(["deploy", str(folder), "--endpoint-url", segue.endpoint_url]))


def test_what_changes_is_deployed(
    segue: Segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    app = tmp_path / "app"
    touch(app / "template.yaml", TEMPLATE)
    touch(app / "code/app.py", "def handler(event, context): return 1\n")
    lambda_ = segue.client("lambda")

    def answer() -> object:
        return json.loads(lambda_.invoke(FunctionName="hello")["Payload"].read())

    def timeout() -> object:
        return lambda_.get_function_configuration(FunctionName="hello")["Timeout"]

    answers: list[object] = []

    def change_code() -> None:
        touch(app / "code/app.py", "def handler(event, context): return 2\n#\n")

    def change_template() -> None:
        answers.append(answer())
        touch(app / "template.yaml", TEMPLATE.replace("hello}", "hello, Timeout: 17}"))

    def break_template() -> None:
        answers.append(timeout())
        touch(app / "template.yaml", "a: [")

    def stop() -> None:
        raise KeyboardInterrupt

    steps: list[Callable[[], None]] = [change_code, change_template, break_template, stop]
    looks = 0

    def pause(seconds: float) -> None:
        """Something new at every third look, when the last change is done with."""
        nonlocal looks
        looks += 1
        if looks % 3 == 1:
            steps.pop(0)()

    chosen = project(segue, app)
    assert deploy(chosen) == 0
    watch(chosen, pause)
    assert (answers, answer()) == ([2, 17], 2)
    said = capsys.readouterr().out
    assert "Hello: code swapped in" in said
    assert "app: UPDATE_COMPLETE" in said
    assert "not well-formed" in said
