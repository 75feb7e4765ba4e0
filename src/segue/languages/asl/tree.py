"""The tree: everything that must be kept to go on with an execution.

``dump`` gives all of it as plain data (numbers, texts, lists, dicts: what msgpack takes). A step gives a journal, what
it changed: ``{frame id: plain frame, or None when it is gone}``, with the header under 0. ``load`` of a dump and
``apply`` of the journals since, in their order, give the same tree.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from segue.languages.asl import json_text
from segue.languages.asl.frames import Frame, load_frame

Journal = dict[int, list[Any] | None]
Status = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]

HEADER = 0
"""The header's key in a journal."""


@dataclass(frozen=True, slots=True)
class ExecutionMeta:
    """What an execution is told about itself.

    Attributes:
        id: the execution's ARN.
        name, role_arn: as in DescribeExecution.
        start_ms: when it began, milliseconds since the epoch.
        state_machine_id, state_machine_name: the machine's ARN (without version) and name.
        kind: STANDARD or EXPRESS.
        seed: from which tokens, UUIDs and other chance are drawn, the same again in a replay.
        redrive_count: how often it was redriven.
        redriven_ms: when it was last redriven, 0 if never.
    """

    id: str
    name: str
    role_arn: str
    start_ms: int
    state_machine_id: str
    state_machine_name: str
    kind: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    seed: int = 0
    redrive_count: int = 0
    redriven_ms: int = 0

    @property
    def region(self) -> str:
        return self.id.split(":")[3]


@dataclass(frozen=True, slots=True)
class Header:
    """Counters and the state of the whole.

    Attributes:
        status: PENDING before the Start command, then AWS's execution status.
        last_event_id: how many events there have been.
        last_frame_id: how many frames there have been.
        ready: Branches that can go on at once, in order; none unless the last step's budget was used up.
    """

    status: Status = "PENDING"
    last_event_id: int = 0
    last_frame_id: int = 0
    ready: tuple[int, ...] = ()

    def dump(self) -> list[Any]:
        return [self.status, self.last_event_id, self.last_frame_id, list(self.ready)]

    @classmethod
    def load(cls, plain: list[Any]) -> Header:
        return cls(plain[0], plain[1], plain[2], tuple(plain[3]))


_NOT_PARSED = object()
_EMPTY_SIZE, _FRAME_SIZE, _ENTRY_SIZE, _CHARACTER_SIZE = 2_000, 500, 40, 4


def _size(plain: list[Any]) -> int:
    size = _FRAME_SIZE
    for part in plain:
        if type(part) is str:
            size += _CHARACTER_SIZE * len(part)
        elif type(part) in (list, tuple, dict):
            size += _ENTRY_SIZE * len(part)
    return size


class Tree:
    """An execution between two steps.

    Attributes:
        meta: what the execution is told about itself.
        input_text: the execution's input.
        header: counters and status.
        frames: by id.
        size: how much memory it takes, in bytes, roughly and from above: texts count for every frame that shares them,
            and as if each were parsed, too.
    """

    __slots__ = ("_input", "_sizes", "frames", "header", "input_text", "meta", "size")

    def __init__(self, meta: ExecutionMeta, input_text: str) -> None:
        self.meta = meta
        self.input_text = input_text
        self.header = Header()
        self.frames: dict[int, Frame] = {}
        self.size = _EMPTY_SIZE + _CHARACTER_SIZE * len(input_text)
        self._sizes: dict[int, int] = {}
        self._input: Any = _NOT_PARSED

    @property
    def status(self) -> Status:
        return self.header.status

    @property
    def execution_input(self) -> Any:
        """The execution's input as a value, parsed once: each of a Map's many iterations may ask for it."""
        if self._input is _NOT_PARSED:
            self._input = json_text.parse(self.input_text)
        return self._input

    @property
    def more(self) -> bool:
        """The last step's budget was used up: a Continue is due."""
        return bool(self.header.ready)

    def apply(self, journal: Journal) -> None:
        """Take over what a step changed."""
        for id, plain in journal.items():
            if id == HEADER:
                assert plain is not None
                self.header = Header.load(plain)
            elif plain is None:
                self.frames.pop(id, None)
                self.size -= self._sizes.pop(id, 0)
            else:
                self._put(id, plain)

    def _put(self, id: int, plain: list[Any]) -> None:
        self.frames[id] = load_frame(id, plain)
        size = _size(plain)
        self.size += size - self._sizes.get(id, 0)
        self._sizes[id] = size

    def dump(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "meta": asdict(self.meta),
            "input": self.input_text,
            "header": self.header.dump(),
            "frames": {id: frame.dump() for id, frame in self.frames.items()},
        }

    @classmethod
    def load(cls, plain: dict[str, Any]) -> Tree:
        """The tree from its dump."""
        known = {field.name for field in fields(ExecutionMeta)}
        tree = cls(ExecutionMeta(**{k: v for k, v in plain["meta"].items() if k in known}), plain["input"])
        tree.header = Header.load(plain["header"])
        for id, frame in plain["frames"].items():
            tree._put(int(id), frame)
        return tree

    def copy(self) -> Tree:
        """Another tree with the same content."""
        return Tree.load(self.dump())
