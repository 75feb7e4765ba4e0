"""Servers that are killed and started again, with what they keep their rows in."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE

from segue.api import Api
from segue.clock import SystemClock
from segue.config import Settings
from segue.server import services
from segue.store.portable.ends import Source
from segue.store.portable.sqlite import sqlite_source
from segue.worker.invariants import violations
from tests.postgres import Cluster
from tests.served import free_port

_LONGEST_START_SECONDS = 60.0


class Node:
    """One server, which is started again whenever it has ended.

    Args:
        data: its directory.
        port: where it answers, each time.
        more: further arguments of ``segue serve``.
        rests: for how many seconds it stays dead, asked each time.
        excused: whether it may have ended by itself since a moment: its database was away.
    """

    def __init__(
        self, data: Path, port: int, more: tuple[str, ...], rests: Callable[[], float], excused: Callable[[float], bool]
    ) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = data.parent / f"{data.name}.log"
        self._rests, self._excused = rests, excused
        self._lock = threading.Lock()
        self._pid = 0
        self._ordered = self._over = False
        self.living = False
        self.ends = self.pauses = 0
        self.slowest_start_seconds = 0.0
        self.problems: list[str] = []
        program = [sys.executable, "-m", "tests.torture.zygote", "--port", str(port), "--data", str(data), *more]
        with self.log.open("wb") as log:
            self._zygote = subprocess.Popen(program, stdin=PIPE, stdout=PIPE, stderr=log, text=True)
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process, be it ready or not."""
        with self._lock:
            if self._pid and not self._ordered:
                self._ordered = True
                self.ends += 1
                self.living = False
                self._send(number)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has ended, which nobody has read yet
            os.kill(self._pid, number)

    def pause(self, seconds: float) -> None:
        """Have it sleep; it wakes and finds the world changed."""
        with self._lock:
            pid = self._pid
            if self.living:
                self.living = False
                self.pauses += 1
                self._send(signal.SIGSTOP)
                threading.Timer(seconds, self._wake, (pid,)).start()

    def _wake(self, pid: int) -> None:
        with self._lock:
            if self._pid == pid:
                self._send(signal.SIGCONT)
                self.living = not self._ordered

    def close(self) -> None:
        """End it for good."""
        with self._lock:
            self._over = True
            if self._pid:
                self._send(signal.SIGKILL)
        self._keeper.join()
        self._zygote.communicate()

    def _keep(self) -> None:
        assert self._zygote.stdin is not None
        while not self._over:
            began = time.monotonic()
            print("start", file=self._zygote.stdin, flush=True)
            how = self._live(began)
            with self._lock:
                if not self._ordered and not self._over and not self._excused(began):
                    self.problems.append(f"{self.log}: ended by itself: {how}")
                self._pid, self.living, self._ordered = 0, False, False
            time.sleep(self._rests())

    def _live(self, began: float) -> str:
        """One life; how it ended."""
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            if line.startswith("pid "):
                with self._lock:
                    self._pid = int(line.split()[1])
                    if self._over:
                        self._send(signal.SIGKILL)
            elif "is ready at" in line:
                self.slowest_start_seconds = max(self.slowest_start_seconds, time.monotonic() - began)
                with self._lock:
                    self.living = not self._ordered
            elif line.startswith("ended "):
                return line.strip()
        return "no zygote any more"


