"""``advance``: the heart. A command goes into one execution; its history, its tree and what it wants done are saved
together, in the caller's transaction.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.languages.asl import (
    CancelTask,
    CancelTimer,
    Command,
    Continue,
    ExecutionMeta,
    Program,
    Redrive,
    ScheduleTask,
    SetTimer,
    Start,
    Step,
    Tree,
    redriven_tree,
    step,
)
from segue.languages.asl import start as start_tree
from segue.languages.asl.commands import Action, CancelMapRun, Key, RedriveMapRun, StartMapRun
from segue.languages.asl.history import HistoryEvent
from segue.languages.asl.tree import Journal
from segue.services.states import (
    chunks,
    definitions,
    execution_logs,
    map_dispatch,
    metrics,
    mocks,
    records,
    status_change,
    tasks,
    tokens_records,
)
from segue.services.states.integrations import unusable
from segue.services.states.records import Execution

_SNAPSHOT_CHUNKS = 64
_EVENTS_PER_COMMIT = 2_000
_SPENT_PER_COMMIT = 2_000
"""Of the steps' budgets: some twenty milliseconds, while which nobody else is served."""
_TREES_BYTES = 256 * 1024 * 1024

PROGRAMS = definitions.Programs()


class Trees:
    """Trees of running executions, so that a command need not load one. A tree is good only at its own revision.

    What is kept is bounded in bytes; but the newest tree is always kept, since a big one is long to load.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.held_bytes = 0
        self._trees: OrderedDict[str, tuple[int, Tree, int]] = OrderedDict()

    def take(self, execution: Execution) -> Tree | None:
        """The execution's tree, to be changed; it is put back once it is saved."""
        revision, tree, size = self._trees.pop(execution.arn, (0, None, 0))
        self.held_bytes -= size
        return tree if revision == execution.revision else None

    def put(self, execution: Execution, tree: Tree) -> None:
        """Remember the tree as saved."""
        self.take(execution)
        self._trees[execution.arn] = (execution.revision, tree, tree.size)
        self.held_bytes += tree.size
        while self.held_bytes > self.size_bytes and len(self._trees) > 1:
            _, (_, _, size) = self._trees.popitem(last=False)
            self.held_bytes -= size

    def clear(self) -> None:
        """Forget all of them, as a crash does."""
        self._trees.clear()
        self.held_bytes = 0


TREES = Trees(_TREES_BYTES)


def timer_key(arn: str, key: Key) -> str:
    """The key of the jobs that are timers of one frame's generation."""
    return f"{arn}/timer/{key[0]}.{key[1]}"


def task_key(arn: str, key: Key) -> str:
    """The key of the job that does one task."""
    return f"{arn}/task/{key[0]}.{key[1]}"


def begin(call: Call, execution: Execution) -> Execution:
    """Start a new execution: run it as far as it goes in this transaction, and keep it."""
    return _begun(call, execution).execution


def begin_counting(call: Call, execution: Execution) -> tuple[Execution, int]:
    """Start a new execution as :func:`begin` does; how many events that gave."""
    advancing = _begun(call, execution)
    return advancing.execution, advancing.events


def _begun(call: Call, execution: Execution) -> Advancing:
    program = PROGRAMS.get(call.tx, execution.definition_hash)
    tree = start_tree(program, _meta(execution), execution.input)
    advancing = Advancing(call, execution, program, tree, new=True)
    advancing.run(Start())
    advancing.save()
    return advancing


def advance(call: Call, arn: str, *commands: Command) -> bool:
    """Give commands to an execution; whether it took any (a late one changes nothing).

    One that is kept but has not begun (see ``executions.start_execution``) begins first.
    """
    execution = records.find_execution(call.tx, arn)
    if execution is None or execution.status != "RUNNING":
        return False
    if execution.chunks == 0:
        commands = (Start(), *commands)
    program = PROGRAMS.get(call.tx, execution.definition_hash)
    tree = TREES.take(execution) or _load(call, execution, program)
    advancing = Advancing(call, execution, program, tree)
    taken = advancing.run(*commands)
    if taken:
        advancing.save()
    else:
        TREES.put(execution, tree)
    return taken


