"""Doing what a Task state asks: within this transaction where that is possible, by a job where it is not.

An integration that only reads and writes rows (a message into a queue, an item into a table) happens in the same
transaction as the state's transition: both or neither. What leaves the building (a function) is a job.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segue import jobs
from segue.api import Call
from segue.api.caller import role_caller
from segue.api.deliveries import Delivery, place, record, whither
from segue.arn import is_arn
from segue.errors import AwsError
from segue.jobs import Outbound, Pending
from segue.languages.asl import Command, CompleteTask, FailTask, ScheduleTask, TaskStarted, TaskSubmitted, json_text
from segue.services.states import mocks, records, stuck, tokens_records
from segue.services.states.arns import machine_arn_of
from segue.services.states.integrations import Integration, TaskError, resolve
from segue.services.states.integrations.optimized import function_error
from segue.wire.request import FileBody

if TYPE_CHECKING:
    from segue.languages.asl.commands import Key
    from segue.services.states.advance import Advancing

log = logging.getLogger(__name__)

_TASKS_PER_COMMIT = 32
_OUR_MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
# The most that a history's events hold (API reference, TaskFailedEventDetails): a function can say a lot more.
_ERROR_CHARACTERS = 256
_CAUSE_CHARACTERS = 32_768


@dataclass(frozen=True, slots=True)
class Request:
    """A task to be done: plain data, as it stands in its job's payload."""

    execution_arn: str
    frame: int
    generation: int
    resource_type: str
    resource_name: str
    pattern: str
    parameters: str
    role_arn: str
    region: str
    assumed_by: str = ""
    """The state machine's role, where the task is done in that of its Credentials."""

    @property
    def key(self) -> Key:
        """The task's key."""
        return (self.frame, self.generation)


def schedule(advancing: Advancing, action: ScheduleTask) -> Sequence[Command]:
    """Begin a task: the commands that its execution gets at once."""
    call, execution = advancing.call, advancing.execution
    mocked = mocks.answers(call, execution, action)
    if mocked is not None:
        return mocked
    if action.token is not None:
        tokens_records.insert(call.tx, action.token, execution.arn, action.frame, action.generation)
        stuck.watch(advancing, action)
    if action.pattern == "activity":
        tokens_records.queue_activity(call.tx, action, execution.arn)
        return ()
    role = role_of(call, (action.credentials or {}).get("roleArn"), execution.role_arn)
    request = Request(
        execution.arn,
        action.frame,
        action.generation,
        action.resource_type,
        action.resource_name,
        action.pattern,
        action.parameters_text,
        role,
        action.region,
        execution.role_arn if role != execution.role_arn else "",
    )
    started = TaskStarted(action.key)
    advancing.tasks_done += 1
    if _leaves(request) or advancing.tasks_done > _TASKS_PER_COMMIT:
        enqueue(advancing, request)
        return (started,)
    if request.resource_type in _OURS:
        advancing.keep()  # what it starts may bear this execution's own name
    done = perform(call, request, advancing.execution.trace)
    if isinstance(done, (Pending, Outbound)):
        enqueue(advancing, request)
        return (started,)
    return (started, done)


def role_of(call: Call, given: Any, own: str) -> str:
    """The role that a task is done in: its Credentials', or the state machine's.

    A role is named in many a test that nobody has made; where nobody asks for roles, a text that is no ARN at all
    stands for one that exists.
    """
    if given is None or (call.api.settings.iam != "enforce" and not is_arn(str(given))):
        return own
    return str(given)


def enqueue(advancing: Advancing, request: Request) -> None:
    """Leave a task to a job."""
    from segue.services.states.advance import task_key

    arn = advancing.execution.arn
    payload = [getattr(request, name) for name in Request.__slots__]
    trace = advancing.execution.trace
    jobs.enqueue(advancing.call.tx, "stepfunctions:task", task_key(arn, request.key), payload, trace=trace)


def perform(call: Call, request: Request, trace: str) -> Command | Pending | Outbound:
    """Perform a task's operation in this transaction.

    Returns:
        The command that its outcome is, or the operation's own "not yet" (an ``Outbound`` settles to a result of the
        operation, see :func:`outcome`).
    """
    began = place(call)
    try:
        integration, params, value = prepare(request)
        with call.tx.savepoint():
            result = _acting(call, request, trace).perform(integration.operation, params)
            if isinstance(result, (Pending, Outbound)):
                return result
            command = completed(call, request, integration, result)
    except (AwsError, TaskError) as error:
        return failed(call, request, error)
    except _OUR_MISTAKES as error:
        return failed(call, request, _told(request, error))
    record(call, _delivery(request, integration.operation, value, result), began)
    return command


def _told(request: Request, error: Exception) -> AwsError:
    """A mistake of ours fails the task, as it fails a client's call; left alone, it would be tried for ever."""
    what = f"{request.resource_type}:{request.resource_name}"
    log.error("task %s of %s failed", what, request.execution_arn, exc_info=error)
    return AwsError(
        "InternalFailure", f"Something went wrong inside Segue with {what}. Its log tells more.", status=500
    )


def prepare(request: Request) -> tuple[Integration, dict[str, Any], Any]:
    """The task's integration, its operation's input, and the state's parameters as they are."""
    value = json_text.parse(request.parameters)
    if request.pattern == "lambda":
        integration = resolve("lambda", "invoke")
        # as text: a string that happens to be JSON is the function's string all the same
        value = {"FunctionName": request.resource_name, "Payload": None if value is None else request.parameters}
    else:
        integration = resolve(request.resource_type, request.resource_name)
    params = integration.params(value)
    if integration.operation == "stepfunctions:StartExecution" and request.pattern.startswith("sync"):
        params["_parent"] = _parent(request.execution_arn, request.key, request.pattern)
    elif integration.operation == "stepfunctions:StartSyncExecution":
        params["_parent"] = f"task {_parent(request.execution_arn, request.key, request.pattern)}"
    elif request.resource_type == "events":
        _name_senders(request.execution_arn, params)
    return integration, params, value


