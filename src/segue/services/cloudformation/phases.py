"""Phases of an operation: what follows when the steps of one are done, or one has failed."""

from __future__ import annotations

from segue import jobs
from segue.api import Call
from segue.jobs import Job
from segue.languages.templates import TemplateError
from segue.services.cloudformation import exports, records, resource_records, responses
from segue.services.cloudformation.events import become, resource_becomes
from segue.services.cloudformation.facts import facts, imported, instance_of, resolve
from segue.services.cloudformation.operations import (
    STEP_JOB,
    before_template,
    end,
    plan,
    start_ready,
)
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow, Step
from segue.services.cloudformation.service import SERVICE
from segue.services.cloudformation.types import declaration
from segue.services.cloudformation.words import CREATE_CANCELLED, UPDATE_CANCELLED, failures


def deploy(call: Call, stack: Stack) -> None:
    """Make what the template wants of what there is.

    The stack's template, settings and operation are the new ones; its status says that it is under way.
    """
    instance = instance_of(call, stack)
    rows = resource_records.live_of(call.tx, stack.id)
    missing = sorted({each.type for each in instance.resources.values() if declaration(call.api, each.type) is None})
    if missing:
        fail(call, stack, f"Segue does not implement resources of type {', '.join(missing)} yet.")
        return
    wanted = []
    for name in instance.resources:
        row = rows.get(name)
        if row is not None and not row.physical_id:  # what an earlier operation has begun and left
            resource_records.remove(call.tx, row)
            row = None
        elif row is not None and row.status == "CREATE_FAILED":
            row.live = False
            resource_records.save(call.tx, row)
            row = None
        wanted.append((name, 0, "create") if row is None else (name, row.number, "update"))
    plan(call, stack, "deploy", wanted, {name: set(each.dependencies) for name, each in instance.resources.items()})
    go_on(call, stack)


def delete_all(call: Call, stack: Stack, phase: str) -> None:
    """Remove all of a stack's resources, each after what needs it."""
    rows = [row for row in resource_records.all_of(call.tx, stack.id) if row.status != "DELETE_COMPLETE"]
    _plan_deletes(call, stack, phase, rows)


def _plan_deletes(call: Call, stack: Stack, phase: str, rows: list[ResourceRow]) -> None:
    after: dict[str, set[str]] = {}
    for row in rows:
        for needed in row.data.get("needs", ()):
            after.setdefault(needed, set()).add(row.logical_id)
    plan(call, stack, phase, [(row.logical_id, row.number, "delete") for row in reversed(rows)], after)
    go_on(call, stack)


def go_on(call: Call, stack: Stack) -> None:
    """Start what can be started; where nothing runs any more, the phase is over."""
    if start_ready(call, stack):
        return
    assert stack.operation is not None
    match stack.operation["phase"]:
        case "deploy":
            _deployed(call, stack)
        case "cleanup":
            _cleaned_up(call, stack)
        case "rollback":
            _rolled_back(call, stack)
        case "rollback-cleanup":
            become(call, stack, "UPDATE_ROLLBACK_COMPLETE")
            end(call, stack)
        case "delete":
            _deleted(call, stack)


def failed(call: Call, stack: Stack, step: Step) -> None:
    """A step has failed. What is to be rolled back stops at once; all else goes on with what does not need it.

    Source: CloudFormation user guide, "Choose how to handle failures when provisioning resources".
    """
    operation = stack.operation
    assert operation is not None
    operation["failed"].append([step.action, step.logical_id])
    if operation["phase"] == "deploy" and operation.get("on_failure") != "DO_NOTHING":
        _stop(call, stack)
    records.save(call.tx, stack)
    go_on(call, stack)


def fail(call: Call, stack: Stack, reason: str) -> None:
    """The deployment as a whole has failed, for a reason that is no single resource's."""
    assert stack.operation is not None
    stack.operation["words"] = reason
    _stop(call, stack)
    records.save(call.tx, stack)
    _deployed(call, stack)


def _stop(call: Call, stack: Stack) -> None:
    """Begin nothing more; what is under way is given up, and removed or restored with the rest."""
    assert stack.operation is not None
    resource_records.drop_waiting(call.tx, stack.id)
    for step in resource_records.steps_in(call.tx, stack.id, "running"):
        resource_records.end_step(call.tx, step, "failed")
        row = resource_records.find(call.tx, step.resource) if step.resource else None
        if row is None or not row.status.endswith("_IN_PROGRESS"):
            continue
        creates = step.action == "create"
        name_begun(row)
        words = CREATE_CANCELLED if creates else UPDATE_CANCELLED
        resource_becomes(call, stack, row, "CREATE_FAILED" if creates else "UPDATE_FAILED", words)
        resource_records.save(call.tx, row)
        stack.operation["failed"].append([step.action, step.logical_id])
    jobs.cancel(call.tx, STEP_JOB, stack.id)


