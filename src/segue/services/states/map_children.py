"""The children of a Map Run, as ListExecutions shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.states import map_records
from segue.services.states.arns import checked_arn
from segue.services.states.map_records import MapRun, child_place
from segue.services.states.records import Execution


def existing_map_run(call: Call, arn: str) -> MapRun:
    """The Map Run of that ARN; ``AwsError`` where there is none."""
    run = map_records.find_by_arn(call.tx, checked_arn(arn, "mapRun"))
    if run is None:
        raise AwsError("ResourceNotFound", f"Map Run Does Not Exist: '{arn}'")
    return run


def list_children(call: Call, params: dict[str, Any], listed: Callable[[Execution], dict[str, Any]]) -> Result:
    """The children of a Map Run, the newest first; ``listed`` gives an execution's members."""
    run = existing_map_run(call, params["mapRunArn"])
    if run.kind == "EXPRESS":
        raise AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    limit = params.get("maxResults") or 100
    before = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else run.next_child
    found = map_records.children_before(call.tx, run.number, before, limit + 1, params.get("statusFilter"))
    shown = [{**listed(one), "mapRunArn": run.arn, "itemCount": child_place(one.parent)[2]} for one in found[:limit]]
    following = encode_token(child_place(found[limit - 1].parent)[1]) if len(found) > limit else None
    return {"executions": shown, "nextToken": following}
