"""Stacks within stacks: ``AWS::CloudFormation::Stack``.

A nested stack is a stack like any other, on the authority of the one it is nested in, which waits until it is done.
Source: CloudFormation user guide, "Embed stacks within other stacks"; reasons as AWS words them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from segue import jobs
from segue.api import Call
from segue.api.resource_types import Resource, ResourceRequest, ResourceType
from segue.api.serverless_effect import SERVERLESS, ServerlessAnswer
from segue.errors import AwsError
from segue.jobs import Job, Outbound, Pending
from segue.services.cloudformation import phases, records
from segue.services.cloudformation.changes import has_changes
from segue.services.cloudformation.events import become
from segue.services.cloudformation.operations import before_template, new_operation, stack_key
from segue.services.cloudformation.prepare import Given, Prepared, after_translation, prepare
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.service import SERVICE, STACK_TYPE
from segue.services.cloudformation.sources import text_at
from segue.services.cloudformation.stacks import begin_create, begin_update, new_stack, remove_stack
from segue.services.cloudformation.validation import check_types
from segue.services.cloudformation.words import HandlerSays

T = TypeVar("T")

_DEEPEST = 10
_FAR_MS = 365 * 86_400_000
PREPARE_JOB = "cloudformation:prepare"


def _create(request: ResourceRequest) -> Resource | Pending:
    if "physical_id" not in request.progress:
        request.progress["physical_id"] = _begin(request)
    stack = _child(request, request.progress["physical_id"])
    if stack.busy:
        return _wait(request, stack)
    if stack.status != "CREATE_COMPLETE":
        raise HandlerSays(f"Embedded stack {stack.id} was not successfully created: {stack.reason}")
    return _resource(stack)


def _update(request: ResourceRequest) -> Resource | Pending:
    stack = _child(request, request.physical_id)
    restoring = _parent(request).status == "UPDATE_ROLLBACK_IN_PROGRESS"
    if stack.busy:
        if restoring and stack.status == "UPDATE_IN_PROGRESS":
            phases.fail(request.call, stack, "Resource update cancelled")
        return _wait(request, stack)
    if not request.progress.get("begun"):
        request.progress["begun"] = True
        if _begin_update(request, stack, restoring=restoring):
            return _wait(request, stack)
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and not restoring:
        raise HandlerSays(f"Embedded stack {stack.id} was not successfully updated: {_why(stack)}")
    return _resource(stack)


def _delete(request: ResourceRequest) -> Pending | None:
    stack = records.by_id(request.call.tx, request.physical_id)
    if stack is None or stack.deleted_at_ms is not None:
        return None
    if not request.progress.get("begun"):
        request.progress["begun"] = True
        remove_stack(request.call, stack)
        records.drop_template(request.call.tx, _restorable(stack))
        if stack.status == "DELETE_COMPLETE":
            return None
    if stack.busy:
        return _wait(request, stack)
    raise HandlerSays(f"Embedded stack {stack.id} was not successfully deleted: {stack.reason}")


def _wait(request: ResourceRequest, stack: Stack) -> Pending:
    return Pending((stack_key(stack.id),), request.call.now_ms + _FAR_MS)


def _child(request: ResourceRequest, stack_id: str) -> Stack:
    stack = records.by_id(request.call.tx, stack_id)
    if stack is None or stack.deleted_at_ms is not None:
        raise HandlerSays(f"Stack [{stack_id}] does not exist")
    return stack


def _parent(request: ResourceRequest) -> Stack:
    parent = records.by_id(request.call.tx, request.stack_id)
    assert parent is not None
    return parent


def _resource(stack: Stack) -> Resource:
    outputs = {f"Outputs.{each['key']}": each["value"] for each in stack.settings.get("outputs", ())}
    return Resource(stack.id, outputs)


def _why(stack: Stack) -> str:
    return str(stack.settings.get("failure", "")) or stack.reason


def _given(properties: dict[str, Any]) -> Given:
    texts = {}
    for name, value in (properties.get("Parameters") or {}).items():
        texts[name] = ",".join(map(str, value)) if isinstance(value, list) else _text(value)
    return Given(texts, frozenset())


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _text_at(request: ResourceRequest) -> str:
    url = request.properties.get("TemplateURL")
    if not isinstance(url, str):
        raise HandlerSays("Property TemplateURL cannot be empty.")
    return _said(lambda: text_at(request.call, url))


def _said(do: Callable[[], T]) -> T:
    """Do something; what is wrong with it is said in its own words, as it is this service's own."""
    try:
        return do()
    except AwsError as error:
        raise HandlerSays(error.message) from None


