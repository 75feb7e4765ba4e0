"""Change sets: what a template would change, looked at before it does.

They are worked out at once, so that nobody sees one on its way. Source: CloudFormation API reference,
CreateChangeSet, DescribeChangeSet, ExecuteChangeSet.
"""

from __future__ import annotations

from typing import Any

import orjson

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.serverless_effect import SERVERLESS, ServerlessAnswer
from segue.arn import is_arn
from segue.errors import AwsError, not_implemented
from segue.jobs import Outbound
from segue.services.cloudformation import change_set_records, records
from segue.services.cloudformation.capabilities import check_capabilities
from segue.services.cloudformation.change_set_records import ChangeSet
from segue.services.cloudformation.changes import Change, changes, has_changes
from segue.services.cloudformation.events import become
from segue.services.cloudformation.facts import instance, pseudo_parameters
from segue.services.cloudformation.prepare import Prepared, after_translation, given, prepare
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.service import SERVICE, existing, find_stack, invalid, stack_arn
from segue.services.cloudformation.sources import template_text
from segue.services.cloudformation.stacks import begin_create, begin_update, check_updatable, new_stack, with_settings
from segue.services.cloudformation.validation import check_same_types, check_types
from segue.services.cloudformation.words import NO_CHANGES

_PAGE = 100
_NO_STACK = "Stack [{}] does not exist"


@SERVICE.operation("CreateChangeSet", resource=stack_arn)
def create_change_set(call: Call, params: dict[str, Any]) -> dict[str, Any] | Outbound:
    """What a template would change of a stack, or make, if there is none."""
    kind = params.get("ChangeSetType", "UPDATE")
    if kind == "IMPORT" or params.get("ResourcesToImport"):
        raise not_implemented("cloudformation:CreateChangeSet", "ChangeSetType IMPORT")
    if params.get("DeploymentMode"):
        raise not_implemented("cloudformation:CreateChangeSet", "DeploymentMode")
    # ImportExistingResources is taken (CDK's bootstrap asks for it): what is there already still fails, with words
    stack = _stack_of(call, params, kind)
    known = change_set_records.by_name(call.tx, stack.id, params["ChangeSetName"])
    if known is not None and known.execution not in ("EXECUTE_COMPLETE", "OBSOLETE", "EXECUTE_FAILED"):
        if params.get("ClientToken") and known.data["params"].get("ClientToken") == params["ClientToken"]:
            return {"Id": known.id, "StackId": stack.id}
        raise AwsError("AlreadyExistsException", f"ChangeSet [{known.name}] already exists")
    text = template_text(call, params, stack)
    wanted = given(params.get("Parameters", []))
    changed = with_settings(call, stack, params)
    ready = prepare(call, changed, text, wanted)
    if isinstance(ready, Prepared):
        return _create(call, params, changed, ready)

    def settle(later: Call, answer: ServerlessAnswer) -> dict[str, Any]:
        try:
            translated = after_translation(later, changed, text, wanted, answer)
        except AwsError as error:
            return _failed(later, params, _stored(later, changed), text, error.message)
        return _create(later, params, changed, translated)

    return Outbound(SERVERLESS, ready, settle)


def _stack_of(call: Call, params: dict[str, Any], kind: str) -> Stack:
    """The stack to be changed; one that is to be made is not stored yet."""
    name = params["StackName"]
    stack = find_stack(call, name)
    if kind == "CREATE":
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            words = f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            raise invalid(f"{words}[{params['ChangeSetName']}].")
        return stack if stack is not None else new_stack(call, name, params)
    if stack is None:
        raise invalid(_NO_STACK.format(name))
    check_updatable(stack)
    return stack


def _stored(call: Call, stack: Stack) -> Stack:
    """The stack as it is stored; one that is to be made by the change set is under review from now on."""
    kept = records.by_id(call.tx, stack.id)
    if kept is not None:
        return kept
    if records.by_name(call.tx, stack.scope, stack.name) is not None:  # made meanwhile
        raise AwsError("AlreadyExistsException", f"Stack [{stack.name}] already exists")
    new = Stack(
        stack.id,
        stack.number,
        stack.scope,
        stack.name,
        "",
        "",
        stack.created_at_ms,
        settings={name: stack.settings[name] for name in ("caller", "protected", "disable_rollback")},
    )
    records.insert(call.tx, new)
    become(call, new, "REVIEW_IN_PROGRESS", "User Initiated")
    return new


