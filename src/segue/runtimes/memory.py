"""What a process uses: memory, and processors."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class MemoryGauge:
    """Resident memory of one process (not of its children), and the highest value read. Reads 0 where there is no
    /proc."""

    def __init__(self, pid: int) -> None:
        self.highest_bytes = 0
        try:
            self._file: int | None = os.open(f"/proc/{pid}/statm", os.O_RDONLY)
        except OSError:
            self._file = None

    def read_bytes(self) -> int:
        if self._file is None:
            return 0
        try:
            resident_bytes = int(os.pread(self._file, 128, 0).split()[1]) * _PAGE_BYTES
        except (OSError, IndexError):  # it has just ended
            return 0
        self.highest_bytes = max(self.highest_bytes, resident_bytes)
        return resident_bytes

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def processor_seconds(pid: int) -> float:
    """For how long a process's threads have used processors, or were kept waiting for one. 0 where that is not told."""
    total = 0
    for told in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            used, waited, _ = told.read_text().split()
        except (OSError, ValueError):  # it has just ended
            continue
        total += int(used) + int(waited)
    return total / 1e9
