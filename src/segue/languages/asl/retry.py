"""Which failures a state tries again or catches (ASL: "Errors", developer guide: "Handling errors")."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from segue.languages.asl.flow import Combine, Read, compile_result_path
from segue.languages.asl.query_evaluation import compile_jsonata
from segue.languages.asl.templates import compile_template

_DEFAULT_MAX_ATTEMPTS = 3
_DEFAULT_INTERVAL_SECONDS = 1
_DEFAULT_BACKOFF_RATE = 2.0
_TIMEOUTS = frozenset(("States.Timeout", "States.HeartbeatTimeout"))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a state failed.

    Attributes:
        error, cause: None where the one who reported it left it out.
        also: a further name under which the error can be handled.
    """

    error: str | None
    cause: str | None
    also: str | None = None

    @property
    def is_fatal(self) -> bool:
        """Nothing handles a States.Runtime: it ends the execution, wherever it happens."""
        return self.error == "States.Runtime"

    def matches(self, names: frozenset[str]) -> bool:
        """Whether an ErrorEquals of these names means it."""
        if "States.ALL" in names or self.error in names or self.also in names:
            return True
        return "States.TaskFailed" in names and self.error not in _TIMEOUTS


@dataclass(frozen=True, slots=True)
class Retrier:
    """One element of Retry."""

    errors: frozenset[str]
    max_attempts: int
    interval_seconds: float
    backoff_rate: float
    max_delay_seconds: float | None
    is_jittered: bool

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Retrier:
        return cls(
            errors=frozenset(spec["ErrorEquals"]),
            max_attempts=spec.get("MaxAttempts", _DEFAULT_MAX_ATTEMPTS),
            interval_seconds=spec.get("IntervalSeconds", _DEFAULT_INTERVAL_SECONDS),
            backoff_rate=spec.get("BackoffRate", _DEFAULT_BACKOFF_RATE),
            max_delay_seconds=spec.get("MaxDelaySeconds"),
            is_jittered=spec.get("JitterStrategy") == "FULL",
        )

    def delay_ms(self, retries_before: int, chance: random.Random) -> int:
        """How long to wait before the next attempt."""
        longest_seconds = self.max_delay_seconds or 31_622_400
        try:
            seconds = min(self.interval_seconds * self.backoff_rate**retries_before, longest_seconds)
        except OverflowError:
            seconds = longest_seconds
        if self.is_jittered:
            seconds = chance.uniform(0, seconds)
        return round(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Catcher:
    """One element of Catch."""

    errors: frozenset[str]
    next: str
    result_path: Combine | None
    assign: Read | None
    output: Read | None = None
    is_jsonata: bool = False

    @classmethod
    def of(cls, spec: dict[str, Any], field: str | None = None) -> Catcher:
        """Compile one; ``field`` says where it stands in a JSONata state, None for a JSONPath state."""
        if field is not None:
            return cls(
                errors=frozenset(spec["ErrorEquals"]),
                next=spec["Next"],
                result_path=None,
                assign=compile_jsonata(spec["Assign"], f"{field}/Assign") if "Assign" in spec else None,
                output=compile_jsonata(spec["Output"], f"{field}/Output") if "Output" in spec else None,
                is_jsonata=True,
            )
        return cls(
            errors=frozenset(spec["ErrorEquals"]),
            next=spec["Next"],
            result_path=compile_result_path(spec.get("ResultPath", "$")),
            assign=compile_template(spec["Assign"]).evaluate if "Assign" in spec else None,
        )

    def caught(self, scope: Any, raw: Any, error_output: Any) -> tuple[Any, dict[str, Any] | None]:
        """The state's output, and the variables to set, when it ends with this error."""
        if self.is_jsonata:
            scope.error_output = error_output
        values: dict[str, Any] | None = None
        if self.assign is not None:
            if not self.is_jsonata:
                scope.input = error_output
            values = self.assign(scope)
        if self.output is not None:
            return self.output(scope), values
        return self.result_path(raw, error_output) if self.result_path else error_output, values
