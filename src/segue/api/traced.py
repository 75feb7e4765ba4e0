"""What an operation gives to another one's handler beyond what AWS's model has room for: whose conversation it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Traced(dict[str, Any]):
    """A part of a result (a received message) with the trace header of the conversation that it came in.

    Only nested calls see it: a client is answered what AWS answers.
    """

    __slots__ = ("trace",)

    def __init__(self, members: Mapping[str, Any], trace: str) -> None:
        super().__init__(members)
        self.trace = trace


def trace_of(part: Mapping[str, Any]) -> str:
    """The trace header of a part of a result, or nothing."""
    return part.trace if isinstance(part, Traced) else ""
