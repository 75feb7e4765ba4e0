"""Map Runs from outside: begun, called off, redriven by their executions; the ends of their children counted.

What a Map Run does of itself is the job of ``map_work``; it has at most one (``is_working``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue import jobs
from segue.api import Call
from segue.languages.asl.commands import StartMapRun
from segue.services.states import definitions, map_records
from segue.services.states.map_records import MapRun, child_place
from segue.services.states.records import Execution

if TYPE_CHECKING:
    from segue.services.states.advance import Advancing


def start(advancing: Advancing, action: StartMapRun) -> None:
    """Begin a Map Run: its row and its job."""
    call, execution, plan = advancing.call, advancing.execution, action.plan
    run = MapRun(
        number=call.tx.ids.ordered(call.now_ms),
        arn=plan.arn,
        execution_arn=execution.arn,
        frame=action.frame,
        generation=action.generation,
        kind=plan.kind,
        definition_hash=definitions.keep(call.tx, action.definition_text),
        role_arn=execution.role_arn,
        trace=execution.trace,
        started_at_ms=call.now_ms,
        has_batches=plan.batcher is not None,
        status="RUNNING",
        phase="running",
        stopped_at_ms=None,
        window=plan.window,
        tolerated_count=plan.tolerated_count,
        tolerated_percentage=plan.tolerated_percentage,
    )
    run = at_work(call, run)
    map_records.insert(call.tx, run, plan)


def cancel(call: Call, execution_arn: str, key: tuple[int, int]) -> None:
    """Nobody waits for a Map Run any more: its children stop."""
    run = map_records.find_by_key(call.tx, execution_arn, key)
    if run is not None and run.phase in (*STARTING, "writing"):
        run = run._replace(phase="stopping", status="ABORTED", stopped_at_ms=call.now_ms, cursor=0)
        map_records.save(call.tx, at_work(call, run))


def redrive(call: Call, execution_arn: str, key: tuple[int, int]) -> None:
    """Go on with a Map Run that did not succeed: the unsuccessful children once more, then the items that waited."""
    run = map_records.find_by_key(call.tx, execution_arn, key)
    if run is None:
        return
    run = run._replace(
        status="RUNNING",
        phase="redriving" if run.phase == "ended" else run.phase,
        stopped_at_ms=None,
        redrive_count=run.redrive_count + 1,
        redriven_at_ms=call.now_ms,
        cursor=0 if run.phase == "ended" else run.cursor,
        written=0,
        items_written=0,
        error=None,
        cause=None,
    )
    map_records.drop_results(call.tx, run.number)
    map_records.save(call.tx, at_work(call, awaiting_redrive(run) if run.phase == "redriving" else run))


def awaiting_redrive(run: MapRun) -> MapRun:
    """The run with all its unsuccessful children waiting to be redriven."""
    return run._replace(
        to_redrive=run.failed + run.timed_out + run.aborted,
        items_to_redrive=run.items_failed + run.items_timed_out + run.items_aborted,
        failed=0,
        timed_out=0,
        aborted=0,
        items_failed=0,
        items_timed_out=0,
        items_aborted=0,
    )


def forget(call: Call, execution_arn: str) -> None:
    """Forget the Map Runs of an execution that is forgotten."""
    for run in map_records.list_of(call.tx, execution_arn, 0, 1_000):
        if run.kind == "EXPRESS":
            jobs.enqueue(call.tx, "stepfunctions:map-forget", run.arn, run.number)
        map_records.forget(call.tx, run.number)


def forget_old_children(call: Call, before_ms: int) -> bool:
    """Forget some Express children of Map Runs that succeeded long ago; whether there may be more."""
    run = map_records.with_old_children(call.tx, before_ms)
    if run is not None and map_records.forget_express_children(call.tx, run.number, _FORGOTTEN_AT_ONCE) == 0:
        map_records.save(call.tx, run._replace(phase="forgotten"))
    return run is not None


_FORGOTTEN_AT_ONCE = 500


AT_WORK, PARKED = 1, 2
"""Values of ``is_working``: the run's job is there; it is there and waits until the server has less to do."""


def wake_key(arn: str) -> str:
    """Wakes the job of a Map Run that is parked."""
    return f"states:map-run:{arn}"


def at_work(call: Call, run: MapRun) -> MapRun:
    """See to it that the run's job is there and awake."""
    if run.is_working == PARKED:
        jobs.wake(call.tx, wake_key(run.arn))
    elif not run.is_working:
        jobs.enqueue(call.tx, "stepfunctions:map-run", run.arn, run.number, trace=run.trace)
    return run._replace(is_working=AT_WORK)


# Ends of children


def is_child(execution: Execution) -> bool:
    """Whether a Map Run started the execution."""
    return execution.parent.startswith("map/")


def child_ended(call: Call, child: Execution) -> None:
    """A child has ended: it is counted, in the transaction of its end, and so once."""
    number, _, items = child_place(child.parent)
    run = map_records.find(call.tx, number)
    if run is None:
        return
    run = counted(run, child.status, items)
    if run.phase in STARTING and exceeds(run):
        run = stopping(run, "States.ExceedToleratedFailureThreshold", EXCEEDED)
    has_work = run.next_item < run.items_known or not run.items_done or not run.running
    if run.phase in ("stopping", "redriving") or (run.phase == "running" and has_work):
        run = at_work(call, run)
    map_records.save(call.tx, run)


STARTING = ("running", "redriving")
EXCEEDED = "The specified tolerated failure threshold was exceeded"


def counted(run: MapRun, status: str, items: int) -> MapRun:
    """The run with a running child moved to where it ended."""
    run = run._replace(running=run.running - 1, items_running=run.items_running - items)
    match status:
        case "SUCCEEDED":
            return run._replace(succeeded=run.succeeded + 1, items_succeeded=run.items_succeeded + items)
        case "FAILED":
            return run._replace(failed=run.failed + 1, items_failed=run.items_failed + items)
        case "TIMED_OUT":
            return run._replace(timed_out=run.timed_out + 1, items_timed_out=run.items_timed_out + items)
        case _:
            return run._replace(aborted=run.aborted + 1, items_aborted=run.items_aborted + items)


def exceeds(run: MapRun) -> bool:
    """Whether more items failed than is tolerated: none, unless a count or a percentage is stated."""
    unsuccessful = run.items_failed + run.items_timed_out + run.items_aborted
    if not unsuccessful:
        return False
    count, percentage = run.tolerated_count, run.tolerated_percentage
    if count is None and percentage is None:
        return True
    if count is not None and unsuccessful > count and not (count == 0 and percentage):
        return True
    if percentage is None:
        return False
    return bool(run.items_done) and unsuccessful * 100 > percentage * run.items_known


def stopping(run: MapRun, error: str, cause: str) -> MapRun:
    """The run has failed; its children are yet to be called off."""
    return run._replace(phase="stopping", error=error, cause=cause, cursor=0)
