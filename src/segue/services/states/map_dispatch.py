"""Map Runs at work: items become children, the ends of children are counted, at the end the parent goes on.

A Map Run has at most one job (``is_working``). The job starts a few children, or stops some, or writes some results,
and comes again while there is more to do here and now; else the end of a child brings it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.asl import CompleteMapRun, FailMapRun, StatesError, Stop
from segue.languages.asl.commands import StartMapRun
from segue.languages.asl.map_plan import ChildInput
from segue.services.states import map_records, records
from segue.services.states.map_items import MAPS, ReadingFailed, read_more
from segue.services.states.map_records import MapRun, child_parent, child_place
from segue.services.states.map_results import Results, write_some
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE

if TYPE_CHECKING:
    from segue.services.states.advance import Advancing

_CHILDREN_PER_COMMIT = 32
_EVENTS_PER_COMMIT = 2_000
_ITEMS_AHEAD = 2_000
_BUSY_JOBS = 256
_ENDED = ("FAILED", "TIMED_OUT", "ABORTED")


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
        definition_hash=records.keep_definition(call.tx, action.definition_text),
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
    if run is not None and run.phase in ("running", "writing"):
        run = run._replace(phase="stopping", status="ABORTED", stopped_at_ms=call.now_ms, cursor=0)
        map_records.save(call.tx, at_work(call, run))


def at_work(call: Call, run: MapRun) -> MapRun:
    """See to it that the run's job is there."""
    if run.is_working:
        return run
    jobs.enqueue(call.tx, "stepfunctions:map-run", run.arn, run.number, trace=run.trace)
    return run._replace(is_working=1)


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
    run = _counted(run, child.status, items)
    if run.phase == "running" and _exceeds(run):
        run = stopping(run, "States.ExceedToleratedFailureThreshold", _EXCEEDED)
    has_work = run.next_item < run.items_known or not run.items_done or not run.running
    if run.phase == "stopping" or (run.phase == "running" and has_work):
        run = at_work(call, run)
    map_records.save(call.tx, run)


_EXCEEDED = "The specified tolerated failure threshold was exceeded"


def _counted(run: MapRun, status: str, items: int) -> MapRun:
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


def _exceeds(run: MapRun) -> bool:
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


# The job


@SERVICE.job("map-run")
def work(call: Call, job: Job) -> Again | None:
    """Do the next piece of a Map Run."""
    run = map_records.find(call.tx, job.payload)
    if run is None:
        return None
    more = _PHASES[run.phase](call, run)
    if more:
        return Again(call.now_ms)
    run = map_records.find(call.tx, job.payload)
    if run is not None:
        map_records.save(call.tx, run._replace(is_working=0))
    return None


def _run_on(call: Call, run: MapRun) -> bool:
    try:
        if not run.items_done and run.items_known - run.next_item < _ITEMS_AHEAD:
            run = read_more(call, run)
            map_records.save(call.tx, run)
        room = min(run.window - run.running, _CHILDREN_PER_COMMIT)
        if room > 0 and run.next_item < run.items_known and not _is_busy(call, run):
            _start_some(call, run, room)
    except (StatesError, ReadingFailed) as failure:
        run = _current(call, run)
        map_records.save(call.tx, stopping(run, failure.error, failure.cause))
        return True
    except AwsError as error:
        run = _current(call, run)
        map_records.save(call.tx, stopping(run, "States.ItemReaderFailed", error.message))
        return True
    run = _current(call, run)
    if run.phase != "running":
        return True
    if run.items_done and run.next_item >= run.items_known and not run.running:
        return _all_ended(call, run)
    is_reading = not run.items_done and run.items_known - run.next_item < _ITEMS_AHEAD
    has_items = run.next_item < run.items_known and run.running < run.window and not _is_busy(call, run)
    return is_reading or has_items


def _is_busy(call: Call, run: MapRun) -> bool:
    """Whether there is so much other work waiting that starting more would only make the queue longer.

    The end of a child brings the run's job back, so there must be one.
    """
    return run.running > 0 and jobs.count_waiting(call.tx, _BUSY_JOBS) >= _BUSY_JOBS


