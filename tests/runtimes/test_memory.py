from __future__ import annotations

import subprocess
import sys

from segue.runtimes.memory import processor_seconds


def test_what_a_process_needs_of_the_processor_is_told() -> None:
    works = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", works], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert processor_seconds(process.pid) >= 0.2
        process.communicate(b"\n")
    assert processor_seconds(process.pid) == 0
