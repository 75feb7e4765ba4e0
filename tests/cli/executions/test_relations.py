"""Who started an execution, and how near it is to its limits."""

from __future__ import annotations

import json

import pytest

from segue.cli.executions.relations import MAX_EVENTS, STARTED_BY, nearness, started_by
from segue.cli.executions.visits import Account, Visit

ARN = "arn:aws:states:us-east-1:000000000000:execution:parent:first"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({STARTED_BY: ARN}), ARN),
        (json.dumps({STARTED_BY: "me"}), None),
        (json.dumps({STARTED_BY: 7}), None),
        (json.dumps([STARTED_BY]), None),
        (f"{STARTED_BY}", None),
        ("[" * 100_000 + STARTED_BY, None),
        ("{}", None),
        (None, None),
    ],
)
def test_who_started_it(text: str | None, expected: str | None) -> None:
    assert started_by(text) == expected


def test_nearness_is_that_of_the_nearest_limit() -> None:
    account = Account([Visit("A", "Pass", 0, input="x" * 300, output="é" * 200)], events=MAX_EVENTS // 2)
    near = nearness(account)
    assert (near.payload_bytes, near.place, near.share) == (400, "output of A", 0.5)
    assert str(near) == "12,500 of 25,000 events, largest payload 0.4 of 256 KiB (output of A)"
    assert str(nearness(Account())) == "0 of 25,000 events, largest payload 0.0 of 256 KiB"
