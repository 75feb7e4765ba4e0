"""Steps of an operation: a resource is made, changed, replaced, restored or removed; one job each.

A type's function that answers ``Pending`` is called again when its key is woken; the step stays ``running``.
"""

from __future__ import annotations

import logging
from typing import Any

from segue.api import Call
from segue.api.resource_types import Resource, ResourceType
from segue.jobs import Job, Pending
from segue.languages.templates import TemplateError
from segue.services.cloudformation import phases, records, resource_records
from segue.services.cloudformation.attempts import Failed, Outcome, attempt, take_notes
from segue.services.cloudformation.events import resource_becomes
from segue.services.cloudformation.facts import facts, imported, instance_of
from segue.services.cloudformation.properties import changed_names, comes_with_tags, fitted, replacing
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow, Step
from segue.services.cloudformation.retained import is_retained
from segue.services.cloudformation.service import SERVICE
from segue.services.cloudformation.types import declaration
from segue.services.cloudformation.words import INITIATED, NAME_TAKEN, REPLACES, TAKEN
from segue.store.blobs import ContentElsewhere

log = logging.getLogger(__name__)

_KEPT_FOR_ROLLBACK = (
    "properties",
    "attributes",
    "needs",
    "tags",
    "deletion_policy",
    "replace_policy",
    "metadata",
    "description",
)


@SERVICE.job("step")
def run_step(call: Call, job: Job) -> Pending | None:
    """Do, or look again at, one step; one whose operation is over finds nothing to do."""
    step = resource_records.find_step(call.tx, job.payload["step"])
    stack = None if step is None else records.by_id(call.tx, step.stack)
    if step is None or stack is None or step.state != "running" or stack.operation is None:
        return None
    match step.action:
        case "create":
            return _create(call, stack, step)
        case "update":
            return _update(call, stack, step)
        case "restore":
            return _restore(call, stack, step)
        case _:
            return _delete(call, stack, step)


def _wanted(call: Call, stack: Stack, logical_id: str) -> dict[str, Any]:
    """What the template wants of a resource, now that what it needs is there.

    Raises:
        TemplateError: it cannot be evaluated.
    """
    try:
        return _evaluated(call, stack, logical_id)
    except (ContentElsewhere, TemplateError):
        raise
    except Exception as error:
        log.exception("%s of %s cannot be evaluated", logical_id, stack.id)
        raise TemplateError(f"Internal error of Segue ({type(error).__name__}: {error})") from None


def _evaluated(call: Call, stack: Stack, logical_id: str) -> dict[str, Any]:
    instance = instance_of(call, stack)
    resource = instance.resources[logical_id]
    known = facts(call, stack, resource.dependencies)
    given = instance.properties(logical_id, known)
    properties = fitted(logical_id, resource.type, given, call.api.resource_types)
    metadata = instance.evaluate(resource.declaration.metadata, known)
    imported(call, stack, known)
    return {
        "properties": properties,
        "metadata": metadata,
        "needs": sorted(resource.dependencies),
        "deletion_policy": resource.deletion_policy,
        "replace_policy": resource.update_replace_policy,
        "tags": stack.settings.get("tags", {}),
    }


def _new_row(call: Call, stack: Stack, step: Step, type_name: str, data: dict[str, Any]) -> ResourceRow:
    assert stack.operation is not None
    number = call.tx.ids.ordered(call.now_ms)
    operation = stack.operation["series"]
    data = {"token": call.tx.ids.alphanumeric(12), "made_by": operation, "changed_by": operation, **data}
    row = ResourceRow(number, stack.id, step.logical_id, type_name, "", "", "", call.now_ms, data=data)
    resource_records.insert(call.tx, row)
    resource_records.attach(call.tx, step, number)
    return row


def _create(call: Call, stack: Stack, step: Step) -> Pending | None:
    row = resource_records.find(call.tx, step.resource) if step.resource else None
    if row is None:
        type_name = instance_of(call, stack).resources[step.logical_id].type
        try:
            wanted = _wanted(call, stack, step.logical_id)
        except TemplateError as error:
            row = _new_row(call, stack, step, type_name, {})
            resource_becomes(call, stack, row, "CREATE_IN_PROGRESS")
            return _failed(call, stack, step, row, "CREATE_FAILED", error.message)
        row = _new_row(call, stack, step, type_name, wanted)
        resource_becomes(call, stack, row, "CREATE_IN_PROGRESS")
    return _make(call, stack, step, row, "CREATE")


