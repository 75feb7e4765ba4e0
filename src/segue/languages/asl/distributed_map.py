"""Map, distributed: its children are executions of their own, and a Map Run takes care of them."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.commands import RedriveMapRun, StartMapRun
from segue.languages.asl.context import context_object
from segue.languages.asl.flow import Read
from segue.languages.asl.frames import MAPPING, RUNNING, Branch, Held
from segue.languages.asl.history import failure_details
from segue.languages.asl.items import compile_items
from segue.languages.asl.joins import dumped
from segue.languages.asl.map_plan import Batcher, MapPlan, Reader, Writer
from segue.languages.asl.numbers import compile_float, compile_integer
from segue.languages.asl.payloads import compile_payload
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope
from segue.languages.asl.state import State
from segue.languages.asl.transitions import TooLong, fail, is_too_long, leave

MAX_CONCURRENCY = 10_000
"""Children of a Map Run that run at once at most (developer guide, "Map state processing modes")."""


class DistributedMapState(State):
    """Map in DISTRIBUTED mode.

    Attributes:
        selector: ItemSelector, or Parameters, its older name.
        definition_text: the children's definition. They see no variables of their parent.
    """

    counts_retries = True

    def __init__(self, name: str, spec: dict[str, Any], level: int, definition: dict[str, Any]) -> None:
        super().__init__(name, {key: value for key, value in spec.items() if key != "Parameters"})
        self.look_for_uses(spec)
        self._level = level
        config = definition.get("ProcessorConfig", {})
        self._kind: str = config.get("ExecutionType", "STANDARD")
        self.definition_text = json.dumps({k: v for k, v in definition.items() if k != "ProcessorConfig"})
        self._label: str | None = spec.get("Label")
        self._items = compile_items(spec, self.is_jsonata)
        self.selector = compile_payload(spec, "ItemSelector", self.is_jsonata) or compile_payload(
            spec, "Parameters", self.is_jsonata
        )
        self._concurrency = compile_integer(spec, "MaxConcurrency", 0)
        self._tolerated_count = compile_integer(spec, "ToleratedFailureCount", None)
        self._tolerated_percentage = compile_float(spec, "ToleratedFailurePercentage", None)
        self._reader = _ReaderField(spec["ItemReader"], self.is_jsonata) if "ItemReader" in spec else None
        self._batcher = _BatcherField(spec["ItemBatcher"], self.is_jsonata) if "ItemBatcher" in spec else None
        self._writer = _WriterField(spec["ResultWriter"], self.is_jsonata) if "ResultWriter" in spec else None

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        effective = self.flow.effective(scope)
        items = None if self._reader else self._items(scope)
        length = 0 if items is None else len(items)
        branch.previous = run.emit(branch.previous, "MapStateStarted", {"length": length})
        branch.generation += 1
        plan = self._plan(run, branch, scope, effective, items)
        if scope.notes is not None:
            self._note(scope, scope.notes, items, plan)
        held = Held(run.next_frame_id(), branch.id, -1, json_text.dump({"arn": plan.arn, "redrives": 0}))
        run.add(held)
        branch.join = held.id
        branch.phase = MAPPING
        branch.previous = run.emit(branch.previous, "MapRunStarted", {"mapRunArn": plan.arn})
        run.actions.append(StartMapRun(branch.id, branch.generation, plan, self.definition_text))

    def _note(self, scope: Scope, notes: dict[str, Any], items: list[Any] | None, plan: MapPlan) -> None:
        if items is not None:
            notes["afterItemsPath"] = items
        notes["maxConcurrency"] = self._concurrency(scope)
        notes["toleratedFailureCount"] = plan.tolerated_count
        notes["toleratedFailurePercentage"] = plan.tolerated_percentage

    def _plan(self, run: Run, branch: Branch, scope: Scope, effective: Any, items: list[Any] | None) -> MapPlan:
        machine = run.meta.state_machine_id.split(":")
        machine_name = machine[6].partition("/")[0]
        label = self._label or str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{run.meta.state_machine_id}/{self._level}/{self.name}")
        )
        chance = random.Random(f"{run.meta.seed}/{branch.id}/{branch.generation}/map run")
        run_id = uuid.UUID(int=chance.getrandbits(128), version=4)
        window = self._concurrency(scope) or MAX_CONCURRENCY
        return MapPlan(
            arn=f"{':'.join(machine[:5])}:mapRun:{machine_name}/{label}:{run_id}",
            label=label,
            level=self._level,
            state=self.name,
            kind=self._kind,
            window=min(window, MAX_CONCURRENCY),
            tolerated_count=self._tolerated_count(scope),
            tolerated_percentage=self._tolerated_percentage(scope),
            seed=run.meta.seed,
            input_text=dumped(effective, branch),
            context_text=json_text.dump(context_object(run, branch, self)) if self.uses_context else "{}",
            variables_text=json_text.dump(dict(scope.variables)),
            items_text=None if items is None else dumped(items, branch),
            reader=self._reader(scope) if self._reader else None,
            batcher=self._batcher(scope) if self._batcher else None,
            writer=self._writer(scope) if self._writer else None,
            entered_ms=run.now_ms,
        )

    # What becomes of the Map Run

    def completed(self, run: Run, branch: Branch, output_text: str) -> None:
        """All is done."""
        self._release(run, branch)
        succeeded = run.emit(branch.previous, "MapRunSucceeded", None)
        if is_too_long(output_text):
            branch.previous = succeeded
            raise TooLong(self.name)
        run.emit(succeeded, "MapStateSucceeded", None)
        # As the newest recordings of each place have it: in 20 cases the execution begins with the Map, and the state's
        # end follows MapRunSucceeded; in the 11 of after October 2024 it does not, and the end follows MapRunStarted
        # (one of May 2024, of a Map in a loop, differs).
        if branch.entered_id == _FIRST_ENTERED:
            branch.previous = succeeded
        scope = run.scope(branch, self)
        raw = scope.input
        result = json_text.parse(output_text)
        values = self.flow.assigned(scope, result)
        leave(run, branch, self, self.flow.output(scope, raw, result), self.next, values)

    def failed(self, run: Run, branch: Branch, failure: Failure) -> None:
        """It failed."""
        branch.previous = run.emit(branch.previous, "MapRunFailed", failure_details(failure.error, failure.cause))
        name = branch.join
        fail(run, branch, failure)
        run.drop(name)  # what is kept for a redrive has it
        if branch.join == name:
            branch.join = 0

    def given_up(self, run: Run, branch: Branch) -> None:
        branch.previous = run.emit(branch.previous, "MapStateFailed", None)

    def redriven(self, run: Run, branch: Branch) -> None:
        """Its Map Run goes on with what did not succeed."""
        held: Held = run.peek(branch.join)
        known = {**held.value, "redrives": held.value["redrives"] + 1}
        run.add(Held(held.id, branch.id, -1, json_text.dump(known)))
        details = {"mapRunArn": known["arn"], "redriveCount": known["redrives"]}
        branch.previous = run.emit(branch.previous, "MapRunRedriven", details)
        run.actions.append(RedriveMapRun(branch.id, branch.generation, known["arn"]))

    def _release(self, run: Run, branch: Branch) -> None:
        run.drop(branch.join)
        branch.join = 0
        branch.phase = RUNNING


_FIRST_ENTERED = 2
"""The event of the state that an execution begins with."""


class _ReaderField:
    """ItemReader, compiled."""

    def __init__(self, spec: dict[str, Any], is_jsonata: bool) -> None:
        self._resource = _last_part(spec["Resource"])
        self._parameters = _parameters(spec, is_jsonata, "ItemReader")
        config = spec.get("ReaderConfig", {})
        self._config = {k: v for k, v in config.items() if k not in ("MaxItems", "MaxItemsPath")}
        self._max_items = compile_integer(config, "MaxItems", 0, checked=False, holder="ItemReader/ReaderConfig")

    def __call__(self, scope: Scope) -> Reader:
        parameters = self._parameters(scope) if self._parameters else {}
        return Reader(self._resource, json_text.dump(parameters), self._config, self._max_items(scope))


class _BatcherField:
    """ItemBatcher, compiled."""

    def __init__(self, spec: dict[str, Any], is_jsonata: bool) -> None:
        self._max_items = compile_integer(spec, "MaxItemsPerBatch", 0, holder="ItemBatcher")
        self._max_bytes = compile_integer(spec, "MaxInputBytesPerBatch", 0, holder="ItemBatcher")
        self._input = compile_payload(spec, "BatchInput", is_jsonata, "ItemBatcher")

    def __call__(self, scope: Scope) -> Batcher:
        given = json_text.dump(self._input(scope)) if self._input else None
        return Batcher(self._max_items(scope), self._max_bytes(scope), given)


class _WriterField:
    """ResultWriter, compiled. Without a Resource it only gives the result another form."""

    def __init__(self, spec: dict[str, Any], is_jsonata: bool) -> None:
        self._resource = _last_part(spec["Resource"]) if "Resource" in spec else ""
        self._parameters = _parameters(spec, is_jsonata, "ResultWriter")
        config = spec.get("WriterConfig", {})
        self._transformation: str = config.get("Transformation", "NONE" if self._resource else "COMPACT")
        self._output_type: str = config.get("OutputType", "JSON")

    def __call__(self, scope: Scope) -> Writer:
        parameters = self._parameters(scope) if self._parameters else {}
        return Writer(self._resource, json_text.dump(parameters), self._transformation, self._output_type)


def _parameters(spec: dict[str, Any], is_jsonata: bool, holder: str) -> Read | None:
    return compile_payload(spec, "Arguments" if is_jsonata else "Parameters", is_jsonata, holder)


def _last_part(resource: str) -> str:
    return resource.partition(":states:::")[2]
