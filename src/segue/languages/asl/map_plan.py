"""What a Map Run is to do, as plain data, and how its items become the inputs of its children.

The plan is made once, when the state is entered; the items come later and in pieces, so evaluating them needs nothing
but the plan, the program, and the item.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from segue.languages.asl import json_text
from segue.languages.asl.errors import StatesError
from segue.languages.asl.scope import JsonataScope, Scope

if TYPE_CHECKING:
    from segue.languages.asl.distributed_map import DistributedMapState
    from segue.languages.asl.program import Program

MAX_INPUT_BYTES = 262_144
"""The most that a child's input may have."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Where items are read from.

    Attributes:
        resource: the last part of the Resource: ``s3:getObject`` or ``s3:listObjectsV2``.
        parameters_text: the evaluated Parameters (or Arguments), JSON.
        config: the ReaderConfig as written, without MaxItems; ``max_items`` is the evaluated MaxItems, 0 for no bound.
    """

    resource: str
    parameters_text: str
    config: dict[str, Any]
    max_items: int


@dataclass(frozen=True, slots=True)
class Batcher:
    """How items are put together: at most so many, at most so many bytes (0: no bound); ``input_text`` goes along."""

    max_items: int
    max_bytes: int
    input_text: str | None


@dataclass(frozen=True, slots=True)
class Writer:
    """Where results go: ``resource`` is empty where they stay the state's result, in another form.

    ``transformation`` is NONE, COMPACT or FLATTEN, ``output_type`` JSON or JSONL.
    """

    resource: str
    parameters_text: str
    transformation: str
    output_type: str


@dataclass(frozen=True, slots=True)
class MapPlan:
    """See the module. Texts are JSON.

    Attributes:
        arn: the Map Run's ARN; ``label`` is part of it.
        level, state: where the state stands in its program.
        kind: the children's type, STANDARD or EXPRESS.
        window: how many children may run at once.
        tolerated_count, tolerated_percentage: how many failed items are borne; None where not stated.
        seed: from which chance is drawn.
        input_text, context_text, variables_text: what an ItemSelector sees.
        items_text: the items, where they are not read.
        entered_ms: when the state was entered: ``$millis()`` of a JSONata ItemSelector.
    """

    arn: str
    label: str
    level: int
    state: str
    kind: str
    window: int
    tolerated_count: int | None
    tolerated_percentage: float | None
    seed: int
    input_text: str
    context_text: str
    variables_text: str
    items_text: str | None
    reader: Reader | None
    batcher: Batcher | None
    writer: Writer | None
    entered_ms: int = 0

    def dump(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def load(cls, plain: dict[str, Any]) -> MapPlan:
        """The plan from its dump."""
        parts = {"reader": Reader, "batcher": Batcher, "writer": Writer}
        made = {name: part(**plain[name]) if plain[name] is not None else None for name, part in parts.items()}
        return cls(**{**plain, **made})


_ITEMS_AT_ONCE = 2_000


class ChildInput(NamedTuple):
    """What one child begins with, and how many items that is."""

    text: str
    items: int


class ItemInputs:
    """Makes inputs of children from items, for one Map Run."""

    def __init__(self, program: Program, plan: MapPlan) -> None:
        self._plan = plan
        self._state = cast("DistributedMapState", program.levels[plan.level].states[plan.state])
        self._input = json_text.parse(plan.input_text)
        self._context = json_text.parse(plan.context_text)
        self._variables = json_text.parse(plan.variables_text)

    def item(self, index: int, text: str) -> str:
        """The item as its child sees it: itself, or what the ItemSelector makes of it.

        Raises:
            StatesError: the ItemSelector fails.
        """
        selector = self._state.selector
        if selector is None:
            return text
        item = {"Index": index, "Value": json_text.parse(text)}
        context = {**self._context, "Map": {"Item": item}}
        chance = random.Random(f"{self._plan.seed}/{self._plan.arn}/{index}")
        if self._state.is_jsonata:
            now_ms = self._plan.entered_ms
            scope: Scope = JsonataScope(self._input, context, self._variables, chance, self._plan.state, now_ms)
        else:
            scope = Scope(self._input, context, self._variables, chance, self._plan.state)
        return json_text.dump(selector(scope))

    def children(self, items: Sequence[str], first_index: int, limit: int, *, is_all: bool) -> list[ChildInput]:
        """The inputs of the next children.

        Args:
            items: items that no child has had yet, the first of them at ``first_index``.
            limit: how many children at most.
            is_all: there are no items after these, so that the last batch need not be full.
        """
        if self._plan.batcher is None:
            return [self._single(first_index + n, text) for n, text in enumerate(items[:limit])]
        found: list[ChildInput] = []
        at = 0
        while at < len(items) and len(found) < limit and at < _ITEMS_AT_ONCE:
            batch = self._batch(items, at, first_index, is_all)
            if batch is None:
                break
            found.append(batch)
            at += batch.items
        return found

    def _single(self, index: int, text: str) -> ChildInput:
        made = self.item(index, text)
        self._check_size(index, made)
        return ChildInput(made, 1)

    def _check_size(self, index: int, text: str) -> None:
        if len(text) > MAX_INPUT_BYTES // 4 and len(text.encode("utf-8", "surrogatepass")) > MAX_INPUT_BYTES:
            what = "makes an input with a size exceeding the maximum number of bytes service limit"
            raise StatesError("States.DataLimitExceeded", f"The item {index} of the state '{self._plan.state}' {what}.")

    def _batch(self, items: Sequence[str], at: int, first_index: int, is_all: bool) -> ChildInput | None:
        """The batch that begins at ``at``; None when it might become larger with items that are not there yet."""
        batcher = self._plan.batcher
        assert batcher is not None
        head = "{" if batcher.input_text is None else f'{{"BatchInput":{batcher.input_text},'
        most_bytes = min(batcher.max_bytes or MAX_INPUT_BYTES, MAX_INPUT_BYTES)
        size = len(head.encode()) + len('"Items":[]}')
        taken: list[str] = []
        is_full = False
        while at + len(taken) < len(items) and not is_full:
            text = self.item(first_index + at + len(taken), items[at + len(taken)])
            size += len(text.encode("utf-8", "surrogatepass")) + bool(taken)
            if taken and size > most_bytes:
                is_full = True
                break
            self._check_size(first_index + at + len(taken), text)
            taken.append(text)
            is_full = len(taken) == batcher.max_items
        if not is_full and not is_all:
            return None
        return ChildInput(f'{head}"Items":[{",".join(taken)}]}}', len(taken))
