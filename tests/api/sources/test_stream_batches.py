"""Lanes and batches: which records are chosen, how a lane goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api.sources.stream_batches import ALL, Lane, after_failure, choose, failed_from

NUMBERS = [f"1{number:020d}" for number in range(1, 9)]


def event(number: str) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": number}}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", None),
        ("{}", None),
        ("", None),
        ('""', None),
        ('{"batchItemFailures": null}', None),
        ('{"batchItemFailures": []}', None),
        ('{"else": 1}', None),
        (f'{{"batchItemFailures": [{{"itemIdentifier": "{NUMBERS[2]}"}}, {{"itemIdentifier": "{NUMBERS[1]}"}}]}}', 1),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": ["x"]}]}', ALL),
        ('{"batchItemFailures": [{"identifier": "x"}]}', ALL),
        ('{"batchItemFailures": ["x"]}', ALL),
        ('{"batchItemFailures": "x"}', ALL),
        ("[1]", ALL),
        ("{", ALL),
        ("[" * 100_000, ALL),
    ],
)
def test_what_a_function_reports(answer: str, failed: int | None) -> None:
    assert failed_from(answer.encode(), NUMBERS) == failed


@given(
    bad=st.sets(st.sampled_from(NUMBERS)),
    count=st.integers(1, 8),
    size=st.integers(1, 8),
    bisects=st.booleans(),
    retries=st.integers(0, 3),
    reports=st.booleans(),
)
def test_every_record_succeeds_or_is_given_up_in_order(
    bad: set[str], count: int, size: int, bisects: bool, retries: int, reports: bool
) -> None:
    """A function that fails on some records, driven to the end: nothing is lost, skipped or tried without end."""
    stream = NUMBERS[:count]
    lane, done, given_up, tries = Lane("1" + "0" * 20), list[str](), list[str](), 0
    while lane.checkpoint < stream[-1]:
        tries += 1
        assert tries < 200
        read = [event(number) for number in stream if number > lane.checkpoint][:size]
        upto = read[-1]["dynamodb"]["SequenceNumber"]
        end = lane.ends[0] if lane.ends else ""
        batch = choose(read, [0] * len(read), upto, (), size, end)
        numbers = [chosen.number for chosen in batch.records]
        assert json.loads(batch.event) == {"Records": [event(number) for number in numbers]}
        failed = next((place for place, number in enumerate(numbers) if number in bad), None)
        if failed is None:
            done += numbers
            lane = lane.moved(batch.upto)
            continue
        failed = failed if reports else ALL
        done += numbers[:failed]
        lane, lost = after_failure(lane, numbers, batch.upto, failed, bisects=bisects, maximum_retries=retries)
        given_up += [] if lost is None else numbers[lost:]
    assert sorted(done + given_up) == stream
    assert done == sorted(done)
    assert not bad & set(done)
    if bisects:
        assert set(given_up) == bad & set(stream)


def test_filtered_records_are_passed_over() -> None:
    records = [event(number) for number in NUMBERS]
    pattern = json.dumps({"dynamodb": {"SequenceNumber": [NUMBERS[1], NUMBERS[2], NUMBERS[5]]}})
    batch = choose(records, range(8), NUMBERS[7], [pattern], 2)
    assert [(chosen.number, chosen.at_ms) for chosen in batch.records] == [(NUMBERS[1], 1), (NUMBERS[2], 2)]
    assert (batch.upto, batch.full) == (NUMBERS[4], True)
    rest = choose(records[5:], range(3), NUMBERS[7], [pattern], 2)
    assert (rest.upto, rest.full) == (NUMBERS[7], False)


def test_a_batch_is_bounded_in_bytes_but_never_empty() -> None:
    records = [event(number) for number in NUMBERS]
    assert len(choose(records, range(8), NUMBERS[7], (), 8, maximum_bytes=120).records) == 2
    assert len(choose(records, range(8), NUMBERS[7], (), 8, maximum_bytes=1).records) == 1
