"""TestState: one state, run by itself with the engine's own code and watched while its fields are evaluated.

A ``StateRun`` enters the state. Then it is done, or waits: for a task (``task``), for a moment (``wake_at_ms``), for
branches that are never run (``needs_mock``). What comes of it is told by ``complete``, ``fail`` and ``wake``, by a mock
or by the real work alike. The same test gives the same run, so one that has to wait is made anew when it goes on.

Sources: API reference, TestState and InspectionData; developer guide, "Testing state machines with TestState API";
conformance cases sfn-teststate/*.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from segue.languages.asl import json_text
from segue.languages.asl.commands import ScheduleTask, SetTimer, StartMapRun
from segue.languages.asl.compiler import compile
from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.frames import JOINING, MAPPING, READY, RETRYING, RUNNING, SCHEDULED, WAITING, Branch
from segue.languages.asl.inspection import error_details, items_read, note_inputs, shown
from segue.languages.asl.item_formats import FormatError
from segue.languages.asl.joins import JoiningState
from segue.languages.asl.map_plan import MapPlan
from segue.languages.asl.program import Program
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import Run
from segue.languages.asl.state import State
from segue.languages.asl.task_state import TaskState
from segue.languages.asl.transitions import EvaluationErrors, evaluation_failed, fail
from segue.languages.asl.tree import ExecutionMeta, Tree
from segue.languages.asl.wait_state import WaitState

STATE_NAME = "StateName"
"""What a state that is given by itself is called."""


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
        self._items = self._read_items()
        if self._items is not None and self.needs_mock:
            with suppress(*EvaluationErrors):  # of an item that no iteration has come to
                note_inputs(run, branch, self._state, self._plan, self._items, self._notes)

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

    def _read_items(self) -> list[Any] | None:
        """The items of a Map; None where they are to be read elsewhere and nobody has said what is there."""
        if self._test.reader_data is None or "afterItemsPath" in self._notes:
            return self._notes.get("afterItemsPath")
        try:
            return items_read(self._plan, self._test.reader_data, self._notes)
        except FormatError as error:
            self.fail("States.ItemReaderFailed", str(error))
            return None

    @property
    def _plan(self) -> MapPlan | None:
        """The plan of a distributed Map."""
        return next((action.plan for action in self._run.actions if isinstance(action, StartMapRun)), None)

    def _iterations(self, output_text: str) -> int:
        """How many iterations a Map has: as many as items; where those are not known, as results."""
        if self._items is not None:
            return len(self._items)
        results = json_text.parse(output_text)
        return len(results) if isinstance(results, list) else sys.maxsize

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

    def _inspection(self, status: str) -> dict[str, Any]:
        run, state = self._run, self._state
        output_text = self._output_text() if status == "SUCCEEDED" else None
        members = shown(state, self._notes, self._input, self._test.input_text, output_text)
        variables = run.variables(self._branch)
        if variables:
            members["variables"] = json_text.dump(variables)
        if run.failure is not None:
            delay_ms = self._timer_at_ms("retry") - run.now_ms if status == "RETRIABLE" else None
            details = error_details(state, run.failure, status == "CAUGHT_ERROR", delay_ms)
            if details:
                members["errorDetails"] = details
        return members

    def _output_text(self) -> str | None:
        return self._branch.text if self._branch.phase == READY else self._run.output_text

    def _timer_at_ms(self, kind: str) -> int:
        return next(one.at_ms for one in self._run.actions if isinstance(one, SetTimer) and one.kind == kind)
