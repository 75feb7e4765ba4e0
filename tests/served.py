"""A real ``segue serve`` in a process of its own, for what only a process shows: signals, crashes, restarts."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from tests.postgres import STORE_OF, is_chosen

_READY = re.compile(r"ready at (http://\S+)")


class Served:
    """One run of the server; a data directory outlives it.

    Args:
        data: the data directory.
        log: where standard error goes.
        more: further arguments of ``segue serve``.
        group: whether it leads a process group of its own, as it does when a shell starts it.
        module: whose ``main`` it is.
        before: called in the process before the server starts: to limit what it may use.
        environment: variables that it sees besides ours.
    """

    def __init__(
        self,
        data: Path,
        *more: str,
        log: Path | None = None,
        port: int = 0,
        group: bool = False,
        before: Callable[[], None] | None = None,
        module: str = "segue.cli.main",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self._before = before
        self._environment = {**os.environ, **(environment or {})}
        self._group = group
        self._module = module
        self.log = log or data.parent / f"{data.name}.log"
        store = ("--store", STORE_OF(data)) if is_chosen() and "--store" not in more else ()
        self._arguments = ("--port", str(port), "--data", str(data), *store, *more)
        self.endpoint_url = ""
        self.seconds_to_ready = 0.0

    def start(self) -> Served:
        """Start and wait for the line that says it is ready; ``RuntimeError`` with its words if it ends instead."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self._module, "serve", *self._arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=self._group,
                preexec_fn=self._before,
                env=self._environment,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = _READY.search(line)
        if found is None:
            self.process.wait(10)
            raise RuntimeError(self.log.read_text())
        self.endpoint_url = found.group(1)
        self.seconds_to_ready = time.monotonic() - began
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(15)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def client(self, service: str, *, account: str = "000000000000", read_timeout: int = 30, **more: Any) -> Any:
        """A boto3 client that tries once."""
        config = Config(
            inject_host_prefix=False,
            retries={"total_max_attempts": 1},
            read_timeout=read_timeout,
            max_pool_connections=50,
        )
        credentials = {"aws_access_key_id": account, "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.endpoint_url, config=config, **{**credentials, **more})

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        elif self.process.stdout is not None:
            self.process.stdout.close()


def free_port() -> int:
    """A port that nobody listens at, below those that the system gives out: it stays free while its server is dead."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
