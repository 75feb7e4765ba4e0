"""Wait: until a moment, or for some seconds."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.commands import SetTimer
from segue.languages.asl.errors import QueryEvaluationError, StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import Read
from segue.languages.asl.frames import WAITING, Branch
from segue.languages.asl.query_evaluation import compile_typed
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope
from segue.languages.asl.state import State
from segue.languages.asl.timestamps import timestamp_ms
from segue.languages.asl.transitions import leave
from segue.languages.jsonpath import PathNotFound

MAX_DELAY_MS = (2**31 - 1) * 1000
"""24855 days pass, 24856 do not (sfn-wait/wait__timestamp_too_far_in_future_boundary_*)."""


def _jsonata_moment(spec: dict[str, Any]) -> Read:
    """The end of a wait whose Seconds or Timestamp may be an expression, in milliseconds since the epoch."""
    if "Seconds" in spec:
        read_seconds = compile_typed(spec["Seconds"], "Seconds", "number")

        def until_seconds(scope: Any) -> int:
            value = read_seconds(scope)
            if value != int(value) or abs(value) >= 2**63:
                raise _wrong("Seconds", "cannot be parsed as a long value", value)
            if value < 0:
                raise _wrong("Seconds", "references a negative value", value)
            now_ms: int = scope.now_ms
            return now_ms + int(value) * 1000

        return until_seconds
    read_timestamp = compile_typed(spec["Timestamp"], "Timestamp", "string")

    def until_timestamp(scope: Any) -> int:
        value = read_timestamp(scope)
        at_ms = timestamp_ms(value)
        if at_ms is None:
            why = "cannot be parsed as an ISO-8601 extended offset date-time format string"
            raise _wrong("Timestamp", why, value)
        return at_ms

    return until_timestamp


def _wrong(field: str, why: str, value: Any) -> QueryEvaluationError:
    shown = value if isinstance(value, str) else json_text.dump(value)
    return QueryEvaluationError(f"The {field} field {why}: {shown}", field)


class WaitState(State):
    """Wait."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self._moment = _jsonata_moment(spec) if self.is_jsonata else None
        if self._moment is not None:
            return
        self._seconds = spec.get("Seconds")
        self._timestamp_ms = timestamp_ms(spec["Timestamp"]) if "Timestamp" in spec else None
        path = spec.get("SecondsPath") or spec.get("TimestampPath")
        self._path: str = path or ""
        self._read = compile_expression(path).read if path else None
        self._path_field = "SecondsPath" if "SecondsPath" in spec else "TimestampPath"

    def attempt(self, run: Run, branch: Branch) -> None:
        at_ms = self._until_ms(run, branch)
        if at_ms - run.now_ms > MAX_DELAY_MS:
            raise StatesError("States.Runtime", "Wait state delay is too long.")
        if at_ms <= run.now_ms:
            self.wake(run, branch)
            return
        branch.generation += 1
        branch.phase = WAITING
        run.actions.append(SetTimer(branch.id, branch.generation, "wait", at_ms))

    def wake(self, run: Run, branch: Branch) -> None:
        """The waiting is over."""
        scope = run.scope(branch, self)
        raw = scope.input
        effective = self.flow.effective(scope)
        values = self.flow.assigned(scope, effective)
        leave(run, branch, self, self.flow.output(scope, raw, effective), self.next, values)

    def _until_ms(self, run: Run, branch: Branch) -> int:
        if self._moment is not None:
            at_ms: int = self._moment(run.scope(branch, self))
            return at_ms
        if self._seconds is not None:
            return run.now_ms + int(self._seconds) * 1000
        if self._timestamp_ms is not None:
            return self._timestamp_ms
        scope = run.scope(branch, self)
        self.flow.effective(scope)
        if self._path_field == "SecondsPath":
            return run.now_ms + self._seconds_found(scope) * 1000
        return self._moment_found(scope)

    def _seconds_found(self, scope: Scope) -> int:
        value = self._found(scope)
        if type(value) is not int or abs(value) >= 2**63:
            raise self._refused("cannot be parsed as a long value", value)
        if value < 0:
            raise self._refused("references a negative value", value)
        return value

    def _moment_found(self, scope: Scope) -> int:
        value = self._found(scope)
        at_ms = timestamp_ms(value) if isinstance(value, str) else None
        if at_ms is None:
            raise self._refused("does not reference a valid ISO-8601 extended offset date-time format string", value)
        return at_ms

    def _found(self, scope: Scope) -> Any:
        assert self._read is not None
        try:
            return self._read(scope)
        except PathNotFound:
            cause = f"The {self._path_field} parameter does not reference an input value: {self._path}"
            raise StatesError("States.Runtime", cause) from None

    def _refused(self, why: str, value: Any) -> StatesError:
        shown = value if isinstance(value, str) else json_text.dump(value)
        cause = f"The {self._path_field} parameter {why}: {self._path} == {shown}"
        return StatesError("States.Runtime", cause)