def _make(call: Call, stack: Stack, step: Step, row: ResourceRow, verb: str) -> Pending | None:
    """Have a new real resource made, for a creation or a replacement."""
    declared = declaration(call.api, row.type)
    outcome = _not_there(row.type) if declared is None else attempt(call, stack, row, declared.create)
    initiated = bool(row.physical_id)
    _take_physical_id(row, outcome)
    if row.physical_id and not initiated:
        resource_becomes(call, stack, row, f"{verb}_IN_PROGRESS", INITIATED)
    if isinstance(outcome, Pending):
        resource_records.save(call.tx, row)
        return outcome
    if isinstance(outcome, Failed):
        reason = _replacement_reason(call, row, outcome.reason) if verb == "UPDATE" else outcome.reason
        return _failed(call, stack, step, row, f"{verb}_FAILED", reason)
    assert outcome is not None
    return _succeeded(call, stack, step, row, f"{verb}_COMPLETE", outcome)


def _replacement_reason(call: Call, row: ResourceRow, reason: str) -> str:
    """Why a replacement cannot be made: most often because what it replaces has its name still."""
    old = resource_records.find(call.tx, row.data.get("replaces", 0))
    return NAME_TAKEN.format(old.physical_id) if old is not None and reason.endswith(TAKEN) else reason


def _not_there(type_name: str) -> Failed:
    return Failed(f"Segue does not implement resources of type {type_name} yet.")


def _take_physical_id(row: ResourceRow, outcome: Outcome) -> None:
    """What is being made may be known by its physical id before it is there."""
    if isinstance(outcome, Resource):
        row.physical_id = outcome.physical_id
    elif physical_id := row.data.get("progress", {}).get("physical_id"):
        row.physical_id = str(physical_id)


def _succeeded(
    call: Call, stack: Stack, step: Step, row: ResourceRow, status: str, resource: Resource | None
) -> Pending | None:
    if resource is not None:
        row.physical_id = resource.physical_id
        row.data["attributes"] = dict(resource.attributes)
    row.data["progress"] = {}
    if row.data.pop("restoring", False):
        row.data["changed_by"] = ""
    resource_becomes(call, stack, row, status, take_notes(row))
    resource_records.save(call.tx, row)
    resource_records.end_step(call.tx, step, "done")
    phases.go_on(call, stack)
    return None


def _failed(call: Call, stack: Stack, step: Step, row: ResourceRow, status: str, reason: str) -> Pending | None:
    if status == "CREATE_FAILED":
        phases.name_begun(row)
    resource_becomes(call, stack, row, status, reason)
    resource_records.save(call.tx, row)
    resource_records.end_step(call.tx, step, "failed")
    phases.failed(call, stack, step)
    return None


def _update(call: Call, stack: Stack, step: Step) -> Pending | None:
    row = resource_records.find(call.tx, step.resource)
    assert row is not None
    assert stack.operation is not None
    if row.status == "UPDATE_IN_PROGRESS" and row.data.get("changed_by") == stack.operation["series"]:
        return _look_again(call, stack, step, row)
    try:
        wanted = _wanted(call, stack, step.logical_id)
    except TemplateError as error:
        _remember(stack, row)
        resource_becomes(call, stack, row, "UPDATE_IN_PROGRESS")
        return _failed(call, stack, step, row, "UPDATE_FAILED", error.message)
    declared = declaration(call.api, row.type)
    names = changed_names(row.data.get("properties", {}), wanted["properties"])
    retagged = comes_with_tags(row.type) and row.data.get("tags", {}) != wanted["tags"]
    if not names and not retagged and not (declared is not None and declared.always_updates):
        row.data |= wanted
        resource_records.save(call.tx, row)
        resource_records.end_step(call.tx, step, "done")
        phases.go_on(call, stack)
        return None
    before = row.data.get("properties", {})
    if declared is None or declared.update is None or replacing(declared, row.type, before, wanted["properties"]):
        return _replace(call, stack, step, row, wanted)
    _remember(stack, row)
    row.data |= wanted
    row.data["token"] = call.tx.ids.alphanumeric(12)
    resource_becomes(call, stack, row, "UPDATE_IN_PROGRESS")
    return _change(call, stack, step, row, declared)


def _remember(stack: Stack, row: ResourceRow) -> None:
    """Keep how a resource stood before this operation, and note that the operation has touched it."""
    assert stack.operation is not None
    series = stack.operation["series"]
    if row.data.get("changed_by") != series or "before" not in row.data:
        row.data["before"] = {name: row.data.get(name) for name in _KEPT_FOR_ROLLBACK}
    row.data["changed_by"] = series
    row.data["progress"] = {}


def _look_again(call: Call, stack: Stack, step: Step, row: ResourceRow) -> Pending | None:
    declared = declaration(call.api, row.type)
    if "replaces" in row.data:
        return _make(call, stack, step, row, "UPDATE")
    assert declared is not None
    return _change(call, stack, step, row, declared)


