"""TestState: one state, run by itself with the engine's own code and watched while its fields are evaluated.

A ``StateRun`` enters the state. Then it is done, or waits: for a task (``task``), for a moment (``wake_at_ms``), for
branches that are never run (``needs_mock``). What comes of it is told by ``complete``, ``fail`` and ``wake``, by a mock
or by the real work alike. The same test gives the same run, so one that has to wait is made anew when it goes on.

Sources: API reference, TestState and InspectionData; developer guide, "Testing state machines with TestState API";
conformance cases sfn-teststate/*.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from segue.languages.asl import json_text
from segue.languages.asl.commands import ScheduleTask, SetTimer, StartMapRun
from segue.languages.asl.compiler import compile
from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.frames import JOINING, MAPPING, READY, RETRYING, RUNNING, SCHEDULED, WAITING, Branch
from segue.languages.asl.joins import JoiningState
from segue.languages.asl.map_plan import ItemInputs
from segue.languages.asl.map_state import MapState
from segue.languages.asl.plain_states import PassState
from segue.languages.asl.program import Program
from segue.languages.asl.retry import Catcher, Failure, Retrier
from segue.languages.asl.run import Run
from segue.languages.asl.state import State
from segue.languages.asl.task_state import TaskState
from segue.languages.asl.transitions import MAX_PAYLOAD_BYTES, EvaluationErrors, evaluation_failed, fail
from segue.languages.asl.tree import ExecutionMeta, Tree
from segue.languages.asl.wait_state import WaitState

STATE_NAME = "StateName"
"""What a state that is given by itself is called."""

_FIELDS: dict[str, tuple[str, ...]] = {
    "Pass": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Task": ("afterInputPath", "afterParameters", "result", "afterResultSelector", "afterResultPath"),
    "Parallel": ("afterResultSelector", "afterResultPath"),
    "Map": (
        "afterInputPath",
        "afterItemsPath",
        "afterItemSelector",
        "afterItemBatcher",
        "afterItemsPointer",
        "afterResultSelector",
        "afterResultPath",
    ),
}
_JSONATA_FIELDS: dict[str, tuple[str, ...]] = {
    "Task": ("afterArguments", "result"),
    "Map": ("afterItemSelector", "afterItemBatcher", "afterItemsPointer"),
}
_OTHER_FIELDS = ("afterInputPath",)
_PASS_WITH_RESULT = ("result", "afterResultSelector", "afterResultPath")
_LEFT_OUT = object()
_MOST_INPUTS = 5_000
_SPACED = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_NUMBERS = ("toleratedFailureCount", "toleratedFailurePercentage", "maxConcurrency")


class StateNotFound(Exception):
    """The definition has no state of the name that is to be tested."""


class TooManyFailures(Exception):
    """More iterations of a Map are said to have failed than there are."""


@dataclass(frozen=True, slots=True)
class StateTest:
    """What is to be tested.

    Attributes:
        program: with the state at level 0, as ``program_of`` gives it.
        name: the state.
        meta: what the state is told about its execution.
        input_text: its input, JSON.
        variables: the workflow variables that it finds.
        context: what ``$$`` is; None for what ``meta`` says.
        retries_before: how often the Retrier that applies has been used.
        reader_data: what the ItemReader of a Map has read.
    """

    program: Program
    name: str
    meta: ExecutionMeta
    input_text: str
    variables: Mapping[str, Any]
    context: Mapping[str, Any] | None = None
    retries_before: int = 0
    reader_data: str | None = None

    @property
    def state(self) -> State:
        """The compiled state."""
        return self.program.levels[0].states[self.name]


@dataclass(frozen=True, slots=True)
class StateResult:
    """What the state came to.

    Attributes:
        status: TestExecutionStatus.
        output_text, error, cause, next_state: members of TestState's answer.
        inspection: the members of its ``inspectionData`` at level DEBUG.
    """

    status: str
    output_text: str | None
    error: str | None
    cause: str | None
    next_state: str | None
    inspection: dict[str, Any]


def program_of(definition: dict[str, Any], name: str | None) -> Program:
    """The program with a state at its first level: a state by itself, or the one of that name in a whole definition.

    Raises:
        StateNotFound: the definition has no such state.
        NotYet, InvalidExpression: see ``compile``.
    """
    if name is None:
        return compile({"StartAt": STATE_NAME, "States": {STATE_NAME: definition}})
    language = {"QueryLanguage": definition["QueryLanguage"]} if "QueryLanguage" in definition else {}
    return compile({**language, "StartAt": name, "States": _states_around(definition, name)})


def find_state(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A state's definition in a whole one, wherever it stands.

    Raises:
        StateNotFound: there is none.
    """
    return _states_around(definition, name)[name]


