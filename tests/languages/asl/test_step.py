"""Pass, Choice, Wait, Succeed, Fail; data flow; variables; the context object; commands that come late."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages import asl
from segue.languages.asl import json_text
from segue.languages.asl.history import MAX_EVENTS
from tests.languages.asl.harness import START_MS, Harness, machine, meta


def run(state: dict[str, Any], input_text: str = "{}", **harness: Any) -> Harness:
    return Harness(machine(("S", state)), input_text, **harness).run()


@pytest.mark.parametrize(
    ("fields", "input_text", "output_text"),
    [
        ({}, '{"a": 1.0}', '{"a": 1.0}'),
        ({"Result": {"b": 2}}, "{}", '{"b":2}'),
        ({"InputPath": "$.a"}, '{"a": [1, 2]}', "[1,2]"),
        ({"InputPath": None}, '{"a":1}', "{}"),
        ({"OutputPath": None}, '{"a":1}', "{}"),
        ({"OutputPath": "$.a"}, '{"a":18446744073709551616}', "18446744073709551616"),
        ({"Parameters": {"x.$": "$.a", "y": 1}}, '{"a":1.0}', '{"x":1.0,"y":1}'),
        ({"InputPath": "$.a", "Parameters": {"x.$": "$.b"}}, '{"a":{"b":3}}', '{"x":3}'),
        ({"Result": 1, "ResultPath": "$.r"}, '{"z":0,"a":1}', '{"z":0,"a":1,"r":1}'),
        ({"Result": 1, "ResultPath": "$.r.s"}, "{}", '{"r":{"s":1}}'),
        ({"Result": 1, "ResultPath": None}, '{"a":1}', '{"a":1}'),
        ({"InputPath": "$.a", "Result": 1, "ResultPath": "$.r"}, '{"a":0}', '{"a":0,"r":1}'),
        ({"Result": {"r": 5}, "OutputPath": "$.r"}, "{}", "5"),
        ({"Parameters": {"id.$": "$$.Execution.Name", "s.$": "$$.State.Name"}}, "{}", '{"id":"run-1","s":"S"}'),
    ],
)
def test_data_flow(fields: dict[str, Any], input_text: str, output_text: str) -> None:
    harness = run({"Type": "Pass", **fields}, input_text)
    assert harness.status == "SUCCEEDED", harness.cause
    assert harness.last is not None
    assert harness.last.output_text == output_text


@pytest.mark.parametrize(
    ("fields", "input_text", "error", "cause"),
    [
        ({"InputPath": "$.a"}, "{}", "States.Runtime", "Invalid path '$.a' : No results for path: $['a']"),
        ({"InputPath": "$.a.b"}, "{}", "States.Runtime", "Invalid path '$.a.b' : Missing property in path $['a']"),
        ({"OutputPath": "$.a"}, "{}", "States.Runtime", "Invalid path '$.a' : No results for path: $['a']"),
        (
            {"ResultPath": "$.a", "Result": 1},
            '"text"',
            "States.ResultPathMatchFailure",
            'Unable to apply ReferencePath $.a to input "text"',
        ),
        (
            {"Parameters": {"x.$": "$.a"}},
            '{"b":1}',
            "States.Runtime",
            "The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{\"b\":1}'",
        ),
    ],
)
def test_failures_of_data_flow(fields: dict[str, Any], input_text: str, error: str, cause: str) -> None:
    harness = run({"Type": "Pass", **fields}, input_text)
    where = "An error occurred while executing the state 'S' (entered at the event id #2)."
    assert (harness.status, harness.error, harness.cause) == ("FAILED", error, f"{where} {cause}")
    assert harness.chain == [(1, 0, "ExecutionStarted"), (2, 0, "PassStateEntered"), (3, 2, "ExecutionFailed")]


def test_a_choice_that_leads_nowhere() -> None:
    rule = {"Variable": "$.a", "NumericEquals": 2, "Next": "S"}
    harness = run({"Type": "Choice", "Choices": [rule]}, '{"a":1}')
    assert harness.error == "States.Runtime"
    assert harness.cause is not None
    assert harness.cause.endswith("Failed to transition out of the state. The state does not point to a next state.")


def test_choice_takes_the_first_rule_that_is_true() -> None:
    rules = [{"Variable": "$.a", "NumericGreaterThan": floor, "Next": f"Over{floor}"} for floor in (10, 5, 1)]
    ends = {f"Over{floor}": {"Type": "Pass", "Result": floor, "End": True} for floor in (10, 5, 1)}
    choice = {"Type": "Choice", "Choices": rules, "Default": "None"}
    states = {"C": choice, "None": {"Type": "Succeed"}, **ends}
    outputs = [Harness({"StartAt": "C", "States": states}, f'{{"a":{a}}}').run().output for a in (11, 7, 2)]
    assert outputs == [10, 5, 1]


def test_the_text_of_a_payload_is_shared_between_exited_and_entered() -> None:
    harness = Harness(machine(*((name, {"Type": "Pass"}) for name in "ABC")), '{"a" : 1}').run()
    texts = [event.details.get("input") or event.details.get("output") for event in harness.events if event.details]
    assert all(text is texts[0] for text in texts)


@pytest.mark.parametrize(
    ("fields", "input_text", "seconds"),
    [
        ({"Seconds": 10}, "{}", 10),
        ({"SecondsPath": "$.s"}, '{"s":3}', 3),
        ({"Timestamp": "2023-11-14T22:14:20Z"}, "{}", 60),
        ({"TimestampPath": "$.t"}, '{"t":"2023-11-15T00:13:21.500+02:00"}', 1.5),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, "{}", 0),
        ({"Seconds": 0}, "{}", 0),
        ({"InputPath": "$.in", "SecondsPath": "$.s"}, '{"in":{"s":2}}', 2),
    ],
)
def test_wait(fields: dict[str, Any], input_text: str, seconds: float) -> None:
    harness = run({"Type": "Wait", **fields}, input_text)
    assert harness.types == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    assert harness.events[2].timestamp_ms == START_MS + seconds * 1000


def test_fail_with_paths() -> None:
    harness = run({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}, '{"e":"E","c":"C"}')
    assert (harness.error, harness.cause) == ("E", "C!")


def test_variables_are_seen_by_the_states_after() -> None:
    harness = Harness(
        machine(
            ("A", {"Type": "Pass", "Result": {"n": 1}, "Assign": {"n.$": "$.n", "text": "t"}}),
            ("B", {"Type": "Pass", "Assign": {"n": 2, "old.$": "$n"}, "Parameters": {"n.$": "$n"}}),
            ("C", {"Type": "Pass", "Parameters": {"n.$": "$n", "old.$": "$old", "t.$": "$text"}}),
        ),
        is_reloaded=True,
    ).run()
    assert harness.output == {"n": 2, "old": 1, "t": "t"}
    assert harness.events[2].details == {
        "name": "A",
        "output": '{"n":1}',
        "outputDetails": {"truncated": False},
        "assignedVariables": {"n": "1", "text": '"t"'},
        "assignedVariablesDetails": {"truncated": False},
    }


def test_stop_and_the_machines_timeout_follow_no_event() -> None:
    waiting = machine(("W", {"Type": "Wait", "Seconds": 30}), TimeoutSeconds=3)
    stopped = Harness(waiting)
    stopped.send(asl.Start())
    result = stopped.send(asl.Stop("Manual", "probe"))
    assert (result.status, result.error, result.cause, result.stop_ms) == ("ABORTED", "Manual", "probe", START_MS)
    assert stopped.chain[-1] == (3, 0, "ExecutionAborted")
    assert stopped.timers == {}
    timed_out = Harness(waiting)
    timed_out.send(asl.Start())
    timed_out.now_ms += 3456
    timed_out.send(asl.FireTimer(asl.EXECUTION, "execution"))
    assert timed_out.last is not None
    assert (timed_out.status, timed_out.error, timed_out.cause) == ("TIMED_OUT", None, None)
    assert timed_out.last.stop_ms == START_MS + 3000
    assert timed_out.chain[-1] == (3, 0, "ExecutionTimedOut")
    assert timed_out.events[-1].details == {"error": "States.Timeout"}


def test_an_express_execution_ends_after_five_minutes() -> None:
    definition = machine(("W", {"Type": "Wait", "Seconds": 3000}), TimeoutSeconds=900)
    harness = Harness(definition, execution=meta(kind="EXPRESS")).run()
    assert harness.last is not None
    assert (harness.status, harness.last.stop_ms) == ("TIMED_OUT", START_MS + 300_000)


def test_history_ends_with_event_25000() -> None:
    loop = machine(("A", {"Type": "Pass", "Next": "B"}), ("B", {"Type": "Pass", "Next": "A"}))
    harness = Harness(loop).run()
    assert (harness.status, harness.error) == ("FAILED", "States.Runtime")
    assert harness.cause == "The execution reached the maximum number of history events (25000)."
    assert [event.id for event in harness.events] == list(range(1, MAX_EVENTS + 1))
    assert harness.types.count("ExecutionFailed") == 1


@pytest.mark.parametrize(("characters", "status"), [(262_142, "SUCCEEDED"), (262_143, "FAILED")])
def test_an_output_may_have_256_kib(characters: int, status: str) -> None:
    harness = run({"Type": "Pass", "Result": "a" * characters})
    assert harness.status == status
    if status == "FAILED":
        assert harness.error == "States.DataLimitExceeded"
        assert harness.types[-2:] == ["PassStateEntered", "ExecutionFailed"]


def test_bytes_count_not_characters() -> None:
    assert run({"Type": "Pass", "Result": "é" * 131_072}).error == "States.DataLimitExceeded"
    assert run({"Type": "Pass", "Result": "é" * 131_071}).status == "SUCCEEDED"


def test_a_payload_that_grows_too_deep_fails_the_execution() -> None:
    deeper = {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "D"}
    harness = Harness({"StartAt": "D", "States": {"D": deeper}}).run()
    assert (harness.status, harness.error) == ("FAILED", "States.Runtime")
    assert harness.types[-1] == "ExecutionFailed"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)
_PATHS = st.sampled_from(["$", "$.a", "$.a.b", "$[0]", "$.a[1]", "$..b", "$.a[*]", "$$", "$$.Execution.Input.a", "$v"])
_WRITABLE = st.sampled_from(["$", "$.a", "$.a.b", "$.c.d.e", None])
_STATES = st.one_of(
    st.fixed_dictionaries(
        {"Type": st.just("Pass")},
        optional={"InputPath": _PATHS, "ResultPath": _WRITABLE, "OutputPath": _PATHS, "Result": _VALUES},
    ),
    st.fixed_dictionaries({"Type": st.just("Pass"), "Parameters": st.fixed_dictionaries({"x.$": _PATHS})}),
    st.fixed_dictionaries({"Type": st.just("Pass"), "Assign": st.fixed_dictionaries({"v.$": _PATHS})}),
    st.fixed_dictionaries({"Type": st.just("Wait"), "SecondsPath": _PATHS}),
    st.fixed_dictionaries({"Type": st.just("Wait"), "TimestampPath": _PATHS}),
    st.fixed_dictionaries({"Type": st.just("Fail"), "ErrorPath": _PATHS, "CausePath": _PATHS}),
    st.fixed_dictionaries(
        {
            "Type": st.just("Map"),
            "ItemsPath": _PATHS,
            "ItemProcessor": st.just(machine(("I", {"Type": "Pass", "OutputPath": "$.a"}))),
            "MaxConcurrencyPath": _PATHS,
        },
        optional={"ItemSelector": st.fixed_dictionaries({"x.$": _PATHS})},
    ),
    st.fixed_dictionaries(
        {
            "Type": st.just("Task"),
            "Resource": st.just("arn:aws:lambda:us-east-1:1:function:f"),
            "TimeoutSecondsPath": _PATHS,
        },
        optional={"ResultPath": _WRITABLE, "Parameters": st.fixed_dictionaries({"x.$": _PATHS})},
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_STATES, min_size=1, max_size=3), _VALUES)
def test_whatever_the_input_an_execution_comes_to_an_end(states: list[dict[str, Any]], value: Any) -> None:
    definition = machine(*((f"S{index}", dict(state)) for index, state in enumerate(states)))
    harness = Harness(definition, json_text.dump(value), is_reloaded=True).run()
    assert harness.status in ("SUCCEEDED", "FAILED")
    assert harness.types[-1] in ("ExecutionSucceeded", "ExecutionFailed")


def test_commands_that_do_not_fit() -> None:
    harness = Harness(machine(("W", {"Type": "Wait", "Seconds": 5})))
    with pytest.raises(ValueError, match="PENDING"):
        harness.send(asl.Stop())
    harness.send(asl.Start())
    with pytest.raises(ValueError, match="RUNNING"):
        harness.send(asl.Start())


def test_late_commands_change_nothing() -> None:
    harness = Harness(machine(("W", {"Type": "Wait", "Seconds": 5}), ("V", {"Type": "Wait", "Seconds": 5})))
    harness.send(asl.Start())
    late: list[asl.Command] = [
        asl.FireTimer((1, 1), "retry"),
        asl.FireTimer((1, 2), "wait"),
        asl.FireTimer((9, 1), "wait"),
        asl.CompleteTask((1, 1), "{}"),
        asl.FailTask((1, 1)),
        asl.Heartbeat((1, 1)),
        asl.TaskStarted((1, 1)),
        asl.Continue(),
    ]
    for command in late:
        result = harness.send(command)
        assert (result.events, result.actions, result.journal, result.status) == ([], [], {}, "RUNNING")
    harness.send(asl.FireTimer((1, 1), "wait"))
    assert harness.send(asl.FireTimer((1, 1), "wait")).journal == {}
    harness.run()
    assert harness.status == "SUCCEEDED"
    assert harness.send(asl.Stop()) == asl.Step("SUCCEEDED")


def test_chance_and_tokens_come_from_the_seed() -> None:
    definition = machine(("U", {"Type": "Pass", "Parameters": {"u.$": "States.UUID()", "v.$": "States.UUID()"}}))
    one, same = Harness(definition).run().output, Harness(definition).run().output
    other = Harness(definition, execution=meta(seed=43)).run().output
    assert one == same != other
    assert one["u"] != one["v"]


def test_the_executions_input_is_parsed_once() -> None:
    """Each of a Map's thousand iterations may ask for it."""
    tree = Harness(machine(("S", {"Type": "Pass"})), '{"n": [1, 2.0]}').tree
    assert tree.execution_input == {"n": [1, 2.0]}
    assert tree.execution_input is tree.execution_input
