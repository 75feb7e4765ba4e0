"""What environments leave behind when they end: programs that they have put into groups of their own (a browser's, a
daemon's). They become children of the helper process; by their environment it is known whose they were."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection

_ADDRESS = b"AWS_LAMBDA_RUNTIME_API="


def children() -> list[int]:
    """Children of this process: with the subreaper flag, orphans of environments are among them."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listed:
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return []


def end(environments: Collection[int], addresses: Collection[str]) -> None:
    """Kill those of environments that are no more; what they have started in turn is this process's next.

    Args:
        environments: process ids of those that there are.
        addresses: of their runtime APIs.
    """
    for pid in children():
        address = "" if pid in environments else _address(pid)
        if address and address not in addresses:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _address(pid: int) -> str:
    """Of the environment in which a program was started; empty where nobody knows."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return ""
    return next((each[len(_ADDRESS) :].decode() for each in variables if each.startswith(_ADDRESS)), "")
