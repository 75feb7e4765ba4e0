"""Python functions: programs of layers, which code starts as ``/opt/…``.

On AWS layers lie in ``/opt``. Here they are there only where the machine allows it (``opt_mount.py``). What code starts
from there, and cannot be started there, is started from the layer that has it: the AWS CLI of CDK's
``BucketDeployment``, for one, whose first line names AWS's own Python, which is this one then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

_RUNTIME_PYTHON = (b"#!/var/lang/bin/python", b"#!/usr/bin/env python")


def install(layers: Sequence[str]) -> None:
    """From now on, in this process; ``layers`` are their folders, the last one first."""
    if not layers:
        return
    import subprocess

    begin = subprocess.Popen.__init__

    def begin_from_layers(self: Any, args: Any, *more: Any, **named: Any) -> None:
        begin(self, found_command(args, layers), *more, **named)

    subprocess.Popen.__init__ = begin_from_layers  # type: ignore[method-assign]


def found_command(args: Any, layers: Sequence[str]) -> Any:
    """A command whose program is a layer's, as it can be started here; any other as it is."""
    if isinstance(args, (str, bytes, os.PathLike)) or not args:
        return args
    program = os.fspath(args[0])
    if not isinstance(program, str) or not program.startswith("/opt/") or os.access(program, os.X_OK):
        return args
    for layer in layers:
        path = os.path.join(layer, program.removeprefix("/opt/"))
        if os.path.isfile(path):
            return [*_interpreter(path), path, *args[1:]]
    return args


def _interpreter(path: str) -> list[str]:
    with open(path, "rb") as file:
        return [sys.executable] if file.readline(128).startswith(_RUNTIME_PYTHON) else []