def _create(call: Call, params: dict[str, Any], changed: Stack, ready: Prepared) -> dict[str, Any]:
    capabilities = params.get("Capabilities", ())
    check_capabilities(ready.instance.template.document, capabilities)
    check_types(call, ready)
    stack = _stored(call, changed)
    check_same_types(call, stack, ready)
    found = changes(call, stack, changed, ready)
    if not found and not has_changes(call, stack, changed, ready):
        return _failed(call, params, stack, ready.texts.original, NO_CHANGES)
    change_set = _new(call, params, stack)
    change_set.data |= {
        "changes": [_shown(change) for change in found],
        "parameters": ready.parameters,
        "stored": ready.stored,
        "hidden": ready.hidden,
        "values": ready.values,
        "transforms": ready.transforms,
        "description": ready.instance.template.description,
    }
    return _keep(call, change_set, ready.texts)


def _failed(call: Call, params: dict[str, Any], stack: Stack, text: str, reason: str) -> dict[str, Any]:
    change_set = _new(call, params, stack)
    change_set.status, change_set.execution, change_set.reason = "FAILED", "UNAVAILABLE", reason
    return _keep(call, change_set, records.TemplateTexts(text, text))


def _new(call: Call, params: dict[str, Any], stack: Stack) -> ChangeSet:
    name = params["ChangeSetName"]
    kept = {member: value for member, value in params.items() if member != "TemplateBody"}
    return ChangeSet(
        call.arn("cloudformation", f"changeSet/{name}/{call.tx.ids.uuid()}"),
        call.tx.ids.ordered(call.now_ms),
        stack.id,
        name,
        "CREATE_COMPLETE",
        "",
        "AVAILABLE",
        call.now_ms,
        {"params": kept, "changes": [], "parameters": {}},
    )


def _keep(call: Call, change_set: ChangeSet, texts: records.TemplateTexts) -> dict[str, Any]:
    known = change_set_records.by_name(call.tx, change_set.stack, change_set.name)
    if known is not None:
        change_set_records.remove(call.tx, known.id)
    change_set_records.insert(call.tx, change_set)
    records.keep_template(call.tx, change_set.id, texts)
    return {"Id": change_set.id, "StackId": change_set.stack}


def _shown(change: Change) -> dict[str, Any]:
    members = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.type,
        "Replacement": change.replacement or None,
        "Scope": change.scope,
        "Details": change.details,
        "BeforeContext": _context(change.before),
        "AfterContext": _context(change.after),
    }
    return {name: value for name, value in members.items() if value is not None}


def _context(properties: dict[str, Any] | None) -> str | None:
    return None if properties is None else orjson.dumps({"Properties": properties}, default=str).decode()


def find_change_set(call: Call, params: dict[str, Any]) -> ChangeSet:
    """The change set that a request means; ``AwsError`` where there is none."""
    name = params["ChangeSetName"]
    if is_arn(name):
        found = change_set_records.by_id(call.tx, name)
    elif not params.get("StackName"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    else:
        stack = existing(call, params["StackName"], _NO_STACK, deleted=True)
        found = change_set_records.by_name(call.tx, stack.id, name)
    if found is None:
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)
    return found