def _begin(request: ResourceRequest) -> str:
    """Let a nested stack begin; its ARN."""
    parent, call, properties = _parent(request), request.call, request.properties
    _check_depth(call, parent)
    text = _text_at(request)
    asked = {
        "NotificationARNs": properties.get("NotificationARNs"),
        "TimeoutInMinutes": properties.get("TimeoutInMinutes"),
    }
    stack = _said(lambda: new_stack(call, request.name("", 128), asked, parent))
    _inherit(stack, parent, request)
    mode = "DO_NOTHING" if (parent.operation or {}).get("on_failure") == "DO_NOTHING" else "STOP"
    ready = _said(lambda: prepare(call, stack, text, _given(properties)))
    if isinstance(ready, Prepared):
        _said(lambda: check_types(call, ready))
        records.insert(call.tx, stack)
        begin_create(call, stack, ready, "", mode)
    else:
        stack.operation = new_operation(call, "CREATE", "prepare", on_failure=mode)
        records.insert(call.tx, stack)
        become(call, stack, "CREATE_IN_PROGRESS", "User Initiated")
        _prepare_later(call, stack, text, request)
    return stack.id


def _check_depth(call: Call, parent: Stack) -> None:
    depth, above = 1, parent
    while above.parent and depth <= _DEEPEST:
        found = records.by_id(call.tx, above.parent)
        if found is None:
            break
        depth, above = depth + 1, found
    if depth > _DEEPEST:
        raise HandlerSays(f"Stacks may be nested {_DEEPEST} deep in Segue, no deeper.")


def _inherit(stack: Stack, parent: Stack, request: ResourceRequest) -> None:
    settings = stack.settings
    settings["tags"] = {name: value for name, value in request.all_tags().items() if not name.startswith("aws:")}
    for name in ("caller", "role_arn", "capabilities"):
        if parent.settings.get(name) is not None:
            settings[name] = parent.settings[name]


def _prepare_later(call: Call, stack: Stack, text: str, request: ResourceRequest) -> None:
    payload = {"text": text, "parameters": dict(_given(request.properties).texts), "settings": stack.settings}
    jobs.enqueue(call.tx, PREPARE_JOB, stack.id, payload, trace=call.trace)


@SERVICE.job("prepare")
def run_prepare(call: Call, job: Job) -> Outbound | None:
    """Have a nested serverless template translated, then deploy it."""
    stack = records.by_id(call.tx, job.key)
    if stack is None or stack.operation is None or stack.operation["phase"] != "prepare":
        return None
    text, wanted, settings = job.payload["text"], Given(job.payload["parameters"], frozenset()), job.payload["settings"]
    wanted_stack = Stack(stack.id, stack.number, stack.scope, stack.name, "", "", 0, settings=settings)
    try:
        found = prepare(call, wanted_stack, text, wanted)
    except AwsError as error:
        phases.fail(call, stack, error.message)
        return None
    if isinstance(found, Prepared):
        _go_on(call, stack, settings, found)
        return None

    def settle(later: Call, answer: ServerlessAnswer) -> None:
        again = records.by_id(later.tx, job.key)
        if again is None or again.operation is None or again.operation["phase"] != "prepare":
            return
        try:
            ready = after_translation(later, wanted_stack, text, wanted, answer)
            check_types(later, ready)
        except AwsError as error:
            phases.fail(later, again, error.message)
        else:
            _go_on(later, again, settings, ready)

    return Outbound(SERVERLESS, found, settle)


def _go_on(call: Call, stack: Stack, settings: dict[str, Any], ready: Prepared) -> None:
    assert stack.operation is not None
    if stack.operation["kind"] == "CREATE":
        begin_create(call, stack, ready, "", stack.operation["on_failure"], told=True)
    else:
        begin_update(call, stack, settings, ready, "", "ROLLBACK", told=True)


def _begin_update(request: ResourceRequest, stack: Stack, *, restoring: bool) -> bool:
    """Let a nested stack change; whether there is anything to change."""
    call, parent = request.call, _parent(request)
    kept = records.template(call.tx, _restorable(stack)) if restoring else None
    text = _text_at(request) if kept is None else kept.original
    changed = Stack(stack.id, stack.number, stack.scope, stack.name, stack.status, stack.reason, stack.created_at_ms)
    changed.settings = {**stack.settings}
    _inherit(changed, parent, request)
    ready = _said(lambda: prepare(call, changed, text, _given(request.properties)))
    now = records.template(call.tx, stack.id)
    if now is not None and not restoring:
        records.keep_template(call.tx, _restorable(stack), now)
    if not isinstance(ready, Prepared):
        stack.operation = new_operation(call, "UPDATE", "prepare", on_failure="ROLLBACK")
        become(call, stack, "UPDATE_IN_PROGRESS", "User Initiated")
        _prepare_later(call, changed, text, request)
        return True
    if not has_changes(call, stack, changed, ready):
        return False
    _said(lambda: check_types(call, ready))
    begin_update(call, stack, changed.settings, ready, "", "ROLLBACK")
    return True


def _restorable(stack: Stack) -> str:
    """Whose a nested stack's template is, until what it is nested in has changed as a whole."""
    return f"{before_template(stack)}#parent"


SERVICE.resource_type(ResourceType(STACK_TYPE, _create, _delete, _update, always_updates=True))
