"""Executions tell the default event bus how they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.services.states.status_change import PAYLOAD_BYTES
from segue.testing import Segue
from tests.services.states.machines import PREFIX, House, task

PASS = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 5, "End": True}


@pytest.fixture
def told(house: House) -> Any:
    """What the bus was told since it was asked last: whole events."""
    sqs, events = house.segue.client("sqs"), house.segue.client("events")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:told"
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])

    def events_told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found, key=lambda event: (event["time"], event["detail"]["status"]))

    return events_told


def test_nobody_has_to_allow_it_where_policies_are_enforced() -> None:
    with Segue(iam="enforce") as segue:
        house = House(segue)
        events, sqs = segue.client("events"), segue.client("sqs")
        arn = "arn:aws:sqs:us-east-1:000000000000:told"
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        url = sqs.create_queue(QueueName="told", Attributes={"Policy": policy})["QueueUrl"]
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.states"]}))
        events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
        house.start(house.machine(PASS))
        assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2


def test_begun_and_succeeded(house: House, told: Any) -> None:
    arn = house.start(house.machine(PASS), {"n": 1}, name="e")
    begun, ended = told()
    assert {name: begun[name] for name in ("source", "detail-type", "account", "region", "resources")} == {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "account": "000000000000",
        "region": "us-east-1",
        "resources": [arn],
    }
    shared = {
        "executionArn": arn,
        "stateMachineArn": f"{PREFIX}:stateMachine:m",
        "name": "e",
        "startDate": 1_700_000_000_000,
        "input": '{"n": 1}',
        "inputDetails": {"included": True},
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "error": None,
        "cause": None,
    }
    assert begun["detail"] == {
        **shared,
        "status": "RUNNING",
        "stopDate": None,
        "output": None,
        "outputDetails": None,
        "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
    }
    assert ended["detail"] == {
        **shared,
        "status": "SUCCEEDED",
        "stopDate": 1_700_000_000_000,
        "output": '{"n": 1}',
        "outputDetails": {"included": True},
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }


@pytest.mark.parametrize(
    ("state", "status", "error"),
    [
        ({"Type": "Fail", "Error": "E", "Cause": "c"}, "FAILED", "E"),
        (WAIT, "ABORTED", "stopped"),
        ({"Type": "Wait", "Seconds": 50, "End": True}, "TIMED_OUT", None),
    ],
)
def test_other_ends(house: House, told: Any, state: dict[str, Any], status: str, error: str | None) -> None:
    arn = house.start(house.machine(state, TimeoutSeconds=10))
    if status == "ABORTED":
        house.states.stop_execution(executionArn=arn, error="stopped")
    house.segue.advance(20)
    details = [event["detail"] for event in told()]
    assert [detail["status"] for detail in details if detail["status"] != "RUNNING"] == [status]
    assert [detail["error"] for detail in details if detail["status"] == status] == [error]
    assert len(details) == 2


def test_what_is_long_is_left_out(house: House, told: Any) -> None:
    half = "x" * (PAYLOAD_BYTES // 2 + 100)
    house.start(house.machine(PASS), half)
    statuses = {event["detail"]["status"]: event["detail"] for event in told()}
    assert statuses["RUNNING"]["inputDetails"] == {"included": True}
    ended = statuses["SUCCEEDED"]
    assert (ended["input"], ended["inputDetails"]) == (None, {"included": False})
    assert (json.loads(ended["output"]), ended["outputDetails"]) == (half, {"included": True})
    house.start(house.machine({"Type": "Pass", "Result": "x" * PAYLOAD_BYTES, "End": True}, name="n"))
    ended = next(event["detail"] for event in told() if event["detail"]["status"] == "SUCCEEDED")
    assert (ended["output"], ended["outputDetails"]) == (None, {"included": False})


def test_express_executions_tell_nothing(house: House, told: Any) -> None:
    house.start(house.machine(PASS, kind="EXPRESS"))
    house.states.start_sync_execution(stateMachineArn=f"{PREFIX}:stateMachine:m")
    assert told() == []


def test_nested_executions_tell_too(house: House, told: Any) -> None:
    inner = house.machine(WAIT, name="inner")
    outer = house.machine(task("states:startExecution.sync", {"StateMachineArn": inner}), name="outer")
    house.start(outer)
    house.segue.advance(5)
    assert [event["detail"]["status"] for event in told()] == ["RUNNING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]


def test_a_rule_starts_what_follows(house: House) -> None:
    """One machine's end starts another."""
    second = house.machine(PASS, name="second")
    events = house.segue.client("events")
    first = house.machine(PASS, name="first")
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"], "stateMachineArn": [first]}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    role = "arn:aws:iam::000000000000:role/events"
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": second, "RoleArn": role}])
    house.start(first)
    (execution,) = house.states.list_executions(stateMachineArn=second)["executions"]
    assert execution["status"] == "SUCCEEDED"


def test_where_nobody_listens_nothing_is_recorded(house: House) -> None:
    house.start(house.machine(PASS))
    assert house.rows("SELECT * FROM deliveries WHERE operation = 'events:PutEvents'") == []
