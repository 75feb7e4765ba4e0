"""A soak of some seconds: the tool runs, everything is answered or throttled, and the server recovers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_short_soak() -> None:
    command = [sys.executable, "bench/soak.py", "--minutes", "0.05", "--share", "0.3"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert all(phase in run.stdout for phase in ("sustained", "flood", "after", "memory:", "files:"))