def _name_senders(execution_arn: str, params: dict[str, Any]) -> None:
    """Events name the state machine and the execution that put them, after their own resources (recorded:
    sfn-task-events/events_task_service__put_events_base)."""
    for entry in params.get("Entries", []):
        entry["Resources"] = [*entry.get("Resources", []), machine_arn_of(execution_arn), execution_arn]


def completed(call: Call, request: Request, integration: Integration, result: dict[str, Any]) -> Command:
    """The command for an operation that succeeded; raises ``TaskError`` where its answer is a failure."""
    if request.pattern == "lambda":
        payload = (result.get("Payload") or b"").decode("utf-8", "replace")
        if result.get("FunctionError"):
            raise function_error(payload)
        return CompleteTask(request.key, payload or "null")
    value = integration.result(_at_hand(call, result), call.tx.ids.uuid(), call.now_ms)
    text = json_text.dump(value)
    if request.pattern == "request-response":
        return CompleteTask(request.key, text)
    return TaskSubmitted(request.key, text)


def _at_hand(call: Call, result: dict[str, Any]) -> dict[str, Any]:
    """The result with bodies that are on disk read, one byte further than a state's output may be long."""
    most = call.limits.execution_payload_bytes + 1
    return {
        name: call.api.blobs.read_body(value, most) if isinstance(value, FileBody) else value
        for name, value in result.items()
    }


def failed(call: Call, request: Request, error: AwsError | TaskError) -> FailTask:
    """The command for a task that failed, written down with its reason."""
    refused = isinstance(error, AwsError)
    if isinstance(error, AwsError):
        error = _task_error(call, request, error)
    what = "lambda:Invoke" if request.pattern == "lambda" else f"{request.resource_type}:{request.resource_name}"
    hop = _delivery(request, what, json_text.parse(request.parameters))
    record(call, replace(hop, status="failed", reason=f"{error.error}: {error.cause}"))
    return FailTask(
        request.key, error.error[:_ERROR_CHARACTERS], error.cause[:_CAUSE_CHARACTERS], at_submission=refused
    )


def outcome(call: Call, request: Request, integration: Integration, outbound: Outbound, effect: Any) -> Command:
    """The command for what an effect came to."""
    try:
        result = outbound.settle(_acting(call, request, call.trace), effect)
        command = completed(call, request, integration, result)
    except (AwsError, TaskError) as error:
        return failed(call, request, error)
    except _OUR_MISTAKES as error:
        return failed(call, request, _told(request, error))
    value = json_text.parse(request.parameters)
    record(call, _delivery(request, integration.operation, value, result))
    return command


def call_off(call: Call, execution_arn: str, key: Key) -> None:
    """A task is no longer wanted: nobody is to fetch it, and the execution that a ``.sync`` task began is to stop."""
    tokens_records.drop_activity_task(call.tx, execution_arn, key)
    for pattern in _SYNC:
        child = records.find_by_parent(call.tx, _parent(execution_arn, key, pattern))
        if child is not None and child.status == "RUNNING":
            jobs.enqueue(call.tx, "stepfunctions:stop", child.arn, child.arn, trace=child.trace)


_OURS = ("states", "aws-sdk:sfn")
_SYNC = ("sync", "sync:2")


def _parent(execution_arn: str, key: Key, pattern: str) -> str:
    return f"{execution_arn}/{key[0]}.{key[1]}/{pattern}"


def _leaves(request: Request) -> bool:
    """Whether a job is to do the task: a function is invoked outside, and an execution is not to be stopped, answered
    or looked at, perhaps by itself, in the middle of a transaction that changes one; starting one only adds rows.
    """
    if request.pattern == "lambda" or request.resource_type in ("lambda", "aws-sdk:lambda", "http"):
        return True
    return request.resource_type in _OURS and request.resource_name.partition(".")[0] != "startExecution"


def _task_error(call: Call, request: Request, error: AwsError) -> TaskError:
    if error.status == 501:
        return TaskError("States.Runtime", error.message)
    kind = "lambda" if request.pattern == "lambda" else request.resource_type
    return resolve(kind, "invoke" if kind == "lambda" else request.resource_name).error(error, call.tx.ids.uuid())


def _acting(call: Call, request: Request, trace: str) -> Call:
    session = request.execution_arn.rsplit(":", 1)[-1][:64]
    if not is_arn(request.role_arn):
        raise TaskError("States.Runtime", f"The role '{request.role_arn}' is not an ARN.")
    if request.assumed_by:
        _assume(call, request, session)
    return call.as_caller(role_caller(request.role_arn, session, request.region), trace)


def _assume(call: Call, request: Request, session: str) -> None:
    """The state machine's role must be allowed to assume the one of the task's Credentials, which must trust it.

    Source: developer guide, "Accessing resources in other AWS accounts"; the external id is the state machine.
    """
    machine = machine_arn_of(request.execution_arn)
    own = role_caller(request.assumed_by, session, request.region)
    try:
        params = {"RoleArn": request.role_arn, "ExternalId": machine}
        call.as_caller(own).perform("sts:MayAssumeRole", params)
    except AwsError as error:
        raise TaskError("States.Permissions", error.message) from None


def _delivery(request: Request, operation: str, value: Any, result: Any = None) -> Delivery:
    target, subject = whither(value, result, request.region)
    if request.pattern == "lambda":
        target = request.resource_name
    return Delivery(request.execution_arn, target or operation, operation, subject=subject)
