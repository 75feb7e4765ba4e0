"""Every member of definitions that use every field, put at every other kind of value: refused, or run to its end."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz.lives import live

_RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1.5}
_CATCH = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Last"}


def _level(name: str) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}


_JSONPATH = {
    "Comment": "c",
    "StartAt": "Task",
    "TimeoutSeconds": 60,
    "States": {
        "Task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "ResultSelector": {"a.$": "$.Payload"},
            "TimeoutSeconds": 9,
            "HeartbeatSeconds": 3,
            "Retry": [{**_RETRY, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}],
            "Catch": [_CATCH],
            "Assign": {"v.$": "$"},
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [
                {"And": [{"Variable": "$.x", "IsPresent": True}, {"Variable": "$.x", "IsNull": True}], "Next": "Wait"},
                {"Not": {"Variable": "$.y", "StringEquals": "a"}, "Next": "Map"},
            ],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "InputPath": "$", "OutputPath": "$", "Next": "Map"},
        "Map": {
            "Type": "Map",
            "InputPath": "$",
            "ItemsPath": "$",
            "ItemSelector": {"i.$": "$$.Map.Item.Value"},
            "MaxConcurrency": 1,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **_level("A")},
            "ResultPath": "$.r",
            "Catch": [_CATCH],
            "Next": "Parallel",
        },
        "Parallel": {
            "Type": "Parallel",
            "Branches": [_level("B")],
            "Retry": [_RETRY],
            "Catch": [_CATCH],
            "Next": "Pass",
        },
        "Pass": {"Type": "Pass", "Result": {"a": 1}, "ResultPath": "$.p", "Next": "Last"},
        "Last": {"Type": "Fail", "Error": "E", "Cause": "c"},
    },
}
_JSONATA = {
    "QueryLanguage": "JSONata",
    "StartAt": "Task",
    "States": {
        "Task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {"QueueUrl": "u", "MessageBody": "{% $states.input %}"},
            "Output": "{% $states.result %}",
            "Assign": {"v": "{% 1 %}"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Map"}],
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $v = 1 %}", "Assign": {"w": 1}, "Output": 1, "Next": "Map"}],
            "Default": "Map",
        },
        "Map": {"Type": "Map", "Items": [1, 2], "ItemProcessor": _level("C"), "Output": 1, "Next": "Runs"},
        "Runs": {
            "Type": "Map",
            "Label": "l",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON", "MaxItems": 3},
                "Arguments": {"Bucket": "b", "Key": "k"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"a": 1}},
            "ToleratedFailureCount": 1,
            "ToleratedFailurePercentage": 5,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **_level("D")},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Arguments": {"Bucket": "b", "Prefix": "p"},
                "WriterConfig": {"OutputType": "JSON", "Transformation": "NONE"},
            },
            "Next": "Parallel",
        },
        "Parallel": {"Type": "Parallel", "Arguments": {"a": 1}, "Branches": [_level("E")], "End": True},
    },
}
_OTHER_VALUES: tuple[Any, ...] = (None, True, 3, -1, 1.5, "", "x", "$", "{% $ %}", [], [None], [1], {}, {"a": None})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values below this one."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def _with(definition: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(definition)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@pytest.mark.parametrize("definition", [_JSONPATH, _JSONATA], ids=["JSONPath", "JSONata"])
def test_a_definition_as_it_is_runs(definition: Any) -> None:
    assert live(definition, {"x": 1}, 1, 100, 3) in ("SUCCEEDED", "FAILED", "RUNNING", "TIMED_OUT", "ABORTED")


@pytest.mark.parametrize("definition", [_JSONPATH, _JSONATA], ids=["JSONPath", "JSONata"])
@pytest.mark.parametrize("value", _OTHER_VALUES, ids=json.dumps)
def test_no_member_of_another_kind_breaks_the_engine(definition: Any, value: Any) -> None:
    for path in places(definition):
        changed = _with(definition, path, value)
        try:
            live(changed, {"x": 1}, 1, 100, 1000)
        except Exception as error:
            raise AssertionError(f"{path} as {value!r}") from error