def _states_around(definition: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    waiting = [definition]
    while waiting:
        states: dict[str, dict[str, Any]] = waiting.pop()["States"]
        if name in states:
            return states
        for state in states.values():
            waiting += state.get("Branches", ())
            waiting += [state[field] for field in ("ItemProcessor", "Iterator") if field in state]
    raise StateNotFound(name)


class StateRun:
    """A state that has been entered.

    Attributes:
        task: the task that it asks for.
        wake_at_ms: the moment that it waits for, milliseconds since the epoch.
        needs_mock: it has branches or iterations, which are not run.
    """

    def __init__(self, test: StateTest, now_ms: int) -> None:
        self._test = test
        self._state = test.state
        # Variables are given, whether or not anything in the definition assigns some.
        program = replace(test.program, uses_variables=True) if test.variables else test.program
        self._run = run = Run(program, Tree(test.meta, test.input_text), now_ms, 0, None)
        self._notes: dict[str, Any] = {}
        run.notes = self._notes
        run.given_context = test.context
        self._branch = branch = Branch(run.next_frame_id(), 0, 0, 0, test.name, test.input_text, 0)
        self._input = branch.input
        branch.entered_ms = now_ms
        branch.phase = RUNNING
        branch.retries = [test.retries_before] * len(self._state.retriers)
        if test.variables:
            branch.variables_text = json_text.dump(test.variables)
        run.add(branch)
        self._guarded(lambda: self._state.attempt(run, branch))
        if self._state.type == "Map" and self.needs_mock:
            with suppress(*EvaluationErrors):  # of an item that no iteration has come to
                self._note_inputs()

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except EvaluationErrors as error:
            fail(self._run, self._branch, evaluation_failed(self._run, self._branch, error))

    @property
    def task(self) -> ScheduleTask | None:
        if self._branch.phase != SCHEDULED:
            return None
        return next(action for action in self._run.actions if isinstance(action, ScheduleTask))

    @property
    def wake_at_ms(self) -> int | None:
        return self._timer_at_ms("wait") if self._branch.phase == WAITING else None

    @property
    def needs_mock(self) -> bool:
        return self._branch.phase in (JOINING, MAPPING)

    def wake(self) -> None:
        """The moment has come."""
        self._branch.phase = RUNNING
        self._guarded(lambda: cast(WaitState, self._state).wake(self._run, self._branch))

    def complete(self, output_text: str) -> None:
        """The task, or all branches, have ended with this result, JSON."""
        run, branch, state = self._run, self._branch, self._state
        if branch.phase == SCHEDULED:
            self._notes["result"] = json_text.parse(output_text)
            self._guarded(lambda: cast(TaskState, state).completed(run, branch, output_text))
        elif branch.phase == MAPPING:
            self._guarded(lambda: cast(DistributedMapState, state).completed(run, branch, output_text))
        elif branch.phase == JOINING:
            composite = cast(JoiningState, state)
            composite.call_off(run, run.join(branch.join))
            composite.succeed(run, branch, output_text, json_text.parse(output_text))

    def complete_map(self, output_text: str, failed_iterations: int) -> None:
        """The iterations of a Map have ended, some of them without success.

        Raises:
            TooManyFailures: there are not as many.
        """
        notes, count = self._notes, self._iterations(output_text)
        if self.needs_mock and failed_iterations > count:
            raise TooManyFailures
        most, percentage = notes.get("toleratedFailureCount"), notes.get("toleratedFailurePercentage")
        exceeded = most is not None and failed_iterations > most
        exceeded |= percentage is not None and failed_iterations * 100 > percentage * count
        if exceeded:
            self.fail(
                "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
            )
        else:
            self.complete(output_text)

    def _iterations(self, output_text: str) -> int:
        """How many iterations a Map has: as many as items; where those are read from elsewhere, as the mock says."""
        given = self._notes.get("afterItemsPath")
        if given is None and self._test.reader_data is not None:
            given = _parsed_array(self._test.reader_data)
        if given is None:
            given = _parsed_array(output_text)
        return len(given) if given is not None else sys.maxsize

    def fail(self, error: str | None, cause: str | None) -> None:
        """The task, a branch or an iteration has failed, and the state with it; or its time is over."""
        run, branch = self._run, self._branch
        if branch.phase == SCHEDULED:
            cast(TaskState, self._state).failed(run, branch, Failure(error, cause))
        elif branch.phase == MAPPING:
            cast(DistributedMapState, self._state).failed(run, branch, Failure(error, cause))
        if branch.phase == JOINING:
            cast(JoiningState, self._state).call_off(run, run.join(branch.join))
        if branch.phase in (RUNNING, WAITING):
            fail(run, branch, Failure(error, cause))

    def result(self) -> StateResult:
        """What the state came to, once it waits for nothing any more."""
        run, branch, failure = self._run, self._branch, self._run.failure
        goes_on = branch.phase == READY
        if branch.phase == RETRYING:
            status = "RETRIABLE"
        elif goes_on and failure is not None:
            status = "CAUGHT_ERROR"
        else:
            status = "SUCCEEDED" if goes_on or run.status == "SUCCEEDED" else "FAILED"
        return StateResult(
            status=status,
            output_text=self._output_text(),
            error=failure.error if failure else None,
            cause=failure.cause if failure else None,
            next_state=branch.state if goes_on else None,
            inspection=self._inspection(status),
        )

    # What was seen

    def _note_inputs(self) -> None:
        """Note the inputs of a Map's iterations, unless they are more than an answer may hold."""
        run, notes, state = self._run, self._notes, self._state
        items = notes.get("afterItemsPath")
        if items is None and self._test.reader_data is not None:
            items = _parsed_array(self._test.reader_data)
        if items is None or len(items) > _MOST_INPUTS:
            return
        if isinstance(state, MapState):
            if state.selector is not None:
                inputs = (state.selected(run, self._branch, index, item) for index, item in enumerate(items))
                notes["afterItemSelector"] = _bounded(inputs)
            return
        plan = next(action.plan for action in run.actions if isinstance(action, StartMapRun))
        maker = ItemInputs(run.program, plan)
        texts = [json_text.dump(item) for item in items]
        if cast(DistributedMapState, state).selector is not None:
            notes["afterItemSelector"] = _bounded(json_text.parse(maker.item(*one)) for one in enumerate(texts))
        if plan.batcher is not None:
            batches = maker.children(texts, 0, len(texts), is_all=True)
            notes["afterItemBatcher"] = _bounded(json_text.parse(batch.text) for batch in batches)

    def _inspection(self, status: str) -> dict[str, Any]:
        seen = self._with_untouched(status)
        shown: dict[str, Any] = {"input": self._test.input_text}
        for name in self._shown_fields():
            if seen.get(name, _LEFT_OUT) is not _LEFT_OUT:
                shown[name] = self._shown(seen[name])
        if self._state.type == "Map":
            shown.update({name: seen[name] for name in _NUMBERS if seen.get(name) is not None})
        variables = self._run.variables(self._branch)
        if variables:
            shown["variables"] = json_text.dump(variables)
        details = self._error_details(status)
        if details:
            shown["errorDetails"] = details
        return shown

    def _shown_fields(self) -> tuple[str, ...]:
        if self._state.is_jsonata:
            return _JSONATA_FIELDS.get(self._state.type, ())
        if self._state.type == "Pass" and cast(PassState, self._state).has_result:
            return _PASS_WITH_RESULT
        return _FIELDS.get(self._state.type, _OTHER_FIELDS)

    def _with_untouched(self, status: str) -> dict[str, Any]:
        """The notes, with those of fields that are left out: a state without any takes a short way that writes none."""
        seen, type = dict(self._notes), self._state.type
        if type in ("Succeed", "Fail", "Pass"):
            seen.setdefault("afterInputPath", self._input)
            seen.setdefault("afterParameters", self._input)
        if status == "SUCCEEDED" and "afterResultSelector" not in seen:
            seen["afterResultSelector"] = seen["afterResultPath"] = json_text.parse(self._output_text() or "null")
        if type == "Pass" and "afterResultSelector" in seen:
            seen["result"] = seen["afterResultSelector"]
        return seen

    def _shown(self, value: Any) -> str:
        """As AWS writes what it has taken apart: with a space after each comma (sfn-teststate/*_map_*)."""
        return self._test.input_text if value is self._input else _SPACED.encode(value)

    def _output_text(self) -> str | None:
        return self._branch.text if self._branch.phase == READY else self._run.output_text

    def _timer_at_ms(self, kind: str) -> int:
        return next(one.at_ms for one in self._run.actions if isinstance(one, SetTimer) and one.kind == kind)

    def _error_details(self, status: str) -> dict[str, Any]:
        """Which Retrier and which Catcher the failure came to, and how long it would be until the next attempt."""
        failure = self._run.failure
        details: dict[str, Any] = {}
        if failure is None or failure.is_fatal:
            return details
        if status == "CAUGHT_ERROR":
            details["catchIndex"] = _first(self._state.catchers, failure)
        retrier = _first(self._state.retriers, failure)
        if retrier is not None:
            details["retryIndex"] = retrier
        if status == "RETRIABLE":
            details["retryBackoffIntervalSeconds"] = (self._timer_at_ms("retry") - self._run.now_ms) // 1000
        return details


def _bounded(inputs: Iterator[Any]) -> Any:
    found, size = [], 0
    for value in inputs:
        found.append(value)
        size += len(json_text.dump(value)) + 1
        if size > MAX_PAYLOAD_BYTES:
            return _LEFT_OUT
    return found


def _parsed_array(text: str) -> list[Any] | None:
    try:
        value = json_text.parse(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _first(handlers: Sequence[Retrier | Catcher], failure: Failure) -> int | None:
    return next((index for index, one in enumerate(handlers) if failure.matches(one.errors)), None)
