"""Segue in a test: time goes from one due thing to the next, and a server goes on where an earlier one stood."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from segue.testing import Segue

ROLE = "arn:aws:iam::000000000000:role/any"


def start(segue: Segue, *waits: int) -> str:
    """Start an execution that waits for so many seconds, one wait after the other."""
    states: dict[str, Any] = {
        f"Wait{number}": {"Type": "Wait", "Seconds": seconds, "Next": f"Wait{number + 1}"}
        for number, seconds in enumerate(waits)
    }
    definition = {"StartAt": "Wait0", "States": {**states, f"Wait{len(waits)}": {"Type": "Succeed"}}}
    client = segue.client("stepfunctions")
    machine = client.create_state_machine(name="waits", definition=json.dumps(definition), roleArn=ROLE)
    arn: str = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    return arn


def test_seven_days_pass_in_no_time_and_each_thing_happens_at_its_own() -> None:
    with Segue() as segue:
        arn = start(segue, 3_600, 6 * 86_400, 60)
        began, really = segue.clock.now_ms(), time.monotonic()
        segue.advance(days=7)
        assert time.monotonic() - really < 5  # it stops where something is due, and nowhere else
        assert segue.clock.now_ms() == began + 7 * 86_400_000
        described = segue.client("stepfunctions").describe_execution(executionArn=arn)
        assert described["status"] == "SUCCEEDED"
        took = described["stopDate"] - described["startDate"]
        assert took.total_seconds() == 3_600 + 6 * 86_400 + 60


def test_what_falls_due_while_the_machine_sleeps_happens_when_it_wakes() -> None:
    with Segue() as segue:
        arn = start(segue, 3_600)
        segue.sleep(days=90)
        described = segue.client("stepfunctions").describe_execution(executionArn=arn)
        assert (described["stopDate"] - described["startDate"]).total_seconds() == 90 * 86_400


def test_nothing_happens_before_its_time() -> None:
    with Segue() as segue:
        arn = start(segue, 10)
        states = segue.client("stepfunctions")
        segue.advance(9.999)
        assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        segue.advance(0.001)
        assert states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_a_long_poll_ends_when_its_time_has_passed() -> None:
    with Segue() as segue:
        sqs = segue.client("sqs")
        url = sqs.create_queue(QueueName="empty")["QueueUrl"]
        answers: list[Any] = []
        polling = threading.Thread(target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
        polling.start()
        while not segue.server.gateway._exchanges:  # not parked yet
            segue.settle()
        segue.advance(20)
        polling.join(10)
        assert "Messages" not in answers[0]


def test_time_does_not_go_back() -> None:
    with Segue() as segue, pytest.raises(ValueError, match="back"):
        segue.clock.advance(-1)


def test_a_server_on_the_data_of_another_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Its clock begins anew, so its ids would come again, were they not reserved."""
    for life in range(3):
        with Segue(data=tmp_path) as segue:
            sqs = segue.client("sqs")
            url = sqs.create_queue(QueueName="kept")["QueueUrl"]
            for number in range(5):
                sqs.send_message(QueueUrl=url, MessageBody=f"{life}-{number}")
    with Segue(data=tmp_path) as segue:
        sqs = segue.client("sqs")
        url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
    assert sorted(bodies) == [f"{life}-{number}" for life in range(3) for number in range(5)]


def test_a_unit_of_work_can_be_run_in_the_servers_store() -> None:
    with Segue() as segue:
        assert segue.transact(lambda tx: tx.one("SELECT 1")) == (1,)
        assert segue.transact(lambda tx: tx.now_ms) == segue.clock.now_ms()
