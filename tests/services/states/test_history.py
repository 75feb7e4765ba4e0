"""GetExecutionHistory."""

from __future__ import annotations

import pytest

from tests.services.states.machines import House, refusal

CHAIN = [{"Type": "Pass", "End": True}] * 30


def test_pages_give_every_event_once_in_both_directions(house: House) -> None:
    arn = house.start(house.machine(*CHAIN))
    everything = house.events(arn)
    assert [event["id"] for event in everything] == list(range(1, 63))
    for size in (1, 7, 61, 62, 63, 1000):
        assert house.events(arn, PaginationConfig={"PageSize": size}) == everything
        backwards = house.events(arn, reverseOrder=True, PaginationConfig={"PageSize": size})
        assert backwards == everything[::-1]


def test_without_data(house: House) -> None:
    arn = house.start(house.machine(*CHAIN[:1]), {"secret": 1})
    events = house.events(arn, includeExecutionData=False)
    assert "secret" not in str(events)
    assert events[1]["stateEnteredEventDetails"]["name"] == "S0"


@pytest.mark.parametrize("arn", ["x", "arn:aws:states:us-east-1:000000000000:execution:m:no"])
def test_of_nothing(house: House, arn: str) -> None:
    code = refusal(house.states.get_execution_history, executionArn=arn)[0]
    assert code in ("InvalidArn", "ExecutionDoesNotExist")


def test_events_of_many_commits_are_one_history(house: House) -> None:
    wait = {"Type": "Wait", "Seconds": 1, "End": True}
    arn = house.start(house.machine(*[wait] * 20))
    house.segue.advance(30)
    ids = [event["id"] for event in house.events(arn, PaginationConfig={"PageSize": 3})]
    assert ids == list(range(1, 43))


def test_without_execution_data_names_errors_and_causes_stay(house: House) -> None:
    arn = house.start(house.machine({"Type": "Fail", "Error": "E", "Cause": "c"}), {"secret": 1})
    started, entered, failed = house.events(arn, includeExecutionData=False)
    assert list(started["executionStartedEventDetails"]) == ["roleArn"]
    assert entered["stateEnteredEventDetails"] == {"name": "S0"}
    assert failed["executionFailedEventDetails"] == {"error": "E", "cause": "c"}
