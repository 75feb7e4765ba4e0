"""Schedules go on when the server comes back."""

from __future__ import annotations

from pathlib import Path

from segue.testing import Segue
from tests.services.scheduler.test_scheduler import bodies, create, queue


def test_what_fell_due_while_nothing_ran_is_made_up_for_once(tmp_path: Path) -> None:
    with Segue(tmp_path) as segue:
        target = {"Arn": queue(segue), "Input": "<aws.scheduler.scheduled-time>"}
        create(segue, "cron(0 * * * ? *)", target)
        create(segue, "at(2023-11-14T23:30:00)", target, "once", ActionAfterCompletion="DELETE")
        segue.advance(minutes=50)
        assert bodies(segue) == ["2023-11-14T23:00:00Z"]
    with Segue(tmp_path, now_ms=1_700_000_000_000 + 5 * 3_600_000) as segue:
        segue.settle()
        assert bodies(segue) == ["2023-11-14T23:30:00Z", "2023-11-15T00:00:00Z"]
        segue.advance(hours=1)
        assert bodies(segue) == ["2023-11-15T04:00:00Z"]
        assert len(segue.client("scheduler").list_schedules()["Schedules"]) == 1
