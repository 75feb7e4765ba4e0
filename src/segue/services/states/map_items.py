"""Items of Map Runs: from the state's input, or read piece by piece from where its ItemReader points."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from segue.api import Call
from segue.languages.asl import json_text
from segue.languages.asl.map_plan import ChildInput, ItemInputs, MapPlan
from segue.services.states import map_records, records
from segue.services.states.map_reader import ItemSource
from segue.services.states.map_records import MapRun
from segue.store import Transaction

if TYPE_CHECKING:
    from segue.services.states.map_results import FileBuffer

_MAPS = 64
_PIECE_BYTES = 8 << 20


class Source:
    """A Map Run's plan, and its items as far as they are in memory: all of the state's input, or one piece."""

    def __init__(self, tx: Transaction, run: MapRun) -> None:
        from segue.services.states.advance import PROGRAMS

        execution = records.find_execution(tx, run.execution_arn)
        assert execution is not None
        self.logging = execution.logging
        self.plan: MapPlan = map_records.plan_of(tx, run.number)
        self._inputs = ItemInputs(PROGRAMS.get(tx, execution.definition_hash), self.plan)
        self.reader = None if self.plan.reader is None else ItemSource(self.plan.reader)
        self.buffer: FileBuffer | None = None
        self._first = 0
        self._items: list[str] = []
        if self.plan.items_text is not None:
            self._items = [json_text.dump(item) for item in json_text.parse(self.plan.items_text)]

    @property
    def given(self) -> int:
        """How many items the state's input has."""
        return len(self._items)

    def next_children(self, tx: Transaction, run: MapRun, limit: int) -> list[ChildInput]:
        """Inputs of the next children, at least one unless the next batch is not full yet."""
        if self.plan.items_text is None and self._first < run.next_item:
            map_records.drop_items_before(tx, run.number, run.next_item)
        return self._children(tx, run, limit)

    def _children(self, tx: Transaction, run: MapRun, limit: int) -> list[ChildInput]:
        if self.plan.items_text is None:
            self._look_for(tx, run, limit)
        items = self._items[run.next_item - self._first :]
        if self.plan.batcher is None:
            items = items[:limit]
        is_all = bool(run.items_done) and run.next_item + len(items) == run.items_known
        return self._inputs.children(items, run.next_item, limit, is_all=is_all)

    def peek_children(self, tx: Transaction, run: MapRun, limit: int) -> list[ChildInput]:
        """The same for children that are not to be started: nothing is forgotten."""
        items, first = self._items, self._first
        try:
            return self._children(tx, run, limit)
        finally:
            self._items, self._first = items, first

    def _look_for(self, tx: Transaction, run: MapRun, limit: int) -> None:
        """Have the items from the next on in memory: a piece, or for batches as many as they may need."""
        wanted = limit if self.plan.batcher is None else run.items_known - run.next_item
        kept = self._items[run.next_item - self._first :] if self._first <= run.next_item else []
        at = run.next_item + len(kept)
        size = sum(map(len, kept)) if self.plan.batcher is not None else 0
        while len(kept) < min(wanted, 1 if self.plan.batcher is None else wanted) and size < _PIECE_BYTES:
            piece = map_records.items_from(tx, run.number, at)
            if piece is None:
                break
            first, items = piece
            taken = items[at - first :]
            if not taken:
                break
            kept = kept + taken
            at += len(taken)
            size += sum(map(len, taken))
        self._first, self._items = run.next_item, kept


class Sources:
    """Sources of the Map Runs that were worked on last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._sources: OrderedDict[str, Source] = OrderedDict()

    def get(self, tx: Transaction, run: MapRun) -> Source:
        """The Map Run's source."""
        source = self._sources.pop(run.arn, None) or Source(tx, run)
        self._sources[run.arn] = source
        if len(self._sources) > self._size:
            self._sources.popitem(last=False)
        return source

    def forget(self, run: MapRun) -> None:
        """The Map Run is over."""
        self._sources.pop(run.arn, None)

    def clear(self) -> None:
        """Forget all of them, as a crash does."""
        self._sources.clear()


MAPS = Sources(_MAPS)


def read_more(call: Call, run: MapRun) -> MapRun:
    """Have more items than before, or know that there are no more.

    Raises:
        ReadingFailed: they cannot be read.
    """
    source = MAPS.get(call.tx, run)
    if source.reader is None:
        return run._replace(items_known=source.given, items_done=1)
    piece = source.reader.read(call, run, map_records.place_of(call.tx, run.number))
    if piece.items:
        map_records.add_items(call.tx, run.number, run.items_known, piece.items)
    map_records.save_place(call.tx, run.number, piece.place)
    return run._replace(items_known=run.items_known + len(piece.items), items_done=int(piece.is_end))
