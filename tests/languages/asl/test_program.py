"""Compiling definitions, and what a Task's Resource means."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages import asl
from segue.languages.asl.resources import parse_resource
from tests.languages.asl.harness import Harness, machine

_PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def test_levels_are_numbered_breadth_first_and_always_alike() -> None:
    inner = {"Type": "Parallel", "Branches": [_PASS, _PASS], "End": True}
    outer = {"Type": "Parallel", "Branches": [{"StartAt": "I", "States": {"I": inner}}, _PASS], "End": True}
    definition = {"StartAt": "O", "States": {"O": outer}}
    first, second = asl.compile(definition), asl.compile(definition)
    assert [level.start_at for level in first.levels] == ["O", "I", "P", "P", "P"]
    assert [list(level.states) for level in first.levels] == [list(level.states) for level in second.levels]


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (machine(("T", {"Type": "Task", "Resource": "arn:aws:s3:::bucket"})), "arn:aws:s3:::bucket"),
        (machine(("T", {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.later"})), "'later'"),
    ],
)
def test_what_is_not_run_yet_is_named(definition: dict[str, Any], words: str) -> None:
    with pytest.raises(asl.NotYet, match=words.replace("'", ".")):
        asl.compile(definition)


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(asl.InvalidExpression):
        asl.compile(machine(("S", {"Type": "Pass", "InputPath": "not a path"})))


@pytest.mark.parametrize(
    ("arn", "type", "name", "pattern"),
    [
        ("arn:aws:lambda:us-east-1:1:function:f", "lambda", "arn:aws:lambda:us-east-1:1:function:f", "lambda"),
        ("arn:aws:lambda:us-east-1:1:function:f:7", "lambda", "arn:aws:lambda:us-east-1:1:function:f:7", "lambda"),
        ("arn:aws:states:us-east-1:1:activity:a", "activity", "arn:aws:states:us-east-1:1:activity:a", "activity"),
        ("arn:aws:states:::lambda:invoke", "lambda", "invoke", "request-response"),
        ("arn:aws:states:::aws-sdk:dynamodb:putItem", "aws-sdk:dynamodb", "putItem", "request-response"),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "sqs",
            "sendMessage.waitForTaskToken",
            "waitForTaskToken",
        ),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2", "sync:2"),
        ("arn:aws-cn:states:::states:startExecution.sync", "states", "startExecution.sync", "sync"),
    ],
)
def test_resources(arn: str, type: str, name: str, pattern: str) -> None:
    resource = parse_resource(arn)
    assert (resource.arn, resource.type, resource.name, resource.pattern) == (arn, type, name, pattern)


def test_ten_thousand_states_in_a_row_are_no_depth() -> None:
    names = [f"S{index}" for index in range(10_000)]
    definition = machine(*((name, {"Type": "Pass"}) for name in names))
    harness = Harness(definition, "[1]").run()
    assert harness.status == "SUCCEEDED"
    assert len(harness.events) == 2 * len(names) + 2
    assert len(harness.steps) == 10_000 // 1000


def test_deeply_nested_parallels() -> None:
    definition = _PASS
    for depth in range(30):
        state = {"Type": "Parallel", "Branches": [definition], "End": True}
        definition = {"StartAt": f"D{depth}", "States": {f"D{depth}": state}}
    harness = Harness(definition, "1").run()
    expected: Any = 1
    for _ in range(30):
        expected = [expected]
    assert harness.output == expected
