"""Pipes: made, changed, started, stopped, shown.

States change at once: an answer tells that a pipe is on its way (``CREATING``), the next look that it is there.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.errors import AwsError
from segue.services.pipes import queue_source, records, stream_source
from segue.services.pipes.authority import as_role
from segue.services.pipes.checks import check, with_defaults
from segue.services.pipes.records import Pipe
from segue.services.pipes.service import SERVICE, conflict, missing, pipe_arn, scope_of

_PAGE = 100
_MEMBERS = (
    "Description",
    "Source",
    "SourceParameters",
    "Enrichment",
    "EnrichmentParameters",
    "Target",
    "TargetParameters",
    "RoleArn",
    "LogConfiguration",
    "KmsKeyIdentifier",
)


@SERVICE.operation("CreatePipe", resource=pipe_arn)
def create_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new pipe; one whose source cannot be read is there, as ``CREATE_FAILED``."""
    arn = pipe_arn(call, params)
    if records.find_pipe(call.tx, arn) is not None:
        raise conflict(params["Name"], f"Pipe {params['Name']} already exists.")
    document = with_defaults({name: params[name] for name in _MEMBERS if name in params})
    desired = params.get("DesiredState", "RUNNING")
    pipe = Pipe(arn, params["Name"], desired, desired, "", document, call.now_ms, call.now_ms)
    check(pipe)
    add_tags(call.tx, arn, params.get("Tags", {}))
    return _changed(call, pipe, "CREATING", "CREATE_FAILED")


@SERVICE.operation("UpdatePipe", resource=pipe_arn)
def update_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of a pipe; parameters of its parts are replaced as a whole."""
    known = _existing(call, params)
    document = {**known.document, **{name: params[name] for name in _MEMBERS if name in params}}
    if "SourceParameters" in params:
        kept = {
            name: known.source_parameters[name] for name in ("StartingPosition",) if name in known.source_parameters
        }
        document["SourceParameters"] = {**known.document["SourceParameters"], **params["SourceParameters"]}
        if kept:
            name = "DynamoDBStreamParameters"
            document["SourceParameters"][name] = {**document["SourceParameters"].get(name, {}), **kept}
    desired = params.get("DesiredState", known.desired_state)
    pipe = known._replace(document=with_defaults(document), desired_state=desired, current_state=desired)
    check(pipe)
    _stop(call, known)
    return _changed(call, pipe, "UPDATING", "UPDATE_FAILED")


@SERVICE.operation("StartPipe", resource=pipe_arn)
def start_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a pipe run."""
    pipe = _existing(call, params)
    return _changed(call, pipe._replace(desired_state="RUNNING", current_state="RUNNING"), "STARTING", "START_FAILED")


@SERVICE.operation("StopPipe", resource=pipe_arn)
def stop_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a pipe rest: batches that are under way go on to their end."""
    pipe = _existing(call, params)
    _stop(call, pipe)
    return _changed(call, pipe._replace(desired_state="STOPPED", current_state="STOPPED"), "STOPPING", "STOP_FAILED")


@SERVICE.operation("DeletePipe", resource=pipe_arn)
def delete_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a pipe."""
    pipe = _existing(call, params)
    _stop(call, pipe, for_good=True)
    records.delete_pipe(call.tx, pipe.arn)
    drop_tags(call.tx, pipe.arn)
    return {**_told(pipe), "DesiredState": "DELETED", "CurrentState": "DELETING", "LastModifiedTime": call.now_ms}


def _changed(call: Call, pipe: Pipe, moving: str, failed: str) -> dict[str, Any]:
    """Keep a pipe and have it run, if it is to; the answer."""
    pipe = pipe._replace(modified_at_ms=call.now_ms, reason="")
    try:
        with call.tx.savepoint():
            _start(call, pipe)
    except AwsError as error:
        pipe = pipe._replace(current_state=failed, reason=f"{error.code}: {error.message}")
    records.save_pipe(call.tx, scope_of(call), pipe)
    return {**_told(pipe), "CurrentState": moving}


def _start(call: Call, pipe: Pipe) -> None:
    if pipe.reads_stream:
        stream_source.check(as_role(call, pipe), pipe)
    else:
        queue_source.check(as_role(call, pipe), pipe)
    if pipe.current_state == "RUNNING":
        (stream_source if pipe.reads_stream else queue_source).start(call, pipe)


def _stop(call: Call, pipe: Pipe, *, for_good: bool = False) -> None:
    (stream_source if pipe.reads_stream else queue_source).stop(call, pipe, for_good=for_good)


@SERVICE.operation("DescribePipe", reads=True, resource=pipe_arn)
def describe_pipe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A pipe."""
    pipe = _existing(call, params)
    return {**pipe.document, **_told(pipe), **_reason(pipe), "Tags": tags_of(call.tx, pipe.arn)}


@SERVICE.operation("ListPipes", reads=True)
def list_pipes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Pipes, by name."""
    limit = params.get("Limit", _PAGE)
    after = str(decode_token(params["NextToken"], "ValidationException")[0]) if params.get("NextToken") else ""
    found: list[Pipe] = []
    while len(found) <= limit:
        piece = records.list_pipes(call.tx, scope_of(call), params.get("NamePrefix", ""), after, _PAGE)
        found += [pipe for pipe in piece if _is_wanted(pipe, params)]
        if len(piece) < _PAGE:
            break
        after = piece[-1].name
    answer: dict[str, Any] = {"Pipes": [_summary(pipe) for pipe in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].name)
    return answer


def _is_wanted(pipe: Pipe, params: dict[str, Any]) -> bool:
    return (
        params.get("DesiredState", pipe.desired_state) == pipe.desired_state
        and params.get("CurrentState", pipe.current_state) == pipe.current_state
        and pipe.source.startswith(params.get("SourcePrefix", ""))
        and str(pipe.target).startswith(params.get("TargetPrefix", ""))
    )


def _existing(call: Call, params: dict[str, Any]) -> Pipe:
    found = records.find_pipe(call.tx, pipe_arn(call, params))
    if found is None:
        raise missing(params["Name"])
    return found


def _told(pipe: Pipe) -> dict[str, Any]:
    return {
        "Arn": pipe.arn,
        "Name": pipe.name,
        "DesiredState": pipe.desired_state,
        "CurrentState": pipe.current_state,
        "CreationTime": pipe.created_at_ms,
        "LastModifiedTime": pipe.modified_at_ms,
    }


def _reason(pipe: Pipe) -> dict[str, Any]:
    return {"StateReason": pipe.reason} if pipe.reason else {}


def _summary(pipe: Pipe) -> dict[str, Any]:
    parts = {name: pipe.document[name] for name in ("Source", "Enrichment", "Target") if pipe.document.get(name)}
    return {**_told(pipe), **_reason(pipe), **parts}
