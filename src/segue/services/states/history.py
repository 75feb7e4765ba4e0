"""GetExecutionHistory: the events of an execution, as they were kept."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.services.states import chunks, records
from segue.services.states.executions import existing_execution
from segue.services.states.service import SERVICE

_DATA = ("input", "inputDetails", "output", "outputDetails", "parameters")
"""What is left out without execution data: as in the logs (sfn-logs/*_ALL_False), where errors and causes stay."""


@SERVICE.operation("GetExecutionHistory", reads=True, resource=lambda _, params: str(params["executionArn"]))
def get_execution_history(call: Call, params: dict[str, Any]) -> Result:
    execution = existing_execution(call, params["executionArn"])
    limit = params.get("maxResults") or 100
    backwards = params.get("reverseOrder", False)
    last = records.last_event(call.tx, execution.number)
    if "nextToken" in params:
        first_wanted = int(decode_token(params["nextToken"], kinds=(int,))[0])
    else:
        first_wanted = last if backwards else 1
    bounds = (max(1, first_wanted - limit + 1), first_wanted) if backwards else (first_wanted, first_wanted + limit - 1)
    packed = records.event_chunks(call.tx, execution.number, *bounds)
    events = [
        event.to_api()
        for chunk in packed
        for event in chunks.unpack_events(chunk)
        if bounds[0] <= event.id <= bounds[1]
    ]
    if backwards:
        events.reverse()
    if not params.get("includeExecutionData", True):
        events = [_without_data(event) for event in events]
    more = bounds[0] > 1 if backwards else bounds[1] < last
    following = bounds[0] - 1 if backwards else bounds[1] + 1
    return {"events": events, "nextToken": encode_token(following) if more else None}


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: part for key, part in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }
