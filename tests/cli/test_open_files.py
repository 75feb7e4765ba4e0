"""The limit of open files: raised as far as it goes, and said where that is not far."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

SCRIPT = (
    "from segue.cli.open_files import raise_limit; import resource\n"
    "print(raise_limit()); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)


def limit(soft: int, hard: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("soft", "hard", "told"), [(256, 6_000, ""), (256, 1_024, "only 1024 files")])
def test_the_soft_limit_becomes_the_hard_one(soft: int, hard: int, told: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=partial(limit, soft, hard),
    )
    words, now = run.stdout.split("\n")[:2]
    assert int(now) == hard
    assert bool(words) == bool(told)
    assert told in words
