"""What is left of state machines and executions goes when its time is over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.api import Call, Caller
from segue.api.service import Keeper
from segue.services.states.service import SERVICE
from tests.services.states.machines import ROLE, House

pytestmark = pytest.mark.both_stores

DAY = 86_400_000
WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 200 * 86_400, "End": True}}}


def result(value: str) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": value, "End": True}}}


def tidy(house: House) -> None:
    """An hour's housekeeping of the service."""
    for keeper in SERVICE.housekeeping:
        place = piece(house, keeper, None)
        while place:
            place = piece(house, keeper, place)


def piece(house: House, keeper: Keeper, place: Any) -> Any:
    return house.segue.transact(lambda tx: keeper(Call(tx, Caller(), house.segue.server.api, tx.now_ms), place))


def sleep(house: House, days: int) -> None:
    """Time goes by at once, as if the server had slept."""
    house.segue.clock.advance(days * DAY)
    house.segue._loop.call_soon_threadsafe(house.segue._timers.ring)
    house.segue.settle()


def kept(house: House) -> list[Any]:
    rows = house.segue.transact(lambda tx: tx.all("SELECT text FROM states_definitions"))
    return sorted((json.loads(row[0]) for row in rows), key=json.dumps)


def test_definitions_go_when_no_execution_has_them_any_more(house: House) -> None:
    machine = house.define(result("first"))
    house.start(machine)
    house.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result("second")))
    house.start(machine)
    tidy(house)
    tidy(house)
    assert kept(house) == [result("first"), result("second")]
    sleep(house, days=91)
    tidy(house)
    assert kept(house) == [result("second")]
    assert house.output(house.start(machine)) == "second"
    house.states.delete_state_machine(stateMachineArn=machine)
    house.segue.settle()
    tidy(house)
    assert kept(house) == [result("second")]
    sleep(house, days=91)
    tidy(house)
    assert kept(house) == []


def test_definitions_stay_as_long_as_an_execution_runs(house: House) -> None:
    machine = house.define(WAITS, name="long")
    execution = house.start(machine)
    house.states.delete_state_machine(stateMachineArn=house.define(result("other"), name="other"))
    house.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result("now")))
    house.segue.settle()
    for _ in range(3):
        sleep(house, days=60)
        tidy(house)
    assert WAITS in kept(house)
    described = house.states.describe_state_machine_for_execution(executionArn=execution)
    assert json.loads(described["definition"]) == WAITS
    house.states.stop_execution(executionArn=execution)
    for _ in range(3):
        sleep(house, days=60)
        tidy(house)
    assert kept(house) == [result("now")]


def test_definitions_stay_that_are_used_again(house: House) -> None:
    house.states.delete_state_machine(stateMachineArn=house.define(result("again")))
    house.segue.settle()
    tidy(house)
    machine = house.define(result("again"), name="again")
    execution = house.start(machine)
    house.states.delete_state_machine(stateMachineArn=machine)
    house.segue.settle()
    tidy(house)
    tidy(house)
    assert kept(house) == [result("again")]
    assert house.output(execution) == "again"


def test_definitions_stay_of_versions(house: House) -> None:
    made = house.states.create_state_machine(
        name="v", definition=json.dumps(result("version")), roleArn=ROLE, publish=True
    )
    machine, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    house.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result("newer")))
    tidy(house)
    tidy(house)
    assert house.output(house.start(version)) == "version"
