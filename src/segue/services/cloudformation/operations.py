"""What goes on with a stack: one operation at a time, in phases, each a plan of steps.

``stack.operation`` is plain data: ``id``, ``kind`` (``CREATE``, ``UPDATE``, ``DELETE``), ``token`` (the client's),
``phase``, ``failed`` (action and logical id of each), ``words`` (why, where no resource failed), ``on_failure``
(``ROLLBACK``, ``DO_NOTHING``, ``STOP`` of nested stacks, ``DELETE``), ``before`` (the settings until now), ``retain``
and ``skip`` (logical ids), ``series`` (by which resources know that it has changed them: its id, or that of an update
before it which has failed and was left so).

==================  =====================================================  =========================================
phase               its steps                                              what follows
==================  =====================================================  =========================================
deploy              create or update what the template names, each after   outputs; then ``cleanup``, or ``rollback``
                    what it needs
cleanup             delete what was replaced and what is gone              UPDATE_COMPLETE
rollback            of a creation: delete all; of an update: restore       ``rollback-cleanup``
rollback-cleanup    delete what the update had made                        UPDATE_ROLLBACK_COMPLETE
delete              delete all, each after what needs it                   DELETE_COMPLETE
left                none: a failure that is not rolled back                what the user asks for
==================  =====================================================  =========================================

A step that ends starts those that waited for it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from segue import jobs
from segue.api import Call
from segue.services.cloudformation import records, resource_records
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import Step

STEP_JOB = "cloudformation:step"
TIMEOUT_JOB = "cloudformation:timeout"


def stack_key(stack_id: str) -> str:
    """What is woken when an operation on a stack has ended."""
    return f"cloudformation:stack:{stack_id}"


def new_operation(call: Call, kind: str, phase: str, token: str = "", **more: Any) -> dict[str, Any]:
    """The plain data of an operation that begins."""
    operation_id = call.tx.ids.uuid()
    common = {"id": operation_id, "kind": kind, "phase": phase, "token": token, "failed": [], "series": operation_id}
    return {**common, "begun_at": call.now_ms, **more}


def plan(
    call: Call, stack: Stack, phase: str, wanted: Iterable[tuple[str, int, str]], needs: Mapping[str, set[str]]
) -> None:
    """The steps of a phase: logical id, resource and action of each, and what must be done before a logical id's.

    What would wait for itself waits for nothing: rows of several templates may need each other in a circle.
    """
    assert stack.operation is not None
    stack.operation["phase"] = phase
    records.save(call.tx, stack)
    steps = [
        Step(call.tx.ids.ordered(call.now_ms), stack.id, logical_id, resource, action, "waiting", 0)
        for logical_id, resource, action in wanted
    ]
    numbers: dict[str, list[int]] = {}
    for step in steps:
        numbers.setdefault(step.logical_id, []).append(step.number)
    edges = [
        (needed, step.number)
        for step in steps
        for name in sorted(needs.get(step.logical_id, ()))
        for needed in numbers.get(name, ())
        if name != step.logical_id
    ]
    resource_records.plan(call.tx, stack.id, steps, without_circles(edges))


def without_circles(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges, without those among nodes that could never start."""
    waits: dict[int, int] = {}
    dependents: dict[int, list[int]] = {}
    for needed, dependent in edges:
        waits[dependent] = waits.get(dependent, 0) + 1
        dependents.setdefault(needed, []).append(dependent)
    ready = [node for node in dependents if not waits.get(node)]
    while ready:
        for dependent in dependents.get(ready.pop(), ()):
            waits[dependent] -= 1
            if not waits[dependent]:
                ready.append(dependent)
    stuck = {node for node, count in waits.items() if count}
    return [edge for edge in edges if not stuck.issuperset(edge)]


def start_ready(call: Call, stack: Stack) -> bool:
    """Start the steps that wait for nothing any more; whether any is running now."""
    for step in resource_records.start_ready(call.tx, stack.id):
        jobs.enqueue(call.tx, STEP_JOB, stack.id, {"step": step.number}, trace=call.trace)
    return bool(resource_records.count_running(call.tx, stack.id))


def end(call: Call, stack: Stack, *, left: bool = False) -> None:
    """The operation is over; ``left``: something of it is left to be rolled back, or gone on with."""
    resource_records.forget_plan(call.tx, stack.id)
    for kind in (STEP_JOB, TIMEOUT_JOB):
        jobs.cancel(call.tx, kind, stack.id)
    if left and stack.operation is not None:
        stack.operation["phase"] = "left"
    elif not left:
        stack.operation = None
        records.drop_template(call.tx, before_template(stack))
    records.save(call.tx, stack)
    jobs.wake(call.tx, stack_key(stack.id))


def before_template(stack: Stack) -> str:
    """Whose a stack's template until now is, while an update is under way."""
    return f"{stack.id}#before"


def listed(names: Iterable[str]) -> str:
    """Logical ids as reasons have them: ``[A, B]``."""
    return f"[{', '.join(names)}]"
