"""What executions log. Recorded: sfn-logs/*, sfn-express/express_async__*."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.history import HistoryEvent
from segue.services.states.execution_logs import PAYLOAD_BYTES, is_logged, message
from segue.testing import Segue
from tests.services.states.machines import ROLE, House, refusal
from tests.services.states.test_express import nothing_is_left

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:states:*"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"n": 1}, "End": True}}}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
WAIT = {
    "StartAt": "A",
    "States": {"A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Pass", "End": True}},
}


@pytest.fixture(autouse=True)
def group(segue: Segue) -> None:
    segue.client("logs").create_log_group(logGroupName="states")


def logged_to(level: str = "ALL", data: bool = True) -> dict[str, Any]:
    return {
        "level": level,
        "includeExecutionData": data,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
    }


def define(house: House, definition: dict[str, Any], kind: str = "STANDARD", **logging: Any) -> str:
    made = house.states.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=ROLE, type=kind, loggingConfiguration=logged_to(**logging)
    )
    return str(made["stateMachineArn"])


def lines(house: House) -> list[dict[str, Any]]:
    found = house.segue.client("logs").filter_log_events(logGroupName="states")["events"]
    assert all(event["logStreamName"].startswith("states/m/2023-11-14-22-00/") for event in found)
    return [json.loads(event["message"]) for event in found]


def test_a_standard_execution_in_full(house: House) -> None:
    arn = house.start(define(house, PASS), {"a": "ö"})
    shared = {"event_timestamp": "1700000000000", "execution_arn": arn, "redrive_count": "0"}
    whole = {"truncated": False}
    assert lines(house) == [
        {
            "id": "1",
            "type": "ExecutionStarted",
            "details": {"input": '{"a": "\\u00f6"}', "inputDetails": whole, "roleArn": ROLE},
            "previous_event_id": "0",
            **shared,
        },
        {
            "id": "2",
            "type": "PassStateEntered",
            "details": {"name": "A", "input": '{"a": "\\u00f6"}', "inputDetails": whole},
            "previous_event_id": "0",
            **shared,
        },
        {
            "id": "3",
            "type": "PassStateExited",
            "details": {"name": "A", "output": '{"n":1}', "outputDetails": whole},
            "previous_event_id": "2",
            **shared,
        },
        {
            "id": "4",
            "type": "ExecutionSucceeded",
            "details": {"output": '{"n":1}', "outputDetails": whole},
            "previous_event_id": "3",
            **shared,
        },
    ]


def test_without_data_names_and_errors_stay(house: House) -> None:
    house.start(define(house, FAIL, data=False))
    assert [line["details"] for line in lines(house)] == [
        {"roleArn": ROLE},
        {"name": "A"},
        {"error": "E", "cause": "c"},
    ]


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("ALL", ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]),
        ("ERROR", ["FailStateEntered", "ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
        ("OFF", []),
    ],
)
@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_levels(house: House, level: str, types: list[str], kind: str) -> None:
    house.start(define(house, FAIL, kind, level=level))
    assert [line["type"] for line in lines(house)] == types
    assert house.work() == []


def test_an_express_execution_in_several_commits(house: House) -> None:
    arn = house.start(define(house, WAIT, "EXPRESS"), "hello")
    assert [line["type"] for line in lines(house)] == ["ExecutionStarted", "WaitStateEntered"]
    house.segue.advance(5)
    found = lines(house)
    assert [line["id"] for line in found] == ["1", "2", "3", "4", "5", "6"]
    assert {line["execution_arn"] for line in found} == {arn}
    assert found[-1]["details"]["output"] == '"hello"'
    assert nothing_is_left(house)


def test_a_synchronous_execution(house: House) -> None:
    answer = house.states.start_sync_execution(stateMachineArn=define(house, PASS, "EXPRESS"))
    house.segue.settle()
    assert [line["id"] for line in lines(house)] == ["1", "2", "3", "4"]
    assert {line["execution_arn"] for line in lines(house)} == {answer["executionArn"]}
    assert nothing_is_left(house)


def test_ten_thousand_events_are_logged_in_pieces(house: House) -> None:
    items = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "Iterator": items, "End": True}
    arn = house.start(define(house, {"StartAt": "M", "States": {"M": state}}), list(range(2_500)))
    assert house.status(arn) == "SUCCEEDED"
    pages = house.segue.client("logs").get_paginator("filter_log_events").paginate(logGroupName="states")
    ids = {int(json.loads(event["message"])["id"]) for page in pages for event in page["events"]}
    last = house.states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"][0]["id"]
    assert ids == set(range(1, last + 1))


def test_a_log_group_that_is_gone_harms_nobody(house: House) -> None:
    machine = define(house, PASS)
    logs = house.segue.client("logs")
    logs.delete_log_group(logGroupName="states")
    assert house.status(house.start(machine)) == "SUCCEEDED"
    assert logs.describe_log_groups()["logGroups"] == []
    reasons = house.rows("SELECT status, reason FROM deliveries WHERE operation = 'logs:PutLogEvents'")
    assert reasons == [("dropped", "ResourceNotFoundException: The specified log group does not exist.")]


def test_a_version_logs_as_it_was_published(house: House) -> None:
    machine = define(house, PASS)
    version = house.states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    house.states.update_state_machine(stateMachineArn=machine, loggingConfiguration={"level": "OFF"})
    house.start(machine)
    assert lines(house) == []
    house.start(version)
    assert len(lines(house)) == 4


def test_configuring_tries_the_delivery(house: House) -> None:
    define(house, PASS)
    logs = house.segue.client("logs")
    streams = logs.describe_log_streams(logGroupName="states")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == [
        "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
    ]
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    assert policy["policyName"] == "AWSLogDeliveryWrite20150319"


def test_where_policies_are_enforced_the_role_must_be_allowed_to() -> None:
    with Segue(iam="enforce") as segue:
        house = House(segue)
        segue.client("logs").create_log_group(logGroupName="states")
        iam = segue.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName="states", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        params = {
            "name": "m",
            "definition": json.dumps(PASS),
            "roleArn": ROLE,
            "loggingConfiguration": logged_to(),
        }
        refused = refusal(house.states.create_state_machine, **params)
        assert refused == (
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
        )
        grant = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [grant]}
        iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=json.dumps(policy))
        house.start(house.states.create_state_machine(**params)["stateMachineArn"])
        assert len(lines(house)) == 4


@pytest.mark.parametrize(
    ("event_type", "levels"),
    [
        ("ExecutionSucceeded", {"ALL"}),
        ("TaskScheduled", {"ALL"}),
        ("TaskFailed", {"ALL", "ERROR"}),
        ("LambdaFunctionTimedOut", {"ALL", "ERROR"}),
        ("MapIterationAborted", {"ALL", "ERROR"}),
        ("FailStateEntered", {"ALL", "ERROR"}),
        ("ExecutionAborted", {"ALL", "ERROR", "FATAL"}),
        ("ExecutionTimedOut", {"ALL", "ERROR", "FATAL"}),
    ],
)
def test_which_events_a_level_has(event_type: str, levels: set[str]) -> None:
    assert {level for level in ("ALL", "ERROR", "FATAL", "OFF") if is_logged(level, event_type)} == levels


@given(st.sampled_from(["a", "ö", '"', "\n", "\\", "😀", "\ud800"]), st.integers(1, 3 * PAYLOAD_BYTES))
def test_data_is_cut_where_it_is_too_long_when_escaped(character: str, length: int) -> None:
    details = {"input": character * length, "inputDetails": {"truncated": False}}
    shown = json.loads(message(HistoryEvent(1, 0, 0, "PassStateEntered", details), "arn", 0, with_data=True))
    escaped = len(json.dumps(shown["details"]["input"], ensure_ascii=False).encode("utf-8", "replace")) - 2
    assert escaped <= PAYLOAD_BYTES
    whole = shown["details"]["input"] == details["input"]
    assert shown["details"]["inputDetails"] == {"truncated": not whole}
    assert whole or escaped > PAYLOAD_BYTES - 8


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_children_of_a_distributed_map_are_logged_too(house: House, kind: str) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": processor, "End": True}
    parent = house.start(define(house, {"StartAt": "M", "States": {"M": state}}), [1, 2])
    assert house.status(parent) == "SUCCEEDED"
    ended = [line["execution_arn"] for line in lines(house) if line["type"] == "ExecutionSucceeded"]
    assert len(set(ended)) == 3
    assert parent in ended


def test_a_redriven_execution_counts(house: House) -> None:
    arn = house.start(define(house, FAIL))
    house.states.redrive_execution(executionArn=arn)
    house.segue.settle()
    counts = {line["type"]: line["redrive_count"] for line in lines(house)}
    assert counts["ExecutionStarted"] == "0"
    assert counts["ExecutionRedriven"] == "1"


def test_an_aborted_execution_is_logged_to_its_end(house: House) -> None:
    arn = house.start(define(house, WAIT))
    house.states.stop_execution(executionArn=arn, error="E", cause="c")
    house.segue.settle()
    last = lines(house)[-1]
    assert (last["type"], last["details"]) == ("ExecutionAborted", {"error": "E", "cause": "c"})


def test_a_machines_arn_reads_all_its_streams(house: House) -> None:
    machine = define(house, PASS)
    house.start(machine)
    house.segue.advance(hours=1)
    house.start(machine)
    logs = house.segue.client("logs")
    assert len(logs.describe_log_streams(logGroupName="states", logStreamNamePrefix="states/m/")["logStreams"]) == 2
    whole = {"logGroupName": "states", "logStreamName": f"states/{machine}", "startFromHead": True}
    events = logs.get_log_events(**whole)["events"]
    assert [json.loads(event["message"])["id"] for event in events] == ["1", "2", "3", "4"] * 2
    first = logs.get_log_events(**whole, limit=5)
    rest = logs.get_log_events(**whole, nextToken=first["nextForwardToken"])
    assert first["events"] + rest["events"] == events
    named = {"logGroupName": "states", "logStreamName": f"states/{machine}"}
    assert refusal(logs.create_log_stream, **named)[0] == "InvalidParameterException"
    named["logStreamName"] = "a:b"
    assert refusal(logs.get_log_events, **named)[0] == "InvalidParameterException"
