"""The server under measurement in a process of its own, and what it costs: processor time, memory, threads."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from database import Database

_TICKS = os.sysconf("SC_CLK_TCK")


class Host:
    """One ``segue serve`` on a free port with a fresh data directory.

    Args:
        database: of whose nodes it is one; else it has the embedded store.
        more: further arguments of ``segue serve``.
    """

    def __init__(self, database: Database | None = None, *more: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="segue-bench-"))
        self.database = database
        store = ("--store", database.url, "--blobs", str(database.blobs)) if database else ()
        self._more = (*store, *more)
        self._log = (self.directory / "log").open("ab")

    def start(self, first_call: bytes) -> float:
        """Start and make a first call; seconds from the start of the process to its answer."""
        began = time.perf_counter()
        data = str(self.directory / "data")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "segue.cli.main", "serve", "--port", "0", "--data", data, *self._more],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://([^:\s]+):(\d+)", line)
        if found is None:
            raise SystemExit(f"the server did not start: {line}{(self.directory / 'log').read_text()}")
        self.endpoint_url = found.group()
        with socket.create_connection((found[1], int(found[2]))) as connection:
            connection.sendall(first_call)
            answer = connection.recv(65_536)
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise SystemExit(f"the first call was answered with {answer!r}")
        return time.perf_counter() - began

    def kill(self) -> None:
        """``kill -9``; what it has on disk stays, and :meth:`start` starts on it."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Stop the server; :meth:`start` starts it again."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self.end()
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self) -> str:
        """What the server wrote to standard error."""
        return (self.directory / "log").read_text(errors="replace")

    def cpu_seconds(self) -> float:
        """Processor time of the server process so far, its helpers and functions not included."""
        return _cpu_seconds(self.process.pid)

    def database_cpu_seconds(self) -> float:
        """Processor time of the database's processes so far, if there is one."""
        return family_cpu_seconds(self.database.pid) if self.database else 0.0

    def family_cpu_seconds(self) -> float:
        """The same with its helpers and the functions that run now."""
        return family_cpu_seconds(self.process.pid)

    def runs(self, pid: int) -> bool:
        """Whether a process is one of its helpers and functions."""
        return pid in _descendants(self.process.pid)

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of the server and of all its descendants (helper, functions)."""
        server = _status(self.process.pid, "VmRSS") / 1024
        helpers = sum(_status(pid, "VmRSS") for pid in _descendants(self.process.pid)) / 1024
        return {"server": server, "helpers": helpers}

    def threads(self) -> int:
        """How many threads the server process has."""
        return int(_status(self.process.pid, "Threads"))


def family_cpu_seconds(root: int) -> float:
    """Processor time of a process and all its descendants so far."""
    return sum(_cpu_seconds(pid) for pid in (root, *_descendants(root)))


def _cpu_seconds(pid: int) -> float:
    try:
        return time.clock_gettime(~pid << 3 | 2)  # the clock of another process, as clock_getcpuclockid names it
    except OSError:
        return 0.0


def machine_cpu_seconds() -> float:
    """Processor time of everything on this machine so far."""
    user, nice, system, _, _, irq, softirq, *_ = (int(part) for part in _first_line("/proc/stat").split()[1:])
    return (user + nice + system + irq + softirq) / _TICKS


def _first_line(path: str) -> str:
    with Path(path).open() as lines:
        return lines.readline()


def _status(pid: int, name: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found
