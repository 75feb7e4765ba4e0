"""What happens to an execution (commands), and what it wants done (actions). Plain values, nothing runs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from segue.languages.asl.map_plan import MapPlan

Key = tuple[int, int]
"""Names one task or timer: (frame id, generation). A generation is used once, so what comes late finds no one."""

Pattern = Literal["request-response", "sync", "sync:2", "waitForTaskToken", "lambda", "activity"]
TimerKind = Literal["wait", "retry", "timeout", "heartbeat", "execution"]

EXECUTION: Key = (0, 0)
"""The key of the timer that bounds the whole execution."""


@dataclass(frozen=True, slots=True)
class Start:
    """Begin; the only command for a tree that has not begun."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on after a step whose budget was used up (``Step.more``)."""


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """The task is being worked on. ``worker_name`` is an activity worker's."""

    task: Key
    worker_name: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSubmitted:
    """The request of a ``.sync`` or ``.waitForTaskToken`` task succeeded; ``output_text`` is its answer as JSON."""

    task: Key
    output_text: str


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """The task is done; ``output_text`` is its result as JSON text."""

    task: Key
    output_text: str


@dataclass(frozen=True, slots=True)
class FailTask:
    """The task failed. ``error`` and ``cause`` may be missing, as in SendTaskFailure.

    ``at_submission`` says that the request of a ``.sync`` or ``.waitForTaskToken`` task was not taken.
    """

    task: Key
    error: str | None = None
    cause: str | None = None
    at_submission: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The task's worker is alive: its heartbeat timer starts again."""

    task: Key


@dataclass(frozen=True, slots=True)
class FireTimer:
    """A timer's time has come."""

    timer: Key
    kind: TimerKind


@dataclass(frozen=True, slots=True)
class CompleteMapRun:
    """The Map Run is over and has succeeded; ``output_text`` is the state's result as JSON text."""

    map_run: Key
    output_text: str


@dataclass(frozen=True, slots=True)
class FailMapRun:
    """The Map Run has failed."""

    map_run: Key
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class Stop:
    """StopExecution."""

    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Redrive:
    """RedriveExecution: go on where an unsuccessful execution ended; ``count`` is how often it was redriven now."""

    count: int


Command = (
    Start
    | Continue
    | TaskStarted
    | TaskSubmitted
    | CompleteTask
    | FailTask
    | Heartbeat
    | FireTimer
    | CompleteMapRun
    | FailMapRun
    | Stop
    | Redrive
)


@dataclass(frozen=True, slots=True)
class ScheduleTask:
    """Do a task, once, and answer with TaskStarted, TaskSubmitted, CompleteTask or FailTask.

    Attributes:
        frame, generation: the task's key.
        state_name: the Task state.
        resource: the state's Resource, an ARN.
        resource_type: such as ``sqs``, ``aws-sdk:dynamodb``, ``lambda`` or ``activity``.
        resource_name: such as ``sendMessage.waitForTaskToken``; the ARN for a function or an activity.
        pattern: how the task's end is known.
        parameters: the value to send; ``parameters_text`` is its JSON text, as in the history.
        region: where the execution runs.
        timeout_seconds, heartbeat_seconds: as stated, None when not; their timers are set by actions of their own.
        token: the task token of ``waitForTaskToken`` and ``activity`` tasks, else None.
        credentials: ``{"roleArn": …}`` when the state has Credentials.
    """

    frame: int
    generation: int
    state_name: str
    resource: str
    resource_type: str
    resource_name: str
    pattern: Pattern
    parameters: Any
    parameters_text: str
    region: str
    timeout_seconds: int | None
    heartbeat_seconds: int | None
    token: str | None
    credentials: dict[str, Any] | None

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Answer with FireTimer at ``at_ms``. A timer of the same key and kind is replaced."""

    frame: int
    generation: int
    kind: TimerKind
    at_ms: int

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The timers of this key are no longer wanted (a late FireTimer does no harm)."""

    frame: int
    generation: int

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class CancelTask:
    """The task of this key is no longer wanted (a late answer does no harm); what a ``.sync`` task began is to stop."""

    frame: int
    generation: int

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """Run a distributed Map, once, and answer with CompleteMapRun or FailMapRun.

    Attributes:
        frame, generation: the Map Run's key.
        plan: what it is to do.
        definition_text: the children's definition.
    """

    frame: int
    generation: int
    plan: MapPlan
    definition_text: str

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class RedriveMapRun:
    """Go on with an unsuccessful Map Run: what failed, was aborted or had not begun. Answered as StartMapRun is."""

    frame: int
    generation: int
    arn: str

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


@dataclass(frozen=True, slots=True)
class CancelMapRun:
    """The Map Run of this key is no longer wanted: its children are to stop."""

    frame: int
    generation: int

    @property
    def key(self) -> Key:
        return (self.frame, self.generation)


Action = ScheduleTask | SetTimer | CancelTimer | CancelTask | StartMapRun | RedriveMapRun | CancelMapRun
