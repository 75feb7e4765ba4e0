"""Where identifiers and chance come from: given, so that a simulation can repeat them from a seed."""

from __future__ import annotations

import base64
import random
import string

_UUID_BITS = ~(0xF000 << 64 | 0xC000 << 48)
_UUID_VERSION_4 = 0x4000 << 64 | 0x8000 << 48
_UUID_VERSION_7 = 0x7000 << 64 | 0x8000 << 48
# Below the milliseconds of an ordered number: 1,024ths of them, the node that makes it, and what it counts.
_PLACED_BITS = 12
_COUNTING_BITS = 2
_PLACE_BITS = 0x3FF << _COUNTING_BITS
_ALPHANUMERIC = string.ascii_uppercase + string.digits


class Ids:
    """Makes identifiers; seeded for a simulation, from the system's entropy otherwise."""

    def __init__(self, seed: int | None = None) -> None:
        self.random = random.Random(seed) if seed is not None else random.SystemRandom()
        if seed is None:
            # One draw of system entropy seeds a fast generator: ids need uniqueness; secrets are drawn by token().
            self.random = random.Random(random.SystemRandom().getrandbits(256))
        self._latest = 0
        self._place: int | None = None
        self._moment: int | None = None
        self._secret = random.SystemRandom() if seed is None else self.random

    def uuid(self) -> str:
        """A random UUID (version 4) as text."""
        return _uuid_text(self.random.getrandbits(128) & _UUID_BITS | _UUID_VERSION_4)

    def uuid_by_time(self, now_ms: int) -> str:
        """A UUID (version 7) as text that begins with the time: for keys whose index is to grow at its end."""
        return _uuid_text(now_ms << 80 | self.random.getrandbits(80) & _UUID_BITS | _UUID_VERSION_7)

    def ordered(self, now_ms: int) -> int:
        """A 63-bit number that grows with time and with every call: a row's key, in the order of insertion.

        41 bits of milliseconds, 22 of counting. Of these, nodes that share a store spend ten on what part of the
        millisecond it is and ten on who they are: whoever has been told the shared store's time (:meth:`begin`) when
        it sees what others have committed makes greater numbers than those had.
        """
        place = self._place
        if place is None:
            self._latest = max(self._latest + 1, now_ms << 22)
            return self._latest
        latest = max(self._latest + 1, (self._moment or now_ms << 22) | place)
        if latest & _PLACE_BITS != place:  # the moment's numbers are used up, or they were another node's
            latest = (latest >> _PLACED_BITS) + 1 << _PLACED_BITS | place
        self._latest = latest
        return latest

    def begin(self, now_us: int) -> None:
        """Make numbers from this moment on, in microseconds of the clock that all nodes share, not from ``now_ms``."""
        now_ms, rest_us = divmod(now_us, 1_000)
        self._moment = now_ms << 22 | (rest_us << 10) // 1_000 << _PLACED_BITS

    def place(self, node: int) -> None:
        """Make numbers that no other node makes: ``node``, of 1,024, says which."""
        self._place = node << _COUNTING_BITS

    @property
    def has_begun(self) -> bool:
        """Whether there is a clock that all nodes share."""
        return self._moment is not None

    @property
    def node(self) -> int:
        """The node that makes these numbers; 0 where there is one only."""
        return 0 if self._place is None else self._place >> _COUNTING_BITS

    @property
    def latest(self) -> int:
        """The greatest number that :meth:`ordered` has made."""
        return self._latest

    def resume(self, latest: int) -> None:
        """Go on after ``latest``, which an earlier process may have made, whatever its clock said."""
        self._latest = max(self._latest, latest)

    def seed(self) -> int:
        """A 63-bit integer, to seed what must be repeatable later (a pure program's chance)."""
        return self.random.getrandbits(63)

    def alphanumeric(self, length: int) -> str:
        """Upper-case letters and digits, as in access keys and unique ids."""
        return "".join(self.random.choices(_ALPHANUMERIC, k=length))

    def token(self, size_bytes: int) -> str:
        """An unguessable text: ``size_bytes`` of entropy in base64."""
        return base64.b64encode(self._secret.getrandbits(size_bytes * 8).to_bytes(size_bytes, "big")).decode()


def _uuid_text(bits: int) -> str:
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