def redrive(call: Call, execution: Execution) -> None:
    """Let an execution that ended without success go on from where it stopped."""
    packed = records.snapshot_of(call.tx, execution.arn)
    assert packed is not None, f"nothing was kept of {execution.arn}"
    execution = execution._replace(
        status="RUNNING",
        stop_at_ms=None,
        output=None,
        error=None,
        cause=None,
        revision=call.tx.ids.seed(),
        snapshot_chunk=execution.chunks,
        redrive_count=execution.redrive_count + 1,
        redriven_at_ms=call.now_ms,
    )
    tree = redriven_tree(_meta(execution), execution.input, chunks.unpack_kept(packed))
    records.save_redrive(call.tx, execution, chunks.pack_tree(tree))
    status_change.tell(call, execution)
    program = PROGRAMS.get(call.tx, execution.definition_hash)
    advancing = Advancing(call, execution, program, tree)
    advancing.run(Redrive(execution.redrive_count))
    advancing.save()


class Advancing:
    """One execution while it advances within one transaction."""

    def __init__(self, call: Call, execution: Execution, program: Program, tree: Tree, *, new: bool = False) -> None:
        self.call = call
        self.execution = execution
        self.tasks_done = 0
        self._begins = new
        self._new = new  # not written down yet
        self._program = program
        self._tree = tree
        self._events: list[HistoryEvent] = []
        self._spent = 0
        self._journal: Journal = {}
        self._kept: dict[str, Any] | None = None

    def run(self, *commands: Command) -> bool:
        """Step until nothing is left to do here and now; whether any of ``commands`` had an effect."""
        queue = deque(commands)
        taken = False
        while queue:
            taken_step = step(self._program, self._tree, queue.popleft(), self.call.now_ms, refuse=self._refuse)
            if not (taken_step.journal or taken_step.events or taken_step.actions):
                continue
            taken = True
            self._spent += taken_step.spent
            self._tree.apply(taken_step.journal)
            self._journal.update(taken_step.journal)
            self._events.extend(taken_step.events)
            for action in taken_step.actions:
                queue.extend(self._act(action))
            if taken_step.more:
                self._continue(queue)
            self._note_end(taken_step)
        return taken

    @property
    def crowded(self) -> bool:
        """Whether this commit is big enough, so that the rest is for the next one."""
        return len(self._events) >= _EVENTS_PER_COMMIT or self._spent >= _SPENT_PER_COMMIT

    @property
    def events(self) -> int:
        """How many events there were in this commit."""
        return len(self._events)

    def keep(self) -> None:
        """Write down a new execution before its first save: what a task does in this transaction may look for it."""
        if self._new:
            records.insert_execution(self.call.tx, self.execution)
            self._new = False

    def save(self) -> Execution:
        """Write the execution, one chunk of history, and now and then a snapshot."""
        tx, execution = self.call.tx, self.execution
        if execution.status != "RUNNING" and execution.kind == "EXPRESS":
            return self._forget()
        chunk = execution.chunks + 1
        execution = execution._replace(revision=tx.ids.seed(), chunks=chunk)
        running = execution.status == "RUNNING"
        snapshot = None
        if running and chunk - execution.snapshot_chunk >= _SNAPSHOT_CHUNKS:
            snapshot = chunks.pack_tree(self._tree)
            records.drop_journals(tx, execution.number)
            execution = execution._replace(snapshot_chunk=chunk)
        if self._new:
            records.insert_execution(tx, execution)
        else:
            records.save_execution(tx, execution, snapshot)
        if self._kept is not None and not running:
            records.keep_for_redrive(tx, execution.arn, chunks.pack_kept(self._kept))
        self._save_chunk(execution, journal=running and snapshot is None)
        if execution.logging:
            execution_logs.log_later(self.call, execution, self._events)
        if running:
            TREES.put(execution, self._tree)
        elif not self._new:
            records.drop_journals(tx, execution.number)
        self._new = False
        self.execution = execution
        if chunk == 1:
            metrics.count_begun(self.call, execution)
            status_change.tell_begun(self.call, execution)
        if not running:
            metrics.count_ended(self.call, execution)
            status_change.tell(self.call, execution)
        return execution

    def _save_chunk(self, execution: Execution, *, journal: bool) -> None:
        # Nobody can ask for the history of an Express execution: it is kept only until it is logged.
        events = self._events if execution.kind == "STANDARD" or execution.logging else []
        first_event = events[0].id if events else self._tree.header.last_event_id + 1
        records.insert_chunk(
            self.call.tx,
            execution.number,
            execution.chunks,
            first_event,
            chunks.pack_events(events),
            chunks.pack_journal(self._journal) if journal else None,
        )

    def _forget(self) -> Execution:
        """An Express execution has ended: nothing of it is kept but its answer, while somebody waits for that."""
        tx, execution = self.call.tx, self.execution
        if execution.status != "SUCCEEDED":
            reason = f"{execution.error or execution.status}: {execution.cause or ''}"
            record(self.call, Delivery(execution.machine_arn, execution.arn, "execution", "failed", 1, reason))
        if execution.logging:
            execution = execution._replace(chunks=execution.chunks + 1)
            self._save_chunk(execution, journal=False)
            execution_logs.log_later(self.call, execution, self._events, forget=True)
        is_child = map_dispatch.is_child(execution)
        if self._new and is_child:
            records.insert_execution(tx, execution)
        elif not self._new:
            if not execution.logging:
                records.drop_chunks(tx, execution.number)
            if is_child or (execution.parent and not self._begins):
                records.save_execution(tx, execution, None)
            else:
                records.delete_execution(tx, execution.arn)
        self.execution = execution
        return execution

    def _continue(self, queue: deque[Command]) -> None:
        if self.crowded:
            jobs.enqueue(
                self.call.tx,
                "stepfunctions:continue",
                self.execution.arn,
                self.execution.arn,
                trace=self.execution.trace,
            )
        else:
            queue.append(Continue())

    def _act(self, action: Action) -> Sequence[Command]:
        arn, tx = self.execution.arn, self.call.tx
        match action:
            case ScheduleTask():
                return tasks.schedule(self, action)
            case SetTimer():
                if action.kind == "heartbeat":
                    jobs.cancel(tx, "stepfunctions:heartbeat", timer_key(arn, action.key))
                kind = "stepfunctions:heartbeat" if action.kind == "heartbeat" else "stepfunctions:timer"
                payload = [arn, *action.key, action.kind]
                jobs.enqueue(tx, kind, timer_key(arn, action.key), payload, at_ms=action.at_ms)
            case CancelTimer():
                jobs.cancel_all(tx, timer_key(arn, action.key))
            case CancelTask():
                jobs.cancel_all(tx, task_key(arn, action.key))
                tasks.call_off(self.call, arn, action.key)
            case StartMapRun():
                map_dispatch.start(self, action)
            case RedriveMapRun():
                map_dispatch.redrive(self.call, arn, action.key)
            case CancelMapRun():
                map_dispatch.cancel(self.call, arn, action.key)
        return ()

    def _refuse(self, task: ScheduleTask) -> str | None:
        if task.pattern != "activity":
            reason = unusable(task.resource_type, task.resource_name, task.parameters)
        elif tokens_records.has_activity(self.call.tx, task.resource):
            return None
        else:
            reason = f"The activity {task.resource} does not exist."
        if reason is None or mocks.is_mocked(self.call, self.execution, task.state_name):
            return None
        return reason

    def _note_end(self, last: Step) -> None:
        if last.status == "RUNNING":
            return
        self._kept = last.kept
        self.execution = self.execution._replace(
            status=last.status,
            stop_at_ms=last.stop_ms,
            output=last.output_text,
            error=last.error,
            cause=last.cause,
        )
        if map_dispatch.is_child(self.execution):
            map_dispatch.child_ended(self.call, self.execution)
        elif self.execution.parent.startswith(("task ", "request ")):  # a job, or somebody outside, waits for it
            jobs.wake(self.call.tx, ended_key(self.execution.arn))
        elif self.execution.parent:
            jobs.enqueue(
                self.call.tx,
                "stepfunctions:ended",
                self.execution.parent,
                [self.execution.parent, self.execution.arn],
                trace=self.execution.trace,
            )


def ended_key(arn: str) -> str:
    """Woken when an execution has ended."""
    return f"states:ended:{arn}"


def _meta(execution: Execution) -> ExecutionMeta:
    return ExecutionMeta(
        id=execution.arn,
        name=execution.name,
        role_arn=execution.role_arn,
        start_ms=execution.start_at_ms,
        state_machine_id=execution.machine_arn,
        state_machine_name=execution.machine_arn.split(":")[6],
        kind="EXPRESS" if execution.kind == "EXPRESS" else "STANDARD",
        seed=execution.seed,
        redrive_count=execution.redrive_count,
        redriven_ms=execution.redriven_at_ms or 0,
    )


def _load(call: Call, execution: Execution, program: Program) -> Tree:
    packed = records.snapshot_of(call.tx, execution.arn) if execution.snapshot_chunk else None
    tree = chunks.unpack_tree(packed) if packed else start_tree(program, _meta(execution), execution.input)
    for journal in records.journals_since(call.tx, execution.number, execution.snapshot_chunk):
        tree.apply(chunks.unpack_journal(journal))
    return tree
