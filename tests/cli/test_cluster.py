"""``segue cluster status``: what it prints, and what it says when nobody answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.cli.cluster import lines
from segue.cli.main import main
from segue.testing import Segue

NOW_MS = 1_700_000_000_000
NODE = {
    "number": 0,
    "name": "ada:71",
    "startedAt": NOW_MS - 7_200_000,
    "seenAt": NOW_MS - 400,
    "here": True,
    "address": "http://10.0.0.1:4566",
    "version": "1.2.0",
    "requestsPerSecond": 812.5,
    "unitsPerSecond": 1204.0,
    "leased": 3,
    "connections": 41,
    "waiting": 12,
    "functions": 2,
    "lateMs": [2, 1_300],
}
FOUND: dict[str, Any] = {
    "now": NOW_MS,
    "nodes": [NODE],
    "jobs": {"due": {}, "leased": {}, "parked": {}, "later": {}},
    "jobsCountedAtMost": 20_000,
    "unknownKinds": [],
    "oldestDueMs": 0,
    "database": {"engine": "PostgreSQL 15.4", "bytes": 13 * 1_048_576, "connections": 9, "maxConnections": 100},
}


def shown(**changed: Any) -> list[str]:
    return "\n".join(lines({**FOUND, **changed})).splitlines()


def test_a_node_is_a_line_with_its_load() -> None:
    heads, node = shown()[:2]
    assert " ".join(heads.split()) == (
        "NODE ADDRESS VERSION UP SEEN REQUESTS/S UNITS/S JOBS CONNECTIONS WAITING FUNCTIONS LATE P50, P99"
    )
    assert " ".join(node.split()) == (
        "0 ada:71 http://10.0.0.1:4566 1.2.0 2 h 0 m 400 ms ago 812.5 1204.0 3 41 12 2 2 ms, 1.3 s"
    )
    assert "Database: PostgreSQL 15.4, 13.0 MiB, 9 of 100 connections" in shown()


def test_of_a_missed_node_no_load_is_shown_but_the_jobs_that_it_may_still_hold_are_counted() -> None:
    missed = {**NODE, "number": 1, "here": False, "seenAt": NOW_MS - 61_000}
    assert " ".join(shown(nodes=[NODE, missed])[2].split()) == (
        "1 ada:71 http://10.0.0.1:4566 1.2.0 2 h 0 m missed for 1 m 1 s - - - - - - -"
    )


def test_what_waits_is_told_by_sort_the_largest_kinds_first() -> None:
    due = {"states:timer": 19_000, "lambda:async": 1_000}
    many = {f"a:{number}": 7 - number for number in range(7)}
    said = "\n".join(shown(jobs={**FOUND["jobs"], "due": due, "later": many}, oldestDueMs=2_500))
    assert "Jobs due and not begun: 20000 or more (states:timer 19000, lambda:async 1000)" in said
    assert "Jobs for later: 28 (a:0 7, a:1 6, a:2 5, a:3 4, a:4 3, 2 other kinds)" in said
    assert "Timer lag: the oldest due job waits for 2.5 s" in said


def test_different_versions_and_jobs_of_a_newer_one_are_told() -> None:
    said = shown(nodes=[NODE, {**NODE, "version": "1.3.0"}], unknownKinds=["mq:retry"])
    assert "! Nodes of different versions: 1.2.0, 1.3.0" in said
    assert "! Jobs of kind mq:retry wait for a newer Segue: the node that was asked does not know them" in said


def test_a_node_that_tells_nothing_of_itself_is_shown_all_the_same() -> None:
    silent = {name: NODE[name] for name in ("number", "name", "startedAt", "seenAt", "here", "leased")}
    assert " ".join(shown(nodes=[silent])[1].split()) == "0 ada:71 - - 2 h 0 m 400 ms ago - - 3 - - - -"


def test_a_server_is_asked(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "status", "--endpoint-url", segue.endpoint_url]) == 0
    assert segue.endpoint_url in capsys.readouterr().out
    assert main(["cluster", "status", "--json", "--endpoint-url", segue.endpoint_url]) == 0
    assert json.loads(capsys.readouterr().out)["nodes"][0]["address"] == segue.endpoint_url


def test_where_nobody_answers_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "status", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "no server answers at http://127.0.0.1:9" in capsys.readouterr().err