def name_begun(row: ResourceRow) -> None:
    """What was begun and never told its physical id is removed by the one that was made up for it."""
    row.physical_id = row.physical_id or row.data.get("progress", {}).get("fallback", "")


def _deployed(call: Call, stack: Stack) -> None:
    operation = stack.operation
    assert operation is not None
    if not operation["failed"] and not operation.get("words"):
        operation["words"] = _publish(call, stack)
    if operation["failed"] or operation["words"]:
        _give_up(call, stack)
        return
    rows = resource_records.all_of(call.tx, stack.id)
    if operation["kind"] == "CREATE":
        become(call, stack, "CREATE_COMPLETE")
        end(call, stack)
        return
    become(call, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    wanted = instance_of(call, stack).resources
    gone = []
    for row in rows:
        if row.live and row.logical_id not in wanted:
            row.live = False
            resource_records.save(call.tx, row)
        if not row.live:
            gone.append(row)
    _plan_deletes(call, stack, "cleanup", _really_gone(call, rows, gone))


def _really_gone(call: Call, rows: list[ResourceRow], gone: list[ResourceRow]) -> list[ResourceRow]:
    """Of what is to be removed, forget what is meant by another row that stays."""
    staying = {(row.logical_id, row.physical_id) for row in rows if row.live}
    for row in gone:
        if (row.logical_id, row.physical_id) in staying:
            resource_records.remove(call.tx, row)
    return [row for row in gone if (row.logical_id, row.physical_id) not in staying]


def _publish(call: Call, stack: Stack) -> str:
    """Outputs, exports and imports, as the template and its resources now have them; or why it cannot be."""
    known = facts(call, stack, None)
    instance = instance_of(call, stack)
    try:
        outputs = [(output, resolve(call, stack, output.value)) for output in instance.outputs(known)]
        imported(call, stack, known)
        exports.keep_imports_only(call.tx, stack.id, set(instance.imports(known)))
    except TemplateError as error:
        return error.message
    wanted = {output.export: value for output, value in outputs if output.export}
    if refused := exports.replace(call.tx, stack.scope, stack.id, wanted):
        return refused
    stack.settings["outputs"] = [
        {"key": output.name, "value": value, "description": output.description, "export": output.export}
        for output, value in sorted(outputs, key=lambda each: each[0].name)  # as recorded: sfn-scenarios
    ]
    return ""


def _give_up(call: Call, stack: Stack) -> None:
    """A deployment has failed: leave it so, roll it back, or delete the stack."""
    operation = stack.operation
    assert operation is not None
    made = [name for action, name in operation["failed"] if action == "create"]
    changed = [name for action, name in operation["failed"] if action != "create"]
    words = operation.get("words") or failures(made, changed)
    creating = operation["kind"] == "CREATE"
    match operation.get("on_failure", "ROLLBACK"):
        case "DO_NOTHING" | "STOP":
            become(call, stack, "CREATE_FAILED" if creating else "UPDATE_FAILED", words)
            end(call, stack, left=True)
        case "DELETE" if creating:
            begin_delete(call, stack, f"{words.strip()} Delete requested by user.")
        case _:
            roll_back(call, stack, f"{words.strip()} Rollback requested by user." if creating else words)


def roll_back(call: Call, stack: Stack, reason: str) -> None:
    """Undo what the operation has done so far."""
    operation = stack.operation
    assert operation is not None
    operation |= {"failed": [], "words": ""}
    if operation["kind"] == "CREATE":
        become(call, stack, "ROLLBACK_IN_PROGRESS", reason)
        delete_all(call, stack, "rollback")
        return
    become(call, stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    _restore_settings(call, stack)
    stack.settings["failure"] = reason
    plan_restores(call, stack)


def _restore_settings(call: Call, stack: Stack) -> None:
    operation = stack.operation
    assert operation is not None
    kept = records.template(call.tx, before_template(stack))
    if kept is not None:
        records.keep_template(call.tx, stack.id, kept)
        records.drop_template(call.tx, before_template(stack))
    if operation.get("before") is not None:
        stack.settings = operation.pop("before")
    records.save(call.tx, stack)


def plan_restores(call: Call, stack: Stack) -> None:
    """Restore what was changed, those first that need others; what was made is removed afterwards."""
    operation = stack.operation
    assert operation is not None
    rows = resource_records.all_of(call.tx, stack.id)
    by_number = {row.number: row for row in rows}
    wanted: list[tuple[str, int, str]] = []
    after: dict[str, set[str]] = {}
    for row in rows:
        if not row.live or row.data.get("changed_by") != operation["series"]:
            continue
        old = _replaced_first(row, by_number, operation["series"])
        if old is not None:
            old.live, row.live = True, False
            old.data.pop("replaced", None)
            resource_becomes(call, stack, old, "UPDATE_COMPLETE")
            resource_records.save(call.tx, old)
            resource_records.save(call.tx, row)
        elif row.data.get("made_by") == operation["series"]:
            row.live = False
            resource_records.save(call.tx, row)
        elif row.logical_id in operation.get("skip", ()):
            row.data["changed_by"] = ""
            resource_becomes(call, stack, row, "UPDATE_COMPLETE")
            resource_records.save(call.tx, row)
        else:
            wanted.append((row.logical_id, row.number, "restore"))
            for needed in row.data.get("needs", ()):
                after.setdefault(needed, set()).add(row.logical_id)
    plan(call, stack, "rollback", wanted, after)
    go_on(call, stack)


def _replaced_first(row: ResourceRow, by_number: dict[int, ResourceRow], series: str) -> ResourceRow | None:
    """What a resource was before a series of operations replaced it, maybe more than once; ``None`` if none did."""
    old = by_number.get(row.data.get("replaces", 0))
    while old is not None and old.data.get("made_by") == series:
        old = by_number.get(old.data.get("replaces", 0))
    return old


def _rolled_back(call: Call, stack: Stack) -> None:
    operation = stack.operation
    assert operation is not None
    names = [name for _, name in operation["failed"]]
    if operation["kind"] == "CREATE":
        if names:
            become(
                call, stack, "ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(names)}]. "
            )
            end(call, stack, left=True)
        else:
            become(call, stack, "ROLLBACK_COMPLETE")
            exports.drop(call.tx, stack.id)
            end(call, stack)
        return
    if names:
        become(
            call, stack, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{', '.join(names)}]. "
        )
        end(call, stack, left=True)
        return
    exports.keep_imports_only(call.tx, stack.id, set(instance_of(call, stack).imports(facts(call, stack, None))))
    become(call, stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    rows = resource_records.all_of(call.tx, stack.id)
    _plan_deletes(call, stack, "rollback-cleanup", _really_gone(call, rows, [row for row in rows if not row.live]))


def _cleaned_up(call: Call, stack: Stack) -> None:
    operation = stack.operation
    assert operation is not None
    reason = "Update successful. One or more resources could not be deleted." if operation["failed"] else ""
    for row in resource_records.all_of(call.tx, stack.id):
        if not row.live:  # what could not be removed is the stack's no more
            resource_records.remove(call.tx, row)
    become(call, stack, "UPDATE_COMPLETE", reason)
    end(call, stack)


def begin_delete(call: Call, stack: Stack, reason: str = "") -> None:
    """Delete a stack; its operation says what of it stays."""
    assert stack.operation is not None
    stack.operation |= {"failed": [], "words": ""}
    become(call, stack, "DELETE_IN_PROGRESS", reason)
    delete_all(call, stack, "delete")


def _deleted(call: Call, stack: Stack) -> None:
    operation = stack.operation
    assert operation is not None
    names = sorted({name for _, name in operation["failed"]})
    if names:
        become(call, stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(names)}]. ")
        end(call, stack, left=True)
        return
    stack.deleted_at_ms = call.now_ms
    exports.drop(call.tx, stack.id)
    responses.forget_all(call.tx, stack.id)
    become(call, stack, "DELETE_COMPLETE")
    end(call, stack)


@SERVICE.job("timeout")
def time_out(call: Call, job: Job) -> None:
    """A creation has taken longer than its ``TimeoutInMinutes``."""
    stack = records.by_id(call.tx, job.key)
    operation = None if stack is None else stack.operation
    if stack is None or operation is None or operation["id"] != job.payload["operation"]:
        return
    if operation["phase"] == "deploy":
        fail(call, stack, "Stack creation time exceeded the specified timeout.")
