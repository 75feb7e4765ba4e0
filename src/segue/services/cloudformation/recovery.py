"""Operations that have gone wrong, or shall not go on: cancelled, rolled back, the rollback continued.

Source: CloudFormation API reference, CancelUpdateStack, ContinueUpdateRollback, RollbackStack.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.services.cloudformation import phases, records, resource_records
from segue.services.cloudformation.events import become
from segue.services.cloudformation.operations import before_template
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.service import SERVICE, existing, invalid, stack_arn

_USER = "User Initiated"


@SERVICE.operation("CancelUpdateStack", resource=stack_arn)
def cancel_update_stack(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Stop an update, and go back."""
    stack = existing(call, params["StackName"])
    operation = stack.operation
    if stack.status == "UPDATE_ROLLBACK_IN_PROGRESS" and _token_known(stack, params):
        return {}
    if stack.status != "UPDATE_IN_PROGRESS" or operation is None:
        raise invalid("CancelUpdateStack cannot be called from current stack status")
    operation["on_failure"] = "ROLLBACK"
    operation["token"] = params.get("ClientRequestToken") or operation["token"]
    phases.fail(call, stack, _USER)
    return {}


@SERVICE.operation("ContinueUpdateRollback", resource=stack_arn)
def continue_update_rollback(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Try a rollback that has failed once more, leaving out what cannot be restored."""
    stack = existing(call, params["StackName"])
    operation = stack.operation
    if stack.status == "UPDATE_ROLLBACK_IN_PROGRESS" and _token_known(stack, params):
        return {}
    if stack.status != "UPDATE_ROLLBACK_FAILED" or operation is None:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue its rollback.")
    skip = [name.rpartition(".")[2] for name in params.get("ResourcesToSkip", [])]
    rows = resource_records.live_of(call.tx, stack.id)
    if wrong := [name for name in skip if name not in rows or rows[name].status != "UPDATE_FAILED"]:
        raise invalid(f"ResourcesToSkip must name resources whose rollback has failed. These have not: {wrong}")
    operation |= {"skip": skip, "token": params.get("ClientRequestToken", ""), "failed": [], "words": ""}
    if params.get("RoleARN"):
        stack.settings["role_arn"] = params["RoleARN"]
    become(call, stack, "UPDATE_ROLLBACK_IN_PROGRESS", _USER)
    phases.plan_restores(call, stack)
    return {}


@SERVICE.operation("RollbackStack", resource=stack_arn)
def rollback_stack(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Undo what a failed operation has left, where it was not to be rolled back by itself."""
    stack = existing(call, params["StackName"])
    operation = stack.operation
    if stack.status.endswith("ROLLBACK_IN_PROGRESS") and _token_known(stack, params):
        return {"StackId": stack.id}
    if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED") or operation is None:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
    operation["token"] = params.get("ClientRequestToken", "")
    if params.get("RoleARN"):
        stack.settings["role_arn"] = params["RoleARN"]
    phases.roll_back(call, stack, _USER)
    return {"StackId": stack.id, "OperationId": operation["id"]}


def _token_known(stack: Stack, params: dict[str, Any]) -> bool:
    token = params.get("ClientRequestToken")
    return bool(token) and stack.operation is not None and stack.operation.get("token") == token


def stable(call: Call, stack: Stack) -> tuple[dict[str, Any], str]:
    """The settings to go back to if the next update fails, and the name of the series of operations since then.

    An update that has failed and was left so is continued by the next one: both go back to where the first began.
    """
    operation = stack.operation
    if stack.status == "UPDATE_FAILED" and operation is not None and operation.get("before") is not None:
        return operation["before"], operation["series"]
    kept = records.template(call.tx, stack.id)
    if kept is not None:
        records.keep_template(call.tx, before_template(stack), kept)
    return {**stack.settings}, ""
