"""Operations as clients saw them: when they were asked for, when they were answered, with what."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda self: "?"})()
"""The result of an operation that was never answered: it has happened, will happen yet, or never."""
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one key. Times in seconds, of one clock."""

    name: str
    given: Any
    result: Any
    asked: float
    answered: float

    def __str__(self) -> str:
        return f"{self.asked:.4f}–{self.answered:.4f} {self.name}({self.given}) = {self.result}"


@dataclass
class History:
    """Operations by the key that they were about; threads share it."""

    operations: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, key: str, name: str, given: Any, call: Callable[[], Any], refusals: dict[str, Any]) -> Any:
        """Call, and note what came of it.

        Args:
            refusals: what the refusals that are to be expected mean, by their error codes.

        Raises:
            ClientError: another refusal: it is not for a client to get.
            Unanswered: nobody knows whether it has happened.
        """
        asked = time.monotonic()
        try:
            result = call()
        except BotoCoreError as error:
            self._add(key, Operation(name, given, UNKNOWN, asked, NEVER))
            raise Unanswered from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in refusals:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
                self._add(key, Operation(name, given, UNKNOWN, asked, NEVER))
                raise Unanswered from error
            result = refusals[code]
        self._add(key, Operation(name, given, result, asked, time.monotonic()))
        return result

    def __len__(self) -> int:
        return sum(map(len, self.operations.values()))

    def unanswered(self) -> int:
        """How many operations were never answered."""
        return sum(one.result is UNKNOWN for operations in self.operations.values() for one in operations)

    def _add(self, key: str, operation: Operation) -> None:
        with self._lock:
            self.operations[key].append(operation)


class Unanswered(Exception):
    """A client was left without an answer."""
