"""A disk whose power can be cut: what was not synced is lost, or half of it, in any order.

An SQLite file layer that writes through to real files and remembers, for each, what a disk would still have after a
cut: the content at the last sync, and of what was written since whatever chance decides (writes are not ordered, and
the last one may be torn).
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import apsw

NAME = "power"
_DISK = apsw.vfs_names()[0]


class PowerIsOff(OSError):
    """Nothing is written any more."""


class _Content:
    """What of one file is safe, and what was written since."""

    def __init__(self, synced: bytes) -> None:
        self.synced = bytearray(synced)
        self.since: list[tuple[int, bytes | None]] = []

    def sync(self) -> None:
        for place, data in self.since:
            _apply(self.synced, place, data)
        self.since.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        content = bytearray(self.synced)
        lost = chance.random()
        for place, data in self.since:
            if chance.random() < lost:
                continue
            if data is not None and chance.random() < 0.1:
                data = data[: chance.randrange(len(data) + 1)]
            _apply(content, place, data)
        return bytes(content)


def _apply(content: bytearray, place: int, data: bytes | None) -> None:
    """Write; or, without data, cut the file off there."""
    if data is None:
        del content[place:]
    else:
        content.extend(bytes(max(0, place - len(content))))
        content[place : place + len(data)] = data


class Power(apsw.VFS):
    """The file layer, SQLite's default one while it is registered (:meth:`on` to :meth:`off`).

    Attributes:
        left: how many more writes and syncs there is power for.
    """

    def __init__(self) -> None:
        self.contents: dict[str, _Content] = {}
        self.left = 10**9
        super().__init__(NAME, _DISK, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if path not in self.contents:
            known = Path(path).read_bytes() if path and Path(path).is_file() else b""
            self.contents[path] = _Content(known)
        file = _File(self, name, flags)
        file.content = self.contents[path]
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.use()
        self.contents.pop(filename, None)
        super().xDelete(filename, syncdir)

    def use(self) -> None:
        """One more write, if there is power for it."""
        self.left -= 1
        if self.left < 0:
            raise PowerIsOff

    def after_a_cut(self, to: Path, chance: random.Random) -> None:
        """Write the files as the disk has them into another directory."""
        to.mkdir()
        for path, content in self.contents.items():
            if path and not path.endswith("-shm"):
                (to / Path(path).name).write_bytes(content.after_a_cut(chance))


class _File(apsw.VFSFile):
    content: _Content

    def __init__(self, power: Power, name: Any, flags: list[int]) -> None:
        self._power = power
        super().__init__(_DISK, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        self._power.use()
        self.content.since.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._power.use()
        self.content.since.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._power.use()
        super().xSync(flags)
        self.content.sync()
