"""Clients do what they like for a while, nodes are killed and paused meanwhile, and what the clients saw is checked.

``python -m tests.histories.run --seconds 60 --store postgresql --nodes 3 --seed 7``
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.histories.history import Unanswered
from tests.histories.queues import Lines, Shared
from tests.histories.subject import Make, Subject
from tests.histories.values import Items, Objects, Purses
from tests.histories.workflows import Starts, Tokens
from tests.postgres import drop_database, new_database
from tests.served import Served, free_port

SUBJECTS: tuple[type[Subject], ...] = (Items, Objects, Purses, Starts, Tokens, Lines, Shared)
_THREADS = 6
_SERVICES = ("dynamodb", "s3", "sqs", "stepfunctions")
_PAUSE_SECONDS = 8.0
_PATIENCE_SECONDS = 3


class Servers:
    """Nodes, each at an address of its own that outlives it; one on SQLite, any number on PostgreSQL.

    Args:
        directory: where they keep what they keep.
        store: ``sqlite`` or ``postgresql``.
        nodes: how many.
        stack: ends them.
    """

    def __init__(self, directory: Path, store: str, nodes: int, stack: ExitStack) -> None:
        shared: tuple[str, ...] = ()
        if store == "postgresql":
            url = new_database()
            stack.callback(drop_database, url)
            shared = ("--store", url)
        self.nodes = [Served(directory / f"node{number}", *shared, port=free_port()) for number in range(nodes)]
        self._clients: list[dict[str, Any]] = []
        for node in self.nodes:
            stack.enter_context(node)
            self._clients.append(
                {service: node.client(service, read_timeout=_PATIENCE_SECONDS) for service in _SERVICES}
            )

    def any(self, chance: random.Random) -> Make:
        """The clients of some node."""
        return chance.choice(self._clients).__getitem__

    def disturb(self, chance: random.Random) -> None:
        """Kill a node and start it again; where there are others, it may also only sleep so long that it is missed."""
        node = chance.choice(self.nodes)
        if len(self.nodes) > 1 and chance.random() < 0.3:
            node.process.send_signal(signal.SIGSTOP)
            time.sleep(_PAUSE_SECONDS)
            node.process.send_signal(signal.SIGCONT)
        else:
            node.end(signal.SIGKILL)
            node.start()


class Histories:
    """Clients of some servers, and what they saw.

    Args:
        seed: what the clients do, and when servers are disturbed.
    """

    def __init__(self, servers: Servers, seed: int) -> None:
        self._servers = servers
        self._chance = random.Random(seed)
        self._stopped = threading.Event()
        self._failures: list[BaseException] = []
        self.subjects: list[Subject] = [kind() for kind in SUBJECTS]
        self.disturbances = 0

    def run(self, seconds: float, calm_seconds: float = 3.0, tell: Callable[[str], None] = lambda _: None) -> list[str]:
        """Let the clients go on, with a disturbance about every ``calm_seconds``; what is wrong then, in words."""
        end = time.monotonic() + seconds
        for subject in self.subjects:
            subject.deploy(self._servers.any(self._chance))
        threads = [threading.Thread(target=self._act, args=(self._chance.random(),)) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            while time.monotonic() < end and not self._failures:
                time.sleep(min(self._chance.uniform(0, 2 * calm_seconds), max(0.0, end - time.monotonic())))
                if time.monotonic() < end:
                    self._servers.disturb(self._chance)
                    self.disturbances += 1
                    tell(f"{self.disturbances} disturbances, {self.operations()} operations")
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join(60)
        if self._failures:
            raise self._failures[0]
        problems = []
        for subject in self.subjects:
            tell(f"checking: {subject.name}")
            problems += subject.problems()
        return problems

    def operations(self) -> int:
        """How many operations there were."""
        return sum(len(subject.history) for subject in self.subjects)

    def _act(self, seed: float) -> None:
        chance = random.Random(seed)
        while not self._stopped.is_set():
            try:
                chance.choice(self.subjects).step(self._servers.any(chance), chance)
            except (Unanswered, BotoCoreError):
                time.sleep(0.02)
            except ClientError as error:  # in what comes before operations that are recorded
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    self._failures.append(error)
                    return
            except Exception as error:
                self._failures.append(error)
                return


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: %(default)s)")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--nodes", type=int, default=0, help="how many (default: 1, on PostgreSQL 3)")
    parser.add_argument("--seed", type=int, default=1, help="of the clients and disturbances (default: %(default)s)")
    given = parser.parse_args()
    nodes = given.nodes or (3 if given.store == "postgresql" else 1)
    began = time.monotonic()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segue-histories-")))
        histories = Histories(Servers(directory, given.store, nodes, stack), given.seed)
        problems = histories.run(
            given.seconds, tell=lambda line: print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)
        )
    for subject in histories.subjects:
        print(f"  {subject.name:8} {len(subject.history):7} operations {subject.history.unanswered():6} unanswered")
    print(f"{histories.disturbances} disturbances, {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
