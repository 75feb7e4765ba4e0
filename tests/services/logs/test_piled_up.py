"""A page of some streams' events costs the same however many there are, in these streams and in others."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api import Call, Caller
from segue.testing import Segue
from tests.effort import steps

NAMES = ("one/a", "one/b", "two")
WANTED = [{"logStreamNames": ["one/a", "one/b"]}, {"logStreamNamePrefix": "one/"}, {"logStreamNamePrefix": "o"}]


@pytest.fixture
def logs(segue: Segue) -> Any:
    logs = segue.client("logs")
    logs.create_log_group(logGroupName="/app")
    for name in NAMES:
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
    return logs


def fill(segue: Segue, name: str, count: int) -> None:
    """Events of a stream, numbered in the order of their time."""

    def insert(tx: Any) -> None:
        grp, stream = tx.one("SELECT grp, id FROM logs_streams WHERE name = ?", name)
        for number in range(count):
            at_ms = tx.now_ms - 1_000_000 + number
            tx.run(
                "INSERT INTO logs_events (grp, stream, at, id, ingested_at, message) VALUES (?, ?, ?, ?, ?, ?)",
                grp,
                stream,
                at_ms,
                tx.ids.ordered(tx.now_ms),
                at_ms,
                f"{number} {name}",
            )

    segue.transact(insert)


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("forward", [True, False])
def test_streams_are_merged_in_the_order_of_time(
    segue: Segue, logs: Any, wanted: dict[str, Any], forward: bool
) -> None:
    for name in NAMES:
        fill(segue, name, 130)
    found = []
    token: dict[str, str] = {}
    while True:
        page = logs.filter_log_events(logGroupName="/app", limit=35, startFromHead=forward, **wanted, **token)
        found += [event["message"] for event in page["events"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    expected = [f"{number} {name}" for number in range(130) for name in ("one/a", "one/b")]
    assert found == (expected if forward else expected[::-1])


@pytest.mark.sqlite_only("counts steps of SQLite's machine")
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("piled", ["one/a", "two"])
def test_a_page_costs_the_same_whatever_has_piled_up(
    segue: Segue, logs: Any, wanted: dict[str, Any], piled: str
) -> None:
    def page(tx: Any) -> None:
        call = Call(tx, Caller(), segue.server.api, tx.now_ms)
        call.perform("logs:FilterLogEvents", {"logGroupName": "/app", "limit": 10, **wanted})

    for name in NAMES:
        fill(segue, name, 1_000)
    before = steps(segue, page)
    fill(segue, piled, 10_000)
    assert steps(segue, page) < before * 1.1
