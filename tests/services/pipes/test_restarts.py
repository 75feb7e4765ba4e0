"""What was under way goes on when the server comes back."""

from __future__ import annotations

from pathlib import Path

from segue.testing import Segue
from tests.services.pipes.house import House


def test_an_execution_goes_on_after_its_enrichment(tmp_path: Path) -> None:
    enrich = {"W": {"Type": "Wait", "Seconds": 60, "Next": "P"}, "P": {"Type": "Pass", "Result": [1, 2], "End": True}}
    with Segue(tmp_path) as segue:
        house = House(segue)
        house.pipe(
            house.queue("in", VisibilityTimeout="3600"), house.queue("out"), Enrichment=house.machine("e", enrich)
        )
        house.send("in", "x")
        now_ms = segue.clock.now_ms()
    with Segue(tmp_path, now_ms=now_ms + 30_000) as segue:
        house = House(segue)
        segue.settle()
        assert house.messages("out") == []
        segue.advance(31)
        assert house.bodies("out") == [1, 2]
        assert house.count("in") == 0
