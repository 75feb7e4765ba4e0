"""Who shares the store, and what waits, as JSON."""

from __future__ import annotations

from segue import __version__
from segue.clock import ManualClock
from segue.console.load import Load
from segue.testing import Segue
from tests.console.test_pages import Browser


def test_a_server_by_itself_is_a_cluster_of_one(segue: Segue) -> None:
    segue.client("sqs").create_queue(QueueName="q")
    found = Browser(segue).json("/_segue/cluster")
    (node,) = found["nodes"]
    assert (node["address"], node["version"], node["here"]) == (segue.endpoint_url, __version__, True)
    assert (node["connections"], node["waiting"], node["functions"], node["leased"]) == (node["connections"], 0, 0, 0)
    assert node["connections"] >= 1
    assert found["jobs"]["later"]["api:housekeeping"] == 1
    assert (found["oldestDueMs"], found["unknownKinds"]) == (0, [])
    assert found["database"]["bytes"] > 4096


class Watch(ManualClock):
    """Stands still, however long the test takes."""

    def elapsed_seconds(self) -> float:
        return self.now_ms() / 1000


def test_what_only_grows_is_told_by_the_second() -> None:
    counts = {"requests": 10}
    clock = Watch()
    load = Load(clock, {"waiting": lambda: 7}, {"requests": lambda: counts["requests"]})
    assert load() == {"waiting": 7}
    load.sample()
    assert load() == {"waiting": 7, "requests": 0.0}
    counts["requests"] += 30
    clock.advance(4_000)
    assert load()["requests"] == 7.5
