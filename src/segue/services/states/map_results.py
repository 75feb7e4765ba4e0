"""What becomes of a Map Run's results: the state's result, or files in a bucket."""

from __future__ import annotations

from typing import NamedTuple

from segue.api import Call
from segue.languages.asl.map_plan import MapPlan
from segue.services.states import map_records
from segue.services.states.map_records import MapRun

_OUTPUTS_AT_ONCE = 1_000
_MAX_RESULT_BYTES = 262_144


class Results(NamedTuple):
    """The state's result, and how many children's and items' results were written elsewhere."""

    text: str
    written: int
    items_written: int


class WritingFailed(NamedTuple):
    """The results cannot be kept."""

    error: str
    cause: str


def write_some(call: Call, run: MapRun, plan: MapPlan) -> MapRun | Results | WritingFailed:
    """Write the next piece of the results: the run as far as it came, or the end."""
    return _gathered(call, run, plan)


def _gathered(call: Call, run: MapRun, plan: MapPlan) -> Results | WritingFailed:
    """The outputs of the children that succeeded, in the order of their items."""
    parts: list[str] = []
    size = at = 0
    while found := map_records.outputs(call.tx, run.number, at, _OUTPUTS_AT_ONCE):
        for place, output in found:
            size += len(output) + 1
            if size > _MAX_RESULT_BYTES:
                return too_large(plan)
            parts.append(output)
            at = place + 1
    return Results(f"[{','.join(parts)}]", 0, 0)


def too_large(plan: MapPlan) -> WritingFailed:
    """There is more of it than a state may return."""
    what = "a result with a size exceeding the maximum number of bytes service limit"
    return WritingFailed("States.DataLimitExceeded", f"The state/task '{plan.state}' returned {what}.")
