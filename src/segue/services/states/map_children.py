"""The children of a Map Run, as ListExecutions shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.states import map_records, records
from segue.services.states.arns import checked_arn
from segue.services.states.map_records import MapRun, child_place
from segue.services.states.records import Execution


def existing_map_run(call: Call, arn: str) -> MapRun:
    """The Map Run of that ARN; ``AwsError`` where there is none."""
    run = map_records.find_by_arn(call.tx, checked_arn(arn, "mapRun"))
    if run is None:
        raise AwsError("ResourceNotFound", f"Map Run Does Not Exist: '{arn}'")
    return run


def express_child(call: Call, arn: str) -> Execution | None:
    """The Express execution of that ARN if a Map Run started it: only such ones can be described."""
    child = records.find_execution(call.tx, arn) if ":express:" in arn else None
    return child if child is not None and child.parent.startswith("map/") else None


def list_children(call: Call, params: dict[str, Any], listed: Callable[[Execution], dict[str, Any]]) -> Result:
    """The children of a Map Run, the newest first; ``listed`` gives an execution's members."""
    run = existing_map_run(call, params["mapRunArn"])
    limit = params.get("maxResults") or 100
    before = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else run.next_child
    status = params.get("statusFilter")
    redriven = params["redriveFilter"] == "REDRIVEN" if "redriveFilter" in params else None
    first = 0 if status is None and redriven is None else max(0, before - map_records.LOOKED_AT)
    if status == _PENDING:
        found, first = _pending(call, run, before, limit + 1), 0
    else:
        found = map_records.children_before(call.tx, run.number, before, limit + 1, status, redriven, first)
    shown = [_shown(run, one, listed(one)) for one in found[:limit]]
    following = child_place(found[limit - 1].parent)[1] if len(found) > limit else first
    return {"executions": shown, "nextToken": encode_token(following) if following else None}


_PENDING = "PENDING_REDRIVE"
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


def _pending(call: Call, run: MapRun, before: int, limit: int) -> list[Execution]:
    """Children that wait to be redriven, the last first."""
    if run.phase != "redriving":
        return []
    found = map_records.children(call.tx, run.number, run.cursor, run.to_redrive + 1, _UNSUCCESSFUL)
    return [one for one in reversed(found) if child_place(one.parent)[1] < before][:limit]


def _shown(run: MapRun, child: Execution, members: dict[str, Any]) -> dict[str, Any]:
    _, place, items = child_place(child.parent)
    waits = run.phase == "redriving" and place >= run.cursor and child.status in _UNSUCCESSFUL
    return {
        **members,
        "status": _PENDING if waits else child.status,
        "mapRunArn": run.arn,
        "itemCount": items,
    }
