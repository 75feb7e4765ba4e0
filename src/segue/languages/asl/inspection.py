"""TestState's ``inspectionData``: which fields of a state are shown, and as what.

Sources: API reference, InspectionData; conformance cases sfn-teststate/*_DEBUG*, *_TRACE*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from segue.languages.asl import json_text
from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.frames import Branch
from segue.languages.asl.item_formats import format_reader
from segue.languages.asl.map_plan import ItemInputs, MapPlan
from segue.languages.asl.map_state import MapState
from segue.languages.asl.plain_states import PassState
from segue.languages.asl.retry import Catcher, Failure, Retrier
from segue.languages.asl.run import Run
from segue.languages.asl.state import State
from segue.languages.asl.transitions import MAX_PAYLOAD_BYTES

Notes = dict[str, Any]
"""What the evaluation of a state's fields has written: see ``Scope.notes``."""

_FIELDS: dict[str, tuple[str, ...]] = {
    "Pass": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Task": ("afterInputPath", "afterParameters", "result", "afterResultSelector", "afterResultPath"),
    "Parallel": ("afterResultSelector", "afterResultPath"),
    "Map": (
        "afterInputPath",
        "afterItemsPath",
        "afterItemSelector",
        "afterItemBatcher",
        "afterItemsPointer",
        "afterResultSelector",
        "afterResultPath",
    ),
}
_JSONATA_FIELDS: dict[str, tuple[str, ...]] = {
    "Task": ("afterArguments", "result"),
    "Map": ("afterItemSelector", "afterItemBatcher", "afterItemsPointer"),
}
_OTHER_FIELDS = ("afterInputPath",)
_PASS_WITH_RESULT = ("result", "afterResultSelector", "afterResultPath")
_NUMBERS = ("toleratedFailureCount", "toleratedFailurePercentage", "maxConcurrency")
_LEFT_OUT = object()
_MOST_INPUTS = 5_000
_SPACED = json.JSONEncoder(ensure_ascii=False, check_circular=False)


def shown(state: State, notes: Notes, input: Any, input_text: str, output_text: str | None) -> dict[str, Any]:
    """The members that show fields; ``output_text`` is None for a state that has not succeeded."""
    seen = _with_untouched(state.type, notes, input, output_text)
    members: dict[str, Any] = {"input": input_text}
    for name in _shown_fields(state):
        value = seen.get(name, _LEFT_OUT)
        if value is not _LEFT_OUT:
            # As AWS writes what it has taken apart: with a space after each comma (sfn-teststate/*_map_*).
            members[name] = input_text if value is input else _SPACED.encode(value)
    if state.type == "Map":
        members.update({name: seen[name] for name in _NUMBERS if seen.get(name) is not None})
    return members


def _shown_fields(state: State) -> tuple[str, ...]:
    if state.is_jsonata:
        return _JSONATA_FIELDS.get(state.type, ())
    if state.type == "Pass" and cast(PassState, state).has_result:
        return _PASS_WITH_RESULT
    return _FIELDS.get(state.type, _OTHER_FIELDS)


def _with_untouched(type: str, notes: Notes, input: Any, output_text: str | None) -> Notes:
    """The notes, with those of fields that are left out: a state without any takes a short way that writes none."""
    seen = dict(notes)
    if type in ("Succeed", "Fail", "Pass"):
        seen.setdefault("afterInputPath", input)
        seen.setdefault("afterParameters", input)
    if output_text is not None and "afterResultSelector" not in seen:
        seen["afterResultSelector"] = seen["afterResultPath"] = json_text.parse(output_text)
    if type == "Pass" and "afterResultSelector" in seen:
        seen["result"] = seen["afterResultSelector"]
    return seen


def error_details(state: State, failure: Failure, is_caught: bool, delay_ms: int | None) -> dict[str, int]:
    """Which Retrier and which Catcher a failure came to; ``delay_ms`` until the next attempt, if there is one."""
    details: dict[str, int] = {}
    if failure.is_fatal:
        return details
    catcher = _first(state.catchers, failure) if is_caught else None
    if catcher is not None:
        details["catchIndex"] = catcher
    retrier = _first(state.retriers, failure)
    if retrier is not None:
        details["retryIndex"] = retrier
    if delay_ms is not None:
        details["retryBackoffIntervalSeconds"] = delay_ms // 1000
    return details


def _first(handlers: Sequence[Retrier | Catcher], failure: Failure) -> int | None:
    return next((index for index, one in enumerate(handlers) if failure.matches(one.errors)), None)


def items_read(plan: MapPlan | None, data: str, notes: Notes) -> list[Any] | None:
    """The items that a Map's ItemReader finds in the data; None when it has none.

    Raises:
        FormatError: they are not in the format that it reads.
    """
    if plan is None or plan.reader is None:
        return None
    texts = format_reader(plan.reader.config)(data.encode(), {}, True).items
    items = [json_text.parse(text) for text in texts[: plan.reader.max_items or None]]
    if "ItemsPointer" in plan.reader.config:
        notes["afterItemsPointer"] = items
    return items


def note_inputs(run: Run, branch: Branch, state: State, plan: MapPlan | None, items: list[Any], notes: Notes) -> None:
    """Note the inputs of a Map's iterations, unless they are more than an answer may hold.

    Raises:
        StatesError: an ItemSelector fails.
    """
    if len(items) > _MOST_INPUTS:
        return
    if isinstance(state, MapState):
        if state.selector is not None:
            notes["afterItemSelector"] = _bounded(state.selected(run, branch, *one) for one in enumerate(items))
    elif isinstance(state, DistributedMapState) and plan is not None:
        maker = ItemInputs(run.program, plan)
        texts = [json_text.dump(item) for item in items]
        if state.selector is not None:
            notes["afterItemSelector"] = _bounded(json_text.parse(maker.item(*one)) for one in enumerate(texts))
        if plan.batcher is not None:
            batches = maker.children(texts, 0, len(texts), is_all=True)
            notes["afterItemBatcher"] = _bounded(json_text.parse(batch.text) for batch in batches)


def _bounded(inputs: Iterator[Any]) -> Any:
    found, size = [], 0
    for value in inputs:
        found.append(value)
        size += len(json_text.dump(value)) + 1
        if size > MAX_PAYLOAD_BYTES:
            return _LEFT_OUT
    return found
