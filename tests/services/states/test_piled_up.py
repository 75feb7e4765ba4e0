"""Lists of executions cost the same whatever has piled up, and find what is wanted among it."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api import Call, Caller
from segue.services.states import records
from tests.effort import steps
from tests.services.states.machines import ROLE, House

pytestmark = pytest.mark.sqlite_only("counts steps of SQLite's machine")

COLUMNS = records.EXECUTION_COLUMNS.split(", ")
PASS = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
FAIL = '{"StartAt": "A", "States": {"A": {"Type": "Fail"}}}'


def pile_up(house: House, like: str, start: int, count: int) -> None:
    """Many executions like one, started after it."""
    changed = {"arn": "arn || ':' || ?", "number": "number + ?"}
    values = ", ".join(changed.get(name, name) for name in COLUMNS)
    sql = f"INSERT INTO states_executions ({', '.join(COLUMNS)}) SELECT {values} FROM states_executions WHERE arn = ?"

    def insert(tx: Any) -> None:
        for number in range(start, start + count):
            tx.run(sql, number, number, like)

    house.segue.transact(insert)


@pytest.mark.parametrize("named", ["machine", "version", "alias"])
@pytest.mark.parametrize(("wanted", "piled"), [("FAILED", PASS), ("SUCCEEDED", FAIL)])
def test_the_few_are_found_among_the_many(house: House, named: str, wanted: str, piled: str) -> None:
    other = FAIL if piled == PASS else PASS
    made = house.states.create_state_machine(name="m", definition=other, roleArn=ROLE, publish=True)
    machine = arn = made["stateMachineArn"]
    if named != "machine":
        arn = made["stateMachineVersionArn"]
    if named == "alias":
        routing = [{"stateMachineVersionArn": arn, "weight": 100}]
        arn = house.states.create_state_machine_alias(name="a", routingConfiguration=routing)["stateMachineAliasArn"]
    few = house.start(arn)
    many = house.start(arn)
    status = "SUCCEEDED" if piled == PASS else "FAILED"
    house.segue.transact(lambda tx: tx.run("UPDATE states_executions SET status = ? WHERE arn = ?", status, many))

    def page(tx: Any) -> None:
        call = Call(tx, Caller(), house.segue.server.api, tx.now_ms)
        call.perform("stepfunctions:ListExecutions", {"stateMachineArn": arn, "statusFilter": wanted})

    pile_up(house, many, 1, 3_000)
    before = steps(house.segue, page)
    pile_up(house, many, 3_001, 7_000)
    assert steps(house.segue, page) < before * 1.1
    pages = house.states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter=wanted)
    assert [found["executionArn"] for page in pages for found in page["executions"]] == [few]
    assert machine in few.replace(":execution:", ":stateMachine:")
