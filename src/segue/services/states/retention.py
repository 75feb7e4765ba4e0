"""How long ended executions are kept."""

from __future__ import annotations

from segue.api import Call
from segue.services.states import map_dispatch, records
from segue.services.states.service import SERVICE

KEPT_MS = {"STANDARD": 90 * 86_400_000, "EXPRESS": 3_600_000}
"""Standard executions are known for 90 days after their end (developer guide, "Quotas related to state machine
executions"). Of an Express execution only an answer that nobody has fetched is left.
"""

CHILDREN_KEPT_MS = 86_400_000
"""Express children of a Map Run that succeeded can be listed and described for a day: there may be very many. Those of
one that did not are kept with it, to be redriven.
"""

_PIECE = 200


def forget_executions(call: Call) -> bool:
    """Forget a piece of the executions that ended long ago; whether there is more of them."""
    more = False
    for kind, kept_ms in KEPT_MS.items():
        ended = records.ended_before(call.tx, kind, call.now_ms - kept_ms, _PIECE)
        for arn, number in ended:
            map_dispatch.forget(call, arn)
            records.forget_execution(call.tx, arn, number)
        more = more or len(ended) == _PIECE
    return map_dispatch.forget_old_children(call, call.now_ms - CHILDREN_KEPT_MS) or more


SERVICE.housekeeping.append(forget_executions)
