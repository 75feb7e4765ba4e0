"""Kill servers under load, again and again, and check what they had promised.

``make torture KILLS=1000 SEED=7`` is one server with its data directory; ``make torture STORE=postgresql NODES=3`` are
three nodes on a PostgreSQL server of their own, which is killed as well. The data of a run that failed stays.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tests.postgres import Cluster
from tests.torture.clients import Clients
from tests.torture.nodes import World
from tests.torture.promises import KINDS, Promise

_THREADS = 6
_LONGEST_SILENCE_SECONDS = 60
_CALM_SECONDS = 120
_MAX_ERRORS = 5
_UNANSWERED = 503


class Torture:
    """A world of nodes, its clients, and its killer.

    Args:
        world: what is tortured.
        seed: what the clients do, and when they are cut off.
        load: how many requests are acknowledged between two kills, on average, however busy the machine is.
    """

    def __init__(self, world: World, seed: int, load: int) -> None:
        self.world = world
        self._load_of_a_kill = load
        self._chance = random.Random(seed)
        self.promises: list[Promise] = [kind() for kind in KINDS]
        self._first = list(self.promises)
        self._stopped = threading.Event()
        self._errors: list[str] = []

    def run(self, kills: int, seconds: float = 3600, progress: Callable[[str], None] = lambda _: None) -> list[str]:
        """Kill so many times, or for so long; what is wrong at the end, in words."""
        self.world.until_living(len(self.world.nodes))
        clients = Clients(self.world.somewhere)
        clients.deploy()
        for promise in self.promises:
            promise.deploy(clients)
        threads = [threading.Thread(target=self._load, args=(clients, number)) for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            self._kill(kills, time.monotonic() + seconds, progress)
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join(60)
        self.world.until_living(len(self.world.nodes))
        progress(f"calm after {self.world}, {self.promised()} promises: are they kept?")
        broken = self._broken(clients)
        return [*broken, *self._errors, *self.world.violations(), *self.world.problems(), *self.world.complaints()]

    def promised(self) -> int:
        """How many requests were acknowledged."""
        return sum(len(promise.ledger.promised) for promise in self.promises)

    def _kill(self, kills: int, end: float, progress: Callable[[str], None]) -> None:
        told = 0
        while (self.world.kills < kills or self._first) and time.monotonic() < end and not self._errors:
            self.world.until_living(self._chance.randint(1, max(1, len(self.world.nodes) - 1)))
            self._until_promised(self.promised() + self._chance.randint(0, 2 * self._load_of_a_kill), end)
            self.world.hurt()
            if self.world.kills >= told + 50:
                told = self.world.kills
                progress(f"{self.world}, {self.promised()} promises")
                self._errors += self.world.violations()

    def _until_promised(self, count: int, end: float) -> None:
        """Wait by what is done, not by the clock: on a busy machine a kill meets as much load as on a quiet one."""
        latest, silent_since = self.promised(), time.monotonic()
        while (promised := self.promised()) < count and time.monotonic() < end and not self._errors:
            if promised > latest:
                latest, silent_since = promised, time.monotonic()
            elif time.monotonic() - silent_since > _LONGEST_SILENCE_SECONDS:
                self._err(f"nothing was acknowledged for {_LONGEST_SILENCE_SECONDS} s, though nobody was killed")
            time.sleep(self._chance.uniform(0, 0.02))

    def _load(self, clients: Clients, number: int) -> None:
        """One request after the other, as fast as they are answered; what fails, fails."""
        chance = random.Random(self._chance.random() + number)
        weights = [promise.weight for promise in self.promises]
        while not self._stopped.is_set():
            try:
                promise = self._first.pop()  # each kind once, before it is left to chance
            except IndexError:
                (promise,) = chance.choices(self.promises, weights)
            try:
                promise.step(clients, chance)
            except (BotoCoreError, OSError):
                while not (self.world.is_living() or self._stopped.wait(0.02)):  # nobody there, or cut off in the midst
                    pass
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != _UNANSWERED:
                    self._err(f"{promise.kind}: {error}")
            except Exception as error:
                self._err(f"{promise.kind}: {error!r}")

    def _err(self, words: str) -> None:
        if len(self._errors) < _MAX_ERRORS:
            self._errors.append(words)

    def _broken(self, clients: Clients) -> list[str]:
        """Promises that are not kept when all has come that was under way; and once more, that nothing comes twice."""
        end = time.monotonic() + _CALM_SECONDS
        waiting = self.promises
        while waiting and time.monotonic() < end:
            waiting = [promise for promise in waiting if next(promise.problems(clients), None)]
            time.sleep(1)
        return [problem for promise in self.promises for problem in promise.problems(clients)]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1800, help="and no longer than that (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the clients and of the killer (default: %(default)s)")
    parser.add_argument("--load", type=int, default=50, help="promises a kill, on average (default: %(default)s)")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite", help="default: %(default)s")
    parser.add_argument("--nodes", type=int, default=3, help="how many, with PostgreSQL (default: %(default)s)")
    arguments, more = parser.parse_known_args()
    directory = Path(tempfile.mkdtemp(prefix="segue-torture-"))
    began = time.monotonic()
    cluster = Cluster(fsync="on", autovacuum="on") if arguments.store == "postgresql" else None
    nodes = arguments.nodes if cluster is not None else 1
    world = World(directory / "data", nodes, cluster, random.Random(arguments.seed), tuple(more))
    torture = Torture(world, arguments.seed, arguments.load)
    try:
        problems = torture.run(
            arguments.kills,
            arguments.seconds,
            lambda line: print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True),
        )
    except RuntimeError as error:
        problems = [str(error)]
    finally:
        world.close()
    for promise in torture.promises:
        print(f"  {promise.kind:12} {len(promise.ledger.tried):7} tried {len(promise.ledger.promised):7} promised")
    slowest = max(node.slowest_start_seconds for node in world.nodes)
    print(f"{world}, {torture.promised()} promises, slowest start {slowest:.2f} s, {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    if problems:
        if cluster is not None:
            shutil.copytree(cluster.directory / "data", directory / "postgresql")
        print(f"seed {arguments.seed}: the data is in {directory}", file=sys.stderr)
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