class World:
    """Nodes, and the database that they share.

    Args:
        directory: for all that is kept, new.
        nodes: how many.
        cluster: a PostgreSQL server, which may be killed as well; without one there is one node with its own data.
        chance: who dies, and for how long.
        more: further arguments of ``segue serve``.
    """

    def __init__(
        self, directory: Path, nodes: int, cluster: Cluster | None, chance: random.Random, more: tuple[str, ...] = ()
    ) -> None:
        self._directory, self._cluster, self._chance = directory, cluster, chance
        self._back_at = float("-inf")
        self.restarts = 0
        if cluster is not None:
            cluster.start()
            more = ("--store", cluster.url(), *more)
        directory.mkdir()
        longest = 1.5 if nodes > 1 else 0.2
        self.nodes = []
        for number in range(nodes):
            port = free_port()
            rests = partial(chance.uniform, 0, longest)
            self.nodes.append(Node(directory / f"node{number}", port, more, rests, self._was_away_since))

    def somewhere(self) -> str:
        """The address of a node, a living one if there is any."""
        node = random.choice([node for node in self.nodes if node.living] or self.nodes)
        return node.address

    def is_living(self) -> bool:
        """Whether anybody is ready."""
        return any(node.living for node in self.nodes)

    def until_living(self, count: int) -> None:
        """Wait until so many nodes are ready, or one has come to grief."""
        end = time.monotonic() + _LONGEST_START_SECONDS
        while sum(node.living for node in self.nodes) < count:
            if problems := self.problems():
                raise RuntimeError("\n".join(problems))
            if time.monotonic() > end:
                raise RuntimeError(f"less than {count} nodes after {_LONGEST_START_SECONDS:.0f} s")
            time.sleep(0.01)

    def hurt(self) -> None:
        """Kill a node, mostly; or have it stop or sleep; or kill some, ready or not, all, or what keeps their rows."""
        nodes = self.nodes
        living = [node for node in nodes if node.living] or nodes
        roll = self._chance.random()
        if self._cluster is not None and (roll < 0.04 or (not self.restarts and self.kills)):
            self._restart(self._cluster)
        elif roll < 0.08 and len(nodes) > 1:
            self._chance.choice(living).pause(self._chance.choice((1, 10)))
        elif roll < 0.12:
            self._chance.choice(living).end(signal.SIGTERM)
        elif roll < 0.16:
            for node in nodes:
                node.end()
        elif roll < 0.25:
            for node in self._chance.sample(nodes, self._chance.randint(1, len(nodes))):
                node.end()
        else:
            self._chance.choice(living).end()

    def _restart(self, cluster: Cluster) -> None:
        self._back_at = float("inf")
        cluster.stop("immediate")
        time.sleep(self._chance.uniform(0, 2))
        cluster.start()
        self._back_at = time.monotonic()
        self.restarts += 1

    def _was_away_since(self, began: float) -> bool:
        return self._back_at > began

    @property
    def kills(self) -> int:
        """How often a node was ended."""
        return sum(node.ends for node in self.nodes)

    def __str__(self) -> str:
        """What was done to it."""
        pauses = sum(node.pauses for node in self.nodes)
        shared = f", {pauses} pauses, {self.restarts} restarts of the database" if self._cluster is not None else ""
        return f"{self.kills} kills{shared}"

    def problems(self) -> list[str]:
        """What nodes came to grief of that nobody had killed."""
        return [problem for node in self.nodes for problem in node.problems]

    def complaints(self) -> Iterator[str]:
        """Errors that nodes have logged as their own, each once."""
        told: set[str] = set()
        for node in self.nodes:
            lines = node.log.read_text().splitlines()
            for number, line in enumerate(lines):
                if line.startswith("Traceback"):
                    last = next((one for one in lines[number + 1 :] if not one.startswith(" ")), "")
                    if last not in told:
                        told.add(last)
                        yield f"{node.log}:{number + 1}: {last}"

    def violations(self) -> list[str]:
        """What must not be in the rows at any moment, as ``segue store check`` finds it."""
        with self._source() as source:
            return list(violations(Api(services(), Settings()), source.transaction))

    def _source(self) -> AbstractContextManager[Source]:
        if self._cluster is None:
            return sqlite_source(self._directory / "node0", SystemClock())
        from segue.store.postgres.opening import Database
        from segue.store.postgres.portable import postgres_source

        return postgres_source(Database(self._cluster.url()), SystemClock())

    def close(self) -> None:
        """End everything; the data stays."""
        for node in self.nodes:
            node.close()
        if self._cluster is not None:
            self._cluster.stop("immediate")
