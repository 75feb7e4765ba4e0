"""Map Runs at work: items become children, some at once; at the end the parent goes on.

The job of a Map Run starts a few children, or stops some, or writes some results, and comes again while there is more
to do here and now; else the end of a child brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from segue import jobs
from segue.api import Call
from segue.jobs import Again, Job, Pending
from segue.languages.asl import CompleteMapRun, FailMapRun, StatesError, Stop
from segue.languages.asl.map_plan import ChildInput
from segue.services.states import map_records, records
from segue.services.states.advance import advance, begin, begin_counting, redrive
from segue.services.states.map_bucket import ReadingFailed
from segue.services.states.map_dispatch import (
    AT_WORK,
    EXCEEDED,
    PARKED,
    awaiting_redrive,
    counted,
    exceeds,
    stopping,
    wake_key,
)
from segue.services.states.map_items import MAPS, read_more
from segue.services.states.map_records import MapRun, child_parent, child_place
from segue.services.states.map_results import Results, write_some
from segue.services.states.records import Execution
from segue.services.states.redrive import redrivable
from segue.services.states.service import SERVICE

_CHILDREN_PER_COMMIT = 32
_EVENTS_PER_COMMIT = 2_000
_ITEMS_AHEAD = 2_000
_BUSY_JOBS = 256
_LOOK_AGAIN_MS = 100
_ENDED = ("FAILED", "TIMED_OUT", "ABORTED")

Progress = Literal["more", "busy", "waits"]
"""Whether there is more to do at once, or the server has too much else to do, or children are waited for."""


@SERVICE.job("map-run")
def work(call: Call, job: Job) -> Again | Pending | None:
    """Do the next piece of a Map Run."""
    run = map_records.find(call.tx, job.payload)
    if run is None:
        return None
    if run.is_working != AT_WORK:
        run = run._replace(is_working=AT_WORK)
        map_records.save(call.tx, run)
    progress = _PHASES[run.phase](call, run)
    if progress == "more":
        return Again(call.now_ms)
    run = _current(call, run)
    if progress == "busy":
        map_records.save(call.tx, run._replace(is_working=PARKED))
        return Pending((wake_key(run.arn),), call.now_ms + _LOOK_AGAIN_MS)
    map_records.save(call.tx, run._replace(is_working=0))
    return None


def _run_on(call: Call, run: MapRun) -> Progress:
    room = min(run.window - run.running, _CHILDREN_PER_COMMIT)
    if room > 0 and _is_busy(call, run):
        room = 0
    try:
        if not run.items_done and run.items_known - run.next_item < _ITEMS_AHEAD:
            run = _read_more(call, run)
        started = _start_some(call, run, room) if room > 0 and run.next_item < run.items_known else 0
        if room > 0 and not started and not run.items_done:  # a batch wants more items than are read ahead
            _read_more(call, run)
    except (StatesError, ReadingFailed) as failure:
        run = _current(call, run)
        map_records.save(call.tx, stopping(run, failure.error, failure.cause))
        return "more"
    run = _current(call, run)
    if run.phase != "running":
        return "more"
    if run.items_done and run.next_item >= run.items_known and not run.running:
        return _all_ended(call, run)
    if not run.items_done and run.items_known - run.next_item < _ITEMS_AHEAD:
        return "more"
    if run.running >= run.window or (run.items_done and run.next_item >= run.items_known):
        return "waits"
    return "busy" if _is_busy(call, run) else "more"


def _read_more(call: Call, run: MapRun) -> MapRun:
    run = read_more(call, run)
    map_records.save(call.tx, run)
    return run


def _is_busy(call: Call, run: MapRun) -> bool:
    """Whether there is so much other work waiting that starting more would only make the queue longer."""
    return run.running > 0 and jobs.count_waiting(call.tx, _BUSY_JOBS) >= _BUSY_JOBS


def _start_some(call: Call, run: MapRun, room: int) -> int:
    """Start children of items that are there; how many."""
    waiting = MAPS.get(call.tx, run).next_children(call.tx, run, room)
    # All are counted before the first begins, as it may end at once; those that do not begin after all are taken back.
    map_records.save(call.tx, _with_started(run, waiting, 1))
    events = 0
    for number, child in enumerate(waiting):
        execution, given = begin_counting(call, _child(call, run, child, run.next_child + number))
        events += given
        failed = execution.status not in ("RUNNING", "SUCCEEDED")
        if events >= _EVENTS_PER_COMMIT or (failed and _current(call, run).phase != "running"):
            map_records.save(call.tx, _with_started(_current(call, run), waiting[number + 1 :], -1))
            return number + 1
    return len(waiting)


def _with_started(run: MapRun, children: Sequence[ChildInput], sign: int) -> MapRun:
    count, items = sign * len(children), sign * sum(child.items for child in children)
    return run._replace(
        running=run.running + count,
        items_running=run.items_running + items,
        next_child=run.next_child + count,
        next_item=run.next_item + items,
    )


def _current(call: Call, run: MapRun) -> MapRun:
    current = map_records.find(call.tx, run.number)
    assert current is not None
    return current


def _child(call: Call, run: MapRun, child: ChildInput, place: int) -> Execution:
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
        parent=child_parent(run.number, place, child.items),
        revision=0,
        chunks=0,
        snapshot_chunk=0,
        logging=MAPS.get(call.tx, run).logging,
    )


def _stop_some(call: Call, run: MapRun) -> Progress:
    found, following = map_records.walk(call.tx, run, _CHILDREN_PER_COMMIT, ("RUNNING",)) if run.running else ([], None)
    for child in found:
        advance(call, child.arn, Stop())
    run = _current(call, run)
    if following is not None:
        map_records.save(call.tx, run._replace(cursor=following))
        return "more"
    if run.status == "RUNNING" and run.error is None:  # redriven while its children were still called off
        map_records.save(call.tx, awaiting_redrive(run._replace(phase="redriving", cursor=0)))
        return "more"
    if run.status != "RUNNING":
        _end(call, run, run.status)
        return "waits"
    map_records.save(call.tx, run._replace(phase="writing", cursor=0))
    return "more"


def _redrive_some(call: Call, run: MapRun) -> Progress:
    room = min(run.window - run.running, _CHILDREN_PER_COMMIT)
    if room <= 0:
        return "waits"
    if _is_busy(call, run):
        return "busy"
    found, following = map_records.walk(call.tx, run, room, _ENDED)
    for child in found:
        _, place, items = child_place(child.parent)
        run = run._replace(
            cursor=place + 1, to_redrive=run.to_redrive - 1, items_to_redrive=run.items_to_redrive - items
        )
        if redrivable(call, child)[1] is not None:
            run = _not_redrivable(run, child.status, items)
            map_records.save(call.tx, run)
            continue
        run = run._replace(running=run.running + 1, items_running=run.items_running + items)
        map_records.save(call.tx, run)
        if child.kind == "EXPRESS":
            records.delete_execution(call.tx, child.arn)
            begin(call, _child(call, run, ChildInput(child.input, items), place))
        else:
            redrive(call, child)
        run = _current(call, run)
        if run.phase != "redriving":
            return "more"
    going_on = run._replace(phase="running") if following is None else run._replace(cursor=following)
    map_records.save(call.tx, going_on)
    return "more"


def _not_redrivable(run: MapRun, status: str, items: int) -> MapRun:
    """A child that failed stays as it is; it counts as a failure still."""
    failed = counted(run._replace(running=run.running + 1, items_running=run.items_running + items), status, items)
    return failed._replace(not_redrivable=run.not_redrivable + 1, items_not_redrivable=run.items_not_redrivable + items)


def _all_ended(call: Call, run: MapRun) -> Progress:
    if exceeds(run):
        map_records.save(call.tx, stopping(run, "States.ExceedToleratedFailureThreshold", EXCEEDED))
    else:
        map_records.save(call.tx, run._replace(phase="writing", cursor=0))
    return "more"


def _write(call: Call, run: MapRun) -> Progress:
    source = MAPS.get(call.tx, run)
    if run.error is not None and (source.plan.writer is None or not source.plan.writer.resource):
        _end(call, run, "FAILED")
        return "waits"
    results = write_some(call, run, source)
    if isinstance(results, MapRun):
        map_records.save(call.tx, results)
        return "more"
    if run.error is not None:
        _end(call, run, "FAILED")
        return "waits"
    if isinstance(results, Results):
        run = _current(call, run)._replace(written=results.written, items_written=results.items_written)
        map_records.save(call.tx, run)
        _end(call, run, "SUCCEEDED", results.text)
    else:
        map_records.save(call.tx, run._replace(error=results.error, cause=results.cause))
        _end(call, _current(call, run), "FAILED")
    return "waits"


def _end(call: Call, run: MapRun, status: str, output_text: str = "") -> None:
    ended = run._replace(status=status, phase="ended", stopped_at_ms=run.stopped_at_ms or call.now_ms)
    map_records.save(call.tx, ended)
    MAPS.forget(run)
    key = (run.frame, run.generation)
    if status == "SUCCEEDED":
        map_records.drop_items(call.tx, run.number)
        advance(call, run.execution_arn, CompleteMapRun(key, output_text))
    elif status == "FAILED":
        advance(call, run.execution_arn, FailMapRun(key, run.error or "", run.cause or ""))


@SERVICE.job("map-forget")
def forget_children(call: Call, job: Job) -> Again | None:
    """The Express children of a Map Run that is forgotten go, too."""
    more = map_records.forget_express_children(call.tx, job.payload, 500) == 500
    return Again(call.now_ms) if more else None


_PHASES: dict[str, Callable[[Call, MapRun], Progress]] = {
    "running": _run_on,
    "redriving": _redrive_some,
    "stopping": _stop_some,
    "writing": _write,
    "ended": lambda call, run: "waits",
    "forgotten": lambda call, run: "waits",
}
