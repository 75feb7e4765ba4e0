"""Tumbling windows of streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.services.lambda_.stream_windows import answered_state
from tests.services.lambda_.house import FunctionFailed, House
from tests.services.lambda_.test_stream_mappings import create, house, keys, put, stream

__all__ = ["house", "stream"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"state": {"a": 1}}', '{"a":1}'),
        (b'{"state": {}, "batchItemFailures": []}', "{}"),
        (b'{"state": null}', None),
        (b'{"state": "text"}', None),
        (b"{}", None),
        (b"null", None),
        (b"", None),
        (b"[" * 100_000, None),
    ],
)
def test_what_is_a_state(answer: bytes, state: str | None) -> None:
    assert answered_state(answer) == state


def counts(event: Any) -> Any:
    """Behaves as a function that counts the records of a window."""
    return {"state": {"count": event["state"].get("count", 0) + len(event["Records"])}}


def seen(house: House) -> list[tuple[list[str], dict[str, Any], bool]]:
    """Of the invocations so far: keys, state, whether it was the last of its window."""
    events = [json.loads(request.payload) for request in house.invocations]
    return [(keys(event), event["state"], event["isFinalInvokeForWindow"]) for event in events]


def begin(house: House, stream: str, behaviour: Any = counts, **params: Any) -> None:
    """A mapping with windows of ten seconds, at the beginning of one."""
    house.create_function("f", behaviour)
    house.clock.advance(-house.clock.now_ms() % 10_000)
    create(house, stream, TumblingWindowInSeconds=10, **params)


def test_the_state_goes_through_a_window_and_is_handed_over_at_its_end(house: House, stream: str) -> None:
    begin(house, stream)
    start_ms = house.clock.now_ms()
    put(house, "a", "b")
    house.run_jobs()
    house.advance(4)
    put(house, "c")
    house.run_jobs()
    assert seen(house) == [(["a", "b"], {}, False), (["c"], {"count": 2}, False)]
    house.advance(10)
    assert seen(house)[2:] == [([], {"count": 3}, True)]
    last = json.loads(house.invocations[-1].payload)
    assert last["window"] == {"start": "2023-11-14T22:13:20Z", "end": "2023-11-14T22:13:30Z"}
    assert start_ms == 1_700_000_000_000
    assert (last["eventSourceARN"], last["isWindowTerminatedEarly"]) == (stream, False)
    assert last["shardId"].startswith("shardId-")
    put(house, "d")
    house.run_jobs()
    assert seen(house)[3:] == [(["d"], {}, False)]


def test_a_batch_is_cut_where_its_window_ends(house: House, stream: str) -> None:
    begin(house, stream, MaximumBatchingWindowInSeconds=30)
    put(house, "a")
    house.advance(12)
    put(house, "b")
    house.advance(60)
    assert seen(house) == [
        (["a"], {}, False),
        ([], {"count": 1}, True),
        (["b"], {}, False),
        ([], {"count": 1}, True),
    ]


def test_an_answer_without_a_state_is_a_failure(house: House, stream: str) -> None:
    begin(house, stream, lambda event: None, MaximumRetryAttempts=1)
    put(house, "a")
    house.advance(5)
    assert seen(house) == [(["a"], {}, False)] * 2
    assert [hop["status"] for hop in house.hops()] == ["retrying", "dropped"]
    assert "has no state" in house.hops()[0]["reason"]


def test_the_end_of_a_window_is_tried_again(house: House, stream: str) -> None:
    failures = iter([True, True, False])

    def behave(event: Any) -> Any:
        if event["isFinalInvokeForWindow"] and next(failures):
            raise FunctionFailed("no luck")
        return counts(event)

    begin(house, stream, behave)
    put(house, "a")
    house.advance(20)
    assert seen(house) == [(["a"], {}, False)] + [([], {"count": 1}, True)] * 3
    assert [hop["status"] for hop in house.hops()] == ["delivered", "retrying", "retrying", "delivered"]


def test_the_end_of_a_window_is_given_up_as_batches_are(house: House, stream: str) -> None:
    def behave(event: Any) -> Any:
        if event["isFinalInvokeForWindow"]:
            raise FunctionFailed("no luck")
        return counts(event)

    begin(house, stream, behave, MaximumRetryAttempts=0)
    put(house, "a")
    house.advance(20)
    put(house, "b")
    house.run_jobs()
    assert seen(house) == [(["a"], {}, False), ([], {"count": 1}, True), (["b"], {}, False)]
    assert [hop["status"] for hop in house.hops()] == ["delivered", "dropped", "delivered"]


def test_too_large_a_state_ends_its_window_early(house: House, stream: str) -> None:
    begin(house, stream, lambda event: {"state": {"text": "x" * 1_048_576}})
    put(house, "a")
    house.run_jobs()
    first, last = (json.loads(request.payload) for request in house.invocations)
    assert (keys(first), keys(last)) == (["a"], [])
    assert (last["isFinalInvokeForWindow"], last["isWindowTerminatedEarly"]) == (True, True)


def test_a_window_goes_on_after_a_crash(house: House, stream: str) -> None:
    begin(house, stream)
    put(house, "a")
    house.run_jobs()
    put(house, "b")
    assert len(house.claim_jobs()) == 1
    house.restart()
    house.advance(20)
    assert seen(house) == [(["a"], {}, False), (["b"], {"count": 1}, False), ([], {"count": 2}, True)]
