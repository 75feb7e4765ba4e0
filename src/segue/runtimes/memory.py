"""How much memory a process uses."""

from __future__ import annotations

import os

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
