"""Some of everything, in one world: a few of many parts, which share the nodes and their batches."""

from __future__ import annotations

import json

from segue.store import Transaction
from tests.simulation.deployment import Deployment
from tests.simulation.parts.messages import Counters, Events, Groups, Narrow, Schedules, Streams
from tests.simulation.parts.part import Part, make_table
from tests.simulation.parts.workflows import Activities, Maps, Nested, Redriven
from tests.simulation.world import World

PARTS: tuple[type[Part], ...] = (
    Activities,
    Maps,
    Nested,
    Redriven,
    Events,
    Schedules,
    Streams,
    Groups,
    Counters,
    Narrow,
)
_AT_ONCE = 3


def _deploy(deployment: Deployment) -> None:
    services = ["lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    deployment.perform("iam:CreateRole", RoleName="medley", AssumeRolePolicyDocument=document)
    make_table(deployment, "effects")
    for part in PARTS:
        part.deploy(deployment)


class MedleyRun:
    """One seed: a world, some parts in it, an end, and what is true then."""

    def __init__(self, seed: int, nodes: int | None = None) -> None:
        parts = [part() for part in PARTS]
        functions = {name: function for part in parts for name, function in part.functions_by_name().items()}
        self.world = World(seed, Deployment.of(_deploy), functions, nodes)
        self.parts = self.world.random.sample(parts, k=_AT_ONCE)

    def run(self) -> None:
        """Have the parts begin, let the world run, check."""
        for part in self.parts:
            part.begin_in(self.world)
            self.world.counts[type(part).__name__] += 1
        self.world.run(lambda: self.world.look(self._is_done))
        for part in self.parts:
            self.world.look(part.check)
        self.world.check()

    def _is_done(self, tx: Transaction) -> bool:
        return all(part.is_done(tx) for part in self.parts)