def _start_some(call: Call, run: MapRun, room: int) -> None:
    from segue.services.states.advance import begin_counting

    source = MAPS.get(call.tx, run)
    events = 0
    for child in source.next_children(call.tx, run, room):
        execution = _child(call, run, child)
        run = run._replace(
            running=run.running + 1,
            items_running=run.items_running + child.items,
            next_child=run.next_child + 1,
            next_item=run.next_item + child.items,
        )
        map_records.save(call.tx, run)
        events += begin_counting(call, execution)
        run = _current(call, run)
        if events >= _EVENTS_PER_COMMIT or run.phase != "running":
            return


def _current(call: Call, run: MapRun) -> MapRun:
    current = map_records.find(call.tx, run.number)
    assert current is not None
    return current


def _child(call: Call, run: MapRun, child: ChildInput) -> Execution:
    prefix, _, rest = run.arn.partition(":mapRun:")
    machine = rest.rpartition(":")[0]
    name = call.tx.ids.uuid_by_time(call.now_ms)
    express = run.kind == "EXPRESS"
    arn = (
        f"{prefix}:express:{machine}:{name}:{call.tx.ids.uuid()}" if express else f"{prefix}:execution:{machine}:{name}"
    )
    return Execution(
        arn=arn,
        number=call.tx.ids.ordered(call.now_ms),
        machine_arn=f"{prefix}:stateMachine:{machine}",
        name=name,
        kind=run.kind,
        definition_hash=run.definition_hash,
        role_arn=run.role_arn,
        seed=call.tx.ids.seed(),
        status="RUNNING",
        start_at_ms=call.now_ms,
        stop_at_ms=None,
        input=child.text,
        output=None,
        error=None,
        cause=None,
        trace=run.trace,
        trace_header="",
        parent=child_parent(run.number, run.next_child, child.items),
        revision=0,
        chunks=0,
        snapshot_chunk=0,
    )


def _stop_some(call: Call, run: MapRun) -> bool:
    from segue.services.states.advance import advance

    found = (
        map_records.children(call.tx, run.number, run.cursor, _CHILDREN_PER_COMMIT, ("RUNNING",)) if run.running else []
    )
    for child in found:
        advance(call, child.arn, Stop())
    run = _current(call, run)
    if found:
        map_records.save(call.tx, run._replace(cursor=child_place(found[-1].parent)[1] + 1))
        return True
    _end(call, run, "FAILED" if run.status == "RUNNING" else run.status)
    return False


def _all_ended(call: Call, run: MapRun) -> bool:
    if _exceeds(run):
        map_records.save(call.tx, stopping(run, "States.ExceedToleratedFailureThreshold", _EXCEEDED))
    else:
        map_records.save(call.tx, run._replace(phase="writing", cursor=0))
    return True


def _write(call: Call, run: MapRun) -> bool:
    results = write_some(call, run, MAPS.get(call.tx, run).plan)
    if isinstance(results, MapRun):
        map_records.save(call.tx, results)
        return True
    if isinstance(results, Results):
        run = _current(call, run)._replace(written=results.written, items_written=results.items_written)
        map_records.save(call.tx, run)
        _end(call, run, "SUCCEEDED", results.text)
    else:
        map_records.save(call.tx, run._replace(error=results.error, cause=results.cause))
        _end(call, _current(call, run), "FAILED")
    return False


def _end(call: Call, run: MapRun, status: str, output_text: str = "") -> None:
    from segue.services.states.advance import advance

    ended = run._replace(status=status, phase="ended", stopped_at_ms=run.stopped_at_ms or call.now_ms)
    map_records.save(call.tx, ended)
    MAPS.forget(run)
    key = (run.frame, run.generation)
    if status == "SUCCEEDED":
        map_records.drop_items(call.tx, run.number)
        if run.kind == "EXPRESS":
            jobs.enqueue(call.tx, "stepfunctions:map-forget", run.arn, run.number)
        advance(call, run.execution_arn, CompleteMapRun(key, output_text))
    elif status == "FAILED":
        advance(call, run.execution_arn, FailMapRun(key, run.error or "", run.cause or ""))


@SERVICE.job("map-forget")
def forget_children(call: Call, job: Job) -> Again | None:
    """What the Express children of a Map Run came to is in its result: their rows are needed no longer."""
    more = map_records.forget_express_children(call.tx, job.payload, 500) == 500
    return Again(call.now_ms) if more else None


_PHASES: dict[str, Callable[[Call, MapRun], bool]] = {
    "running": _run_on,
    "stopping": _stop_some,
    "writing": _write,
    "ended": lambda call, run: False,
}
