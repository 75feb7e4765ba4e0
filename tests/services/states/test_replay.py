"""Executions of a server that dies again and again: their histories are those of one that never did."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.services.states import advance, map_items
from segue.testing import Segue
from tests.languages.asl.generated import definitions, task_names
from tests.services.states.machines import House

_RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|AQC[A-Za-z0-9+/=]{100,}|\\\"r\\\":[0-9.e-]+")
_STEPS = 30
ARN = "arn:aws:states:us-east-1:000000000000:execution:m:run"


def mocks_of(definition: dict[str, Any]) -> str:
    """Tasks answer by themselves: nothing that comes from outside may differ between two lives."""
    busy = {"0": {"Throw": {"Error": "E", "Cause": "busy"}}, "1-999999": {"Return": {"done": 1.0}}}
    cases = {"Case": dict.fromkeys(task_names(definition), "busy at first")}
    return json.dumps({"StateMachines": {"m": {"TestCases": cases}}, "MockedResponses": {"busy at first": busy}})


def history(house: House) -> list[Any]:
    """What an execution's history says, without what chance has made."""
    return list(json.loads(_RANDOM.sub("random", json.dumps(house.events(ARN), default=str))))


def lived(data: Path, definition: dict[str, Any], crashes: frozenset[int]) -> tuple[str, list[Any]]:
    """The status and the history of an execution whose server ends after some of its steps."""
    config = mocks_of(definition)
    segue = Segue(data, mock_config=config).start()
    try:
        house = House(segue)
        machine = house.define(definition)
        house.states.start_execution(stateMachineArn=f"{machine}#Case", name="run", input='{"real":1.0}')
        for step in range(_STEPS):
            if step in crashes:
                now_ms = segue.clock.now_ms()
                segue.stop()
                advance.TREES.clear()
                map_items.MAPS.clear()
                segue = Segue(data, mock_config=config, now_ms=now_ms).start()
                house = House(segue)
            segue.advance(1)
            if house.status(ARN) != "RUNNING":
                break
        return house.status(ARN), history(house)
    finally:
        segue.stop()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions(2), st.frozensets(st.integers(0, 8), min_size=1, max_size=3))
def test_a_server_that_dies_loses_nothing(definition: dict[str, Any], crashes: frozenset[int]) -> None:
    # Two executions draw different numbers: what depends on them is left out.
    definition = json.loads(json.dumps(definition).replace('"FULL"', '"NONE"'))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        undisturbed = lived(Path(one), definition, frozenset())
        assert lived(Path(other), definition, crashes) == undisturbed
