"""A command run as a shell would, against a server of the test's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from segue.cli.main import main
from segue.testing import Segue


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


def commands(name: str, segue: Segue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``segue NAME …`` at the server's own time, without the environment's settings."""
    for variable in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(time, "time", lambda: segue.clock.now_ms() / 1000)

    def command(*arguments: str) -> Said:
        status = main([name, *arguments, "--endpoint-url", segue.endpoint_url])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return command
