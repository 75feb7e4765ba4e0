"""Damage of every kind is found, named, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from segue.api import Api
from segue.config import Settings
from segue.server import services
from segue.store import Transaction
from segue.testing import Segue
from segue.worker.invariants import violations

_API = Api(services(), Settings())
_ROLE = "arn:aws:iam::000000000000:role/any"
_WAITS = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl.$": "$", "MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
    },
}
_RESTS = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 1_000, "End": True}}}
_CALLS = {
    "StartAt": "Child",
    "States": {
        "Child": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:rests"},
            "End": True,
        }
    },
}
_PASSES = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as running:
        url = running.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        states = running.client("stepfunctions")
        for name, definition in {"waits": _WAITS, "passes": _PASSES, "rests": _RESTS, "calls": _CALLS}.items():
            machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=_ROLE)
            states.start_execution(stateMachineArn=machine["stateMachineArn"], name="one", input=json.dumps(url))
        events = running.client("events")
        events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
        target = {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": _ROLE}
        running.client("scheduler").create_schedule(
            Name="daily", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
        yield running


_DAMAGE = [
    (
        "UPDATE jobs SET kind = 'no:such' WHERE kind = 'events:fire'",
        "jobs: 1 of kind no:such, which nobody runs",
    ),
    ("DELETE FROM states_chunks", "0 chunks of history, 1 are counted"),
    ("UPDATE states_chunks SET first_event = 2", "a gap in the history at chunk 1, event 2"),
    ("UPDATE states_executions SET chunks = 9 WHERE machine_arn LIKE '%passes'", "chunks of history, 9 are counted"),
    ("DELETE FROM states_tokens", "execution:waits:one: runs, and waits for nothing"),
    ("UPDATE states_executions SET parent = ''", "execution:calls:one: runs, and waits for nothing"),
    ("DELETE FROM states_executions", "execution:waits:one: 1 rows of states_tokens are left of it"),
    ("DELETE FROM sqs_queues", "messages in a queue that is not there"),
    ("DELETE FROM jobs WHERE kind = 'events:fire'", "rule/hourly: enabled, and not planned"),
    ("DELETE FROM jobs WHERE kind = 'scheduler:fire'", "schedule/default/daily: enabled, and not planned"),
]


def _found(tx: Transaction) -> list[str]:
    return list(violations(_API, tx))


def test_nothing_is_found_where_nothing_is_wrong(segue: Segue) -> None:
    assert segue.transact(_found) == []


@pytest.mark.parametrize(("damage", "told"), _DAMAGE, ids=[told for _, told in _DAMAGE])
def test_damage_is_found(segue: Segue, damage: str, told: str) -> None:
    def unit(tx: Transaction) -> None:
        assert tx.run(damage) > 0
        raise _Undone(_found(tx))

    with pytest.raises(_Undone) as undone:
        segue.transact(unit)
    assert any(told in violation for violation in undone.value.found), undone.value.found


class _Undone(Exception):
    """What was damaged is whole again."""

    def __init__(self, found: list[str]) -> None:
        self.found = found
