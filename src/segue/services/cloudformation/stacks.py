"""Stacks: created, updated, deleted."""

from __future__ import annotations

from functools import partial
from typing import Any

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.cloudformation import exports, phases, records
from segue.services.cloudformation.authority import kept_caller
from segue.services.cloudformation.capabilities import check_capabilities
from segue.services.cloudformation.change_set_records import make_obsolete
from segue.services.cloudformation.changes import has_changes
from segue.services.cloudformation.events import become
from segue.services.cloudformation.operations import STEP_JOB, TIMEOUT_JOB, new_operation
from segue.services.cloudformation.prepare import Prepared, given, prepared
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.recovery import stable
from segue.services.cloudformation.resource_records import forget_plan
from segue.services.cloudformation.service import (
    SERVICE,
    existing,
    find_stack,
    invalid,
    scope_of,
    stack_arn,
)
from segue.services.cloudformation.sources import template_text
from segue.services.cloudformation.stack_settings import MOST_STACKS
from segue.services.cloudformation.validation import check_same_types, check_types
from segue.services.cloudformation.words import NO_UPDATES

_UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
_LEFT = ("CREATE_FAILED", "UPDATE_FAILED")


@SERVICE.operation("CreateStack", resource=stack_arn)
def create_stack(call: Call, params: dict[str, Any]) -> dict[str, Any] | Outbound:
    """Create a stack: this answers at once, its resources follow."""
    if (known := _same_request(call, params)) is not None:
        return known
    if params.get("OnFailure") and "DisableRollback" in params:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    text = template_text(call, params)
    stack = new_stack(call, params["StackName"], params)
    return prepared(call, stack, text, given(params.get("Parameters", [])), partial(_create, params, stack))


def _create(params: dict[str, Any], stack: Stack, call: Call, ready: Prepared) -> dict[str, Any]:
    if (known := _same_request(call, params)) is not None:
        return known
    check_capabilities(ready.instance.template.document, params.get("Capabilities", ()), ready.transforms)
    check_types(call, ready)
    records.insert(call.tx, stack)
    begin_create(call, stack, ready, params.get("ClientRequestToken", ""), failure_mode(params))
    return {"StackId": stack.id, "OperationId": stack.settings["operation_id"]}


def _same_request(call: Call, params: dict[str, Any]) -> dict[str, Any] | None:
    """The answer that a creation has had already; ``AwsError`` where another one has taken the name."""
    known = find_stack(call, params["StackName"])
    if known is None:
        return None
    token = params.get("ClientRequestToken")
    if token and known.settings.get("token") == token:
        return {"StackId": known.id, "OperationId": known.settings.get("operation_id", "")}
    raise AwsError("AlreadyExistsException", f"Stack [{params['StackName']}] already exists")


def failure_mode(params: dict[str, Any]) -> str:
    """What happens to a stack whose creation fails."""
    return "DO_NOTHING" if params.get("DisableRollback") else str(params.get("OnFailure", "ROLLBACK"))


def new_stack(call: Call, name: str, params: dict[str, Any], parent: Stack | None = None) -> Stack:
    """A stack that is not stored yet."""
    if records.count(call.tx, scope_of(call)) >= MOST_STACKS:
        raise AwsError("LimitExceededException", f"Limit for stack has been exceeded: {MOST_STACKS}")
    stack = Stack(
        call.arn("cloudformation", f"stack/{name}/{call.tx.ids.uuid()}"),
        call.tx.ids.ordered(call.now_ms),
        scope_of(call),
        name,
        "",
        "",
        call.now_ms,
        parent="" if parent is None else parent.id,
        root="" if parent is None else parent.root or parent.id,
        settings={"caller": kept_caller(call.caller)},
    )
    take_settings(call, stack, params)
    stack.settings["protected"] = bool(params.get("EnableTerminationProtection"))
    stack.settings["disable_rollback"] = bool(params.get("DisableRollback"))
    stack.settings["timeout_minutes"] = params.get("TimeoutInMinutes")
    return stack


def take_settings(call: Call, stack: Stack, params: dict[str, Any]) -> None:
    """What a request says of a stack beside its template; what it does not mention stays."""
    settings = stack.settings
    settings.pop("failure", None)
    settings["caller"] = kept_caller(call.caller)
    for member, name in (
        ("Capabilities", "capabilities"),
        ("NotificationARNs", "notification_arns"),
        ("RoleARN", "role_arn"),
        ("RollbackConfiguration", "rollback_configuration"),
        ("RetainExceptOnCreate", "retain_except_on_create"),
        ("StackPolicyBody", "policy"),
    ):
        if params.get(member) is not None:
            settings[name] = params[member]
    if params.get("Tags") is not None:
        settings["tags"] = {tag["Key"]: tag["Value"] for tag in params["Tags"]}


def take_template(call: Call, stack: Stack, ready: Prepared) -> None:
    """From now on a stack's template and parameters are these."""
    records.keep_template(call.tx, stack.id, ready.texts)
    stack.settings |= {
        "description": ready.instance.template.description,
        "parameters": ready.parameters,
        "stored": ready.stored,
        "hidden": ready.hidden,
        "values": ready.values,
    }