@SERVICE.operation("DescribeChangeSet", reads=True, resource=stack_arn)
def describe_change_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What a change set would do, a hundred changes at a time."""
    change_set = find_change_set(call, params)
    stack = records.by_id(call.tx, change_set.stack)
    assert stack is not None
    asked, data = change_set.data["params"], change_set.data
    first = decode_token(params["NextToken"], "ValidationError", kinds=(int,))[0] if params.get("NextToken") else 0
    found = data["changes"][first : first + _PAGE]
    if not params.get("IncludePropertyValues"):
        found = [{name: value for name, value in each.items() if not name.endswith("Context")} for each in found]
    hidden = data.get("hidden", ())
    members = {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": asked.get("Description"),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": "****" if name in hidden else text}
            for name, text in data["parameters"].items()
        ],
        "CreationTime": change_set.created_at_ms,
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "NotificationARNs": asked.get("NotificationARNs", []),
        "RollbackConfiguration": asked.get("RollbackConfiguration", {}),
        "Capabilities": asked.get("Capabilities", []),
        "Tags": asked.get("Tags"),
        "Changes": [{"Type": "Resource", "ResourceChange": each} for each in found],
        "NextToken": encode_token(first + _PAGE) if first + _PAGE < len(data["changes"]) else None,
        "IncludeNestedStacks": bool(asked.get("IncludeNestedStacks")),
        "OnStackFailure": asked.get("OnStackFailure"),
        "ImportExistingResources": asked.get("ImportExistingResources"),
    }
    return {name: value for name, value in members.items() if value is not None}


@SERVICE.operation("ListChangeSets", reads=True, resource=stack_arn)
def list_change_sets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The change sets of a stack that were not executed yet."""
    stack = existing(call, params["StackName"], _NO_STACK)
    found = [each for each in change_set_records.of_stack(call.tx, stack.id) if each.execution != "EXECUTE_COMPLETE"]
    return {"Summaries": [_summary(stack, each) for each in found]}


def _summary(stack: Stack, change_set: ChangeSet) -> dict[str, Any]:
    asked = change_set.data["params"]
    members = {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "CreationTime": change_set.created_at_ms,
        "Description": asked.get("Description"),
        "IncludeNestedStacks": bool(asked.get("IncludeNestedStacks")),
        "ImportExistingResources": bool(asked.get("ImportExistingResources")),
    }
    return {name: value for name, value in members.items() if value is not None}


@SERVICE.operation("DeleteChangeSet", resource=stack_arn)
def delete_change_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Forget a change set; one that is not there is forgotten already."""
    try:
        change_set = find_change_set(call, params)
    except AwsError as error:
        if error.code == "ChangeSetNotFound":
            return {}
        raise
    if change_set.execution == "EXECUTE_IN_PROGRESS":
        words = f"An operation on ChangeSet [{change_set.id}] is currently in progress."
        raise AwsError("InvalidChangeSetStatus", words)
    change_set_records.remove(call.tx, change_set.id)
    return {}


@SERVICE.operation("ExecuteChangeSet", resource=stack_arn)
def execute_change_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Do what a change set says."""
    change_set = find_change_set(call, params)
    stack = records.by_id(call.tx, change_set.stack)
    assert stack is not None
    token = params.get("ClientRequestToken", "")
    if token and stack.settings.get("token") == token and stack.settings.get("change_set") == change_set.id:
        return {}
    if change_set.execution != "AVAILABLE":
        words = f"ChangeSet [{change_set.id}] cannot be executed in its current "
        if change_set.status == "FAILED":
            raise AwsError("InvalidChangeSetStatus", f"{words}status of [{change_set.status}]")
        raise AwsError("InvalidChangeSetStatus", f"{words}execution status of [{change_set.execution}]")
    creating = stack.status == "REVIEW_IN_PROGRESS"
    if not creating:
        check_updatable(stack)
    ready = _ready(call, stack, change_set)
    changed = with_settings(call, stack, change_set.data["params"])
    changed.settings["change_set"] = change_set.id
    if params.get("RetainExceptOnCreate") is not None:
        changed.settings["retain_except_on_create"] = params["RetainExceptOnCreate"]
    mode = _failure_mode(params, change_set)
    changed.settings["disable_rollback"] = mode == "DO_NOTHING"
    change_set_records.save_execution(call.tx, change_set, "EXECUTE_COMPLETE")
    if creating:
        stack.settings = changed.settings
        begin_create(call, stack, ready, token, mode)
    else:
        begin_update(call, stack, changed.settings, ready, token, mode)
    return {}


def _failure_mode(params: dict[str, Any], change_set: ChangeSet) -> str:
    if params.get("DisableRollback"):
        return "DO_NOTHING"
    return str(change_set.data["params"].get("OnStackFailure", "ROLLBACK"))


def _ready(call: Call, stack: Stack, change_set: ChangeSet) -> Prepared:
    data, texts = change_set.data, records.template(call.tx, change_set.id)
    assert texts is not None
    pseudo = pseudo_parameters(with_settings(call, stack, data["params"]))
    made = instance(texts.processed, data["values"], pseudo)
    return Prepared(texts, data["parameters"], data["stored"], data["hidden"], data["values"], made, data["transforms"])
