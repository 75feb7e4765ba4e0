"""Functions as tasks: how they are named, what they are sent, what they answer, how they fail."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from segue.services.states.integrations.optimized import function_error
from segue.testing import Segue
from tests.services.states.machines import ROLE, House, task

FUNCTION = """
import time

def handler(event, context):
    if event == "large":
        return "x" * 300_000
    if event == "sleep":
        time.sleep(60)
    if event == "deep":
        raise RuntimeError("é" * 10)
    if event == "endless":
        raise type("Name" * 100, (Exception,), {})("x" * 100_000)
    return {"got": event, "version": context.function_version}
"""


@pytest.fixture
def function(segue: Segue) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", FUNCTION)
    client = segue.client("lambda")
    settings = {"Runtime": "python3.12", "Role": ROLE, "Handler": "code.handler", "Timeout": 1}
    made = client.create_function(FunctionName="f", Code={"ZipFile": archive.getvalue()}, **settings)
    version = client.publish_version(FunctionName="f")["Version"]
    client.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    return str(made["FunctionArn"])


def invoke(house: House, parameters: dict[str, Any], **more: Any) -> str:
    name = str(abs(hash(json.dumps([parameters, more]))))
    return house.start(house.machine(task("lambda:invoke", parameters, **more), name=f"m{name}"), {"text": "1"})


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("payload", "got"),
    [
        ({"a": 1.0}, {"a": 1.0}),
        ([1], [1]),
        ("plain", "plain"),
        ('"quoted"', "quoted"),
        ('{"a": 1}', {"a": 1}),
        (None, {}),
        (7, 7),
    ],
)
def test_what_the_function_is_sent(house: House, payload: Any, got: Any) -> None:
    result = house.output(invoke(house, {"FunctionName": "f", "Payload": payload}))
    assert result["Payload"]["got"] == got


def test_the_function_is_named_in_many_ways(house: House, function: str) -> None:
    forms = {
        "f": "$LATEST",
        function: "$LATEST",
        "000000000000:function:f": "$LATEST",
        "f:live": "1",
        f"{function}:1": "1",
        f"{function}:live": "1",
    }
    for name, version in forms.items():
        result = house.output(invoke(house, {"FunctionName": name}))
        assert (result["Payload"]["version"], result["ExecutedVersion"]) == (version, version)
    result = house.output(invoke(house, {"FunctionName": "f", "Qualifier": "live"}))
    assert result["ExecutedVersion"] == "1"
    assert result["SdkHttpMetadata"]["HttpHeaders"]["X-Amz-Executed-Version"] == "1"
    state = {"Type": "Task", "Resource": f"{function}:live", "End": True}
    assert house.output(house.start(house.machine(state, name="by-arn")))["version"] == "1"


@pytest.mark.usefixtures("function")
def test_an_event_is_not_waited_for(house: House) -> None:
    result = house.output(invoke(house, {"FunctionName": "f", "InvocationType": "Event", "Payload": {}}))
    assert (result["StatusCode"], "ExecutedVersion" in result) == (202, False)


def test_how_functions_fail(house: House, function: str) -> None:
    direct = {"Type": "Task", "Resource": function, "InputPath": "$.event", "End": True}
    by_arn = house.machine(direct, name="by-arn")
    for event, error, words in (
        ("large", "States.DataLimitExceeded", "a size exceeding the maximum number of bytes service limit"),
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("deep", "RuntimeError", "é" * 10),
    ):
        for arn in (invoke(house, {"FunctionName": "f", "Payload": event}), house.start(by_arn, {"event": event})):
            failure = house.failure(arn)
            assert (failure[0], words in failure[1]) == (error, True)


@pytest.mark.usefixtures("function")
def test_what_a_function_says_is_cut_as_histories_do(house: House) -> None:
    error, cause = house.failure(invoke(house, {"FunctionName": "f", "Payload": "endless"}))
    assert (len(error), len(cause)) == (256, 32_768)


@pytest.mark.parametrize("event", ["1", '"quoted"', "plain", 1.0, [None]])
def test_by_its_arn_a_function_gets_the_input_as_it_is(house: House, function: str, event: Any) -> None:
    state = {"Type": "Task", "Resource": function, "End": True}
    assert house.output(house.start(house.machine(state), event))["got"] == event


def test_a_function_that_is_busy_throttles(house: House, function: str) -> None:
    house.segue.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    error, cause = house.failure(invoke(house, {"FunctionName": "f"}))
    assert error == "Lambda.TooManyRequestsException"
    assert "(Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: " in cause
    state = {"Type": "Task", "Resource": function, "End": True}
    assert house.failure(house.start(house.machine(state, name="by-arn")))[0] == "Lambda.TooManyRequestsException"


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ('{"errorMessage":"m"}', "Lambda.Unknown"),
        ("[1]", "Lambda.Unknown"),
        ("no json", "Lambda.Unknown"),
        ('{"errorType":7}', "Lambda.Unknown"),
        ('{"errorType":"Mine"}', "Mine"),
    ],
)
def test_an_error_without_a_type(payload: str, error: str) -> None:
    told = function_error(payload)
    assert told.error == error
    unknown = "The cause could not be determined because Lambda did not return an error type. Returned payload: "
    assert told.cause == (payload if error == "Mine" else unknown + payload)
