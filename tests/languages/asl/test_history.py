"""History events as the API answers them."""

from __future__ import annotations

import pytest

from segue.languages.asl import HistoryEvent
from segue.languages.asl.history import details_member, failure_details


@pytest.mark.parametrize(
    ("type", "member"),
    [
        ("PassStateEntered", "stateEnteredEventDetails"),
        ("MapStateExited", "stateExitedEventDetails"),
        ("ExecutionStarted", "executionStartedEventDetails"),
        ("MapStateStarted", "mapStateStartedEventDetails"),
        ("MapIterationFailed", "mapIterationFailedEventDetails"),
        ("LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails"),
        ("TaskSubmitFailed", "taskSubmitFailedEventDetails"),
        ("ActivityScheduled", "activityScheduledEventDetails"),
    ],
)
def test_where_the_details_stand(type: str, member: str) -> None:
    assert details_member(type) == member
    event = HistoryEvent(7, 6, 5, type, {"a": 1})
    assert event.details_member == member
    assert event.to_api() == {"timestamp": 5, "type": type, "id": 7, "previousEventId": 6, member: {"a": 1}}


def test_no_details_and_empty_ones_differ() -> None:
    assert HistoryEvent(2, 1, 0, "MapStateFailed", None).to_api().keys() == {
        "timestamp",
        "type",
        "id",
        "previousEventId",
    }
    assert HistoryEvent(2, 1, 0, "ExecutionFailed", {}).to_api()["executionFailedEventDetails"] == {}


@pytest.mark.parametrize(
    ("error", "cause", "details"),
    [("E", "C", {"error": "E", "cause": "C"}), ("E", None, {"error": "E"}), (None, None, {}), ("", "", None)],
)
def test_failures_leave_out_what_is_not_known(error: str | None, cause: str | None, details: object) -> None:
    expected = {"error": "", "cause": ""} if details is None else details
    assert failure_details(error, cause) == expected