def begin_create(call: Call, stack: Stack, ready: Prepared, token: str, on_failure: str, *, told: bool = False) -> None:
    """Let the creation of a stored stack begin (``told``: its event was)."""
    take_template(call, stack, ready)
    make_obsolete(call.tx, stack.id)
    stack.operation = new_operation(call, "CREATE", "deploy", token, on_failure=on_failure)
    stack.settings |= {"token": token, "operation_id": stack.operation["id"]}
    if not told:
        become(call, stack, "CREATE_IN_PROGRESS", "User Initiated")
    if minutes := stack.settings.get("timeout_minutes"):
        payload = {"operation": stack.operation["id"]}
        jobs.enqueue(call.tx, TIMEOUT_JOB, stack.id, payload, at_ms=call.now_ms + minutes * 60_000)
    phases.deploy(call, stack)


@SERVICE.operation("UpdateStack", resource=stack_arn)
def update_stack(call: Call, params: dict[str, Any]) -> dict[str, Any] | Outbound:
    """Update a stack: this answers at once, its resources follow."""
    stack = existing(call, params["StackName"], "Stack [{}] does not exist")
    if (answer := _same_update(stack, params)) is not None:
        return answer
    text = template_text(call, params, stack)
    changed = with_settings(call, stack, params)
    return prepared(call, changed, text, given(params.get("Parameters", [])), partial(_change, params, changed))


def _same_update(stack: Stack, params: dict[str, Any]) -> dict[str, Any] | None:
    token = params.get("ClientRequestToken")
    if token and stack.settings.get("token") == token:
        return {"StackId": stack.id, "OperationId": stack.settings.get("operation_id", "")}
    check_updatable(stack)
    return None


def _change(params: dict[str, Any], changed: Stack, call: Call, ready: Prepared) -> dict[str, Any]:
    stack = existing(call, changed.id)
    if (answer := _same_update(stack, params)) is not None:
        return answer
    check_capabilities(ready.instance.template.document, params.get("Capabilities", ()), ready.transforms)
    check_types(call, ready)
    check_same_types(call, stack, ready)
    if not has_changes(call, stack, changed, ready):
        raise invalid(NO_UPDATES)
    on_failure = "DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK"
    begin_update(call, stack, changed.settings, ready, params.get("ClientRequestToken", ""), on_failure)
    return {"StackId": stack.id, "OperationId": stack.settings["operation_id"]}


def with_settings(call: Call, stack: Stack, params: dict[str, Any]) -> Stack:
    """A stack as an update would have it, its template left aside."""
    changed = Stack(
        stack.id,
        stack.number,
        stack.scope,
        stack.name,
        stack.status,
        stack.reason,
        stack.created_at_ms,
        parent=stack.parent,
        root=stack.root,
        settings=dict(stack.settings),
    )
    take_settings(call, changed, params)
    return changed


def check_updatable(stack: Stack) -> None:
    """Raise where a stack's status allows no update."""
    if stack.status not in (*_UPDATABLE, *_LEFT):
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def begin_update(
    call: Call,
    stack: Stack,
    settings: dict[str, Any],
    ready: Prepared,
    token: str,
    on_failure: str,
    *,
    told: bool = False,
) -> None:
    """Let an update begin (``told``: its event was)."""
    before, series = stable(call, stack)
    make_obsolete(call.tx, stack.id)
    stack.settings, stack.updated_at_ms = settings, call.now_ms
    take_template(call, stack, ready)
    stack.operation = new_operation(call, "UPDATE", "deploy", token, on_failure=on_failure, before=before)
    stack.operation["series"] = series or stack.operation["id"]
    stack.settings |= {"token": token, "operation_id": stack.operation["id"]}
    if not told:
        become(call, stack, "UPDATE_IN_PROGRESS", "User Initiated")
    phases.deploy(call, stack)


@SERVICE.operation("DeleteStack", resource=stack_arn)
def delete_stack(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a stack; one that is not there is deleted already."""
    stack = find_stack(call, params["StackName"])
    if stack is None:
        return {}
    if stack.settings.get("protected"):
        words = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        raise invalid(words)
    retain = params.get("RetainResources", [])
    if retain and stack.status != "DELETE_FAILED":
        words = "Invalid operation on stack [{}]. To retain resources, the stack must be in the DELETE_FAILED state."
        raise invalid(words.format(stack.id))
    mode = params.get("DeletionMode", "")
    if mode == "FORCE_DELETE_STACK" and stack.status != "DELETE_FAILED":
        words = "Invalid operation on stack [{}]. To delete it by force, the stack must be in the DELETE_FAILED state."
        raise invalid(words.format(stack.id))
    if stack.status == "DELETE_IN_PROGRESS":
        return {}
    if params.get("RoleARN"):
        stack.settings["role_arn"] = params["RoleARN"]
    remove_stack(call, stack, params.get("ClientRequestToken", ""), retain, mode)
    return {}


def remove_stack(call: Call, stack: Stack, token: str = "", retain: list[str] | None = None, mode: str = "") -> None:
    """Let the deletion of a stack begin, whatever is going on with it."""
    if words := exports.in_use(call.tx, stack.scope, stack.id):
        become(call, stack, stack.status, words)
        return
    for kind in (STEP_JOB, TIMEOUT_JOB):
        jobs.cancel(call.tx, kind, stack.id)
    forget_plan(call.tx, stack.id)
    stack.operation = new_operation(call, "DELETE", "delete", token, retain=retain or [])
    stack.operation["force"] = mode == "FORCE_DELETE_STACK"
    stack.settings["caller"] = kept_caller(call.caller)
    phases.begin_delete(call, stack, "User Initiated")