def _replace(call: Call, stack: Stack, step: Step, row: ResourceRow, wanted: dict[str, Any]) -> Pending | None:
    row.live = False
    row.data |= {"replaced": True, "replace_policy": wanted["replace_policy"]}
    resource_records.save(call.tx, row)
    new = _new_row(call, stack, step, row.type, {**wanted, "replaces": row.number})
    new.physical_id = row.physical_id
    resource_becomes(call, stack, new, "UPDATE_IN_PROGRESS", REPLACES)
    new.physical_id = ""
    return _make(call, stack, step, new, "UPDATE")


def _change(call: Call, stack: Stack, step: Step, row: ResourceRow, declared: ResourceType) -> Pending | None:
    """Have a resource changed in place; one that has another physical id afterwards has been replaced by itself."""
    assert declared.update is not None
    before = row.data["before"]
    outcome = attempt(call, stack, row, declared.update, before["properties"])
    if isinstance(outcome, Pending):
        resource_records.save(call.tx, row)
        return outcome
    if isinstance(outcome, Failed):
        return _failed(call, stack, step, row, "UPDATE_FAILED", outcome.reason)
    if outcome is not None and outcome.physical_id != row.physical_id:
        resource_becomes(call, stack, row, "UPDATE_IN_PROGRESS", REPLACES)
        _leave_behind(call, row, before)
    return _succeeded(call, stack, step, row, "UPDATE_COMPLETE", outcome)


def _leave_behind(call: Call, row: ResourceRow, before: dict[str, Any]) -> None:
    """What a resource was until now is another one, which is removed in the end."""
    data = {name: before.get(name) for name in _KEPT_FOR_ROLLBACK}
    data |= {"token": call.tx.ids.alphanumeric(12), "made_by": row.data.get("made_by", ""), "replaced": True}
    data["replace_policy"] = row.data.get("replace_policy", "")
    number = call.tx.ids.ordered(call.now_ms)
    old = ResourceRow(number, row.stack, row.logical_id, row.type, row.physical_id, "UPDATE_COMPLETE", "", call.now_ms)
    old.live, old.data = False, data
    resource_records.insert(call.tx, old)


def _restore(call: Call, stack: Stack, step: Step) -> Pending | None:
    """Undo what the operation has changed of a resource."""
    row = resource_records.find(call.tx, step.resource)
    assert row is not None
    declared = declaration(call.api, row.type)
    if not row.data.get("restoring"):
        before = row.data["before"]
        row.data["before"] = {name: row.data.get(name) for name in _KEPT_FOR_ROLLBACK}
        row.data |= {name: before[name] for name in _KEPT_FOR_ROLLBACK if name != "attributes"}
        row.data["restoring"] = True
        row.status = ""
    if row.status != "UPDATE_IN_PROGRESS":
        row.data |= {"token": call.tx.ids.alphanumeric(12), "progress": {}}
        resource_becomes(call, stack, row, "UPDATE_IN_PROGRESS")
    if declared is None or declared.update is None:
        return _succeeded(call, stack, step, row, "UPDATE_COMPLETE", None)
    return _change(call, stack, step, row, declared)


def _delete(call: Call, stack: Stack, step: Step) -> Pending | None:
    row = resource_records.find(call.tx, step.resource)
    assert row is not None
    if is_retained(stack, row):
        return _gone(call, stack, step, row, "DELETE_SKIPPED")
    if row.status != "DELETE_IN_PROGRESS":
        row.data["progress"] = {}
        resource_becomes(call, stack, row, "DELETE_IN_PROGRESS")
    declared = declaration(call.api, row.type)
    outcome: Outcome = None
    if declared is not None and row.physical_id:
        outcome = attempt(call, stack, row, declared.delete)
    if isinstance(outcome, Pending):
        resource_records.save(call.tx, row)
        return outcome
    if isinstance(outcome, Failed):
        if stack.operation is None or not stack.operation.get("force"):
            return _failed(call, stack, step, row, "DELETE_FAILED", outcome.reason)
        resource_becomes(call, stack, row, "DELETE_FAILED", outcome.reason)
        return _gone(call, stack, step, row, "DELETE_SKIPPED")
    return _gone(call, stack, step, row, "DELETE_COMPLETE")


def _gone(call: Call, stack: Stack, step: Step, row: ResourceRow, status: str) -> Pending | None:
    resource_becomes(call, stack, row, status)
    assert stack.operation is not None
    if stack.operation["phase"] in ("cleanup", "rollback-cleanup"):
        resource_records.remove(call.tx, row)
    else:
        resource_records.save(call.tx, row)
    resource_records.end_step(call.tx, step, "done")
    phases.go_on(call, stack)
    return None
