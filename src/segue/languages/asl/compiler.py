"""``compile``: a definition becomes a program, once per revision of a state machine."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.errors import NotYet
from segue.languages.asl.map_state import MapState
from segue.languages.asl.parallel_state import ParallelState
from segue.languages.asl.plain_states import ChoiceState, FailState, JsonataChoiceState, PassState, SucceedState
from segue.languages.asl.program import Level, Program
from segue.languages.asl.state import State
from segue.languages.asl.task_state import TaskState
from segue.languages.asl.wait_state import WaitState

_PLAIN: dict[str, type[State]] = {
    "Pass": PassState,
    "Succeed": SucceedState,
    "Fail": FailState,
    "Choice": ChoiceState,
    "Wait": WaitState,
    "Task": TaskState,
}


def compile(definition: dict[str, Any]) -> Program:
    """Compile a definition that ``validate`` has found without errors.

    Raises:
        NotYet: it uses what is not run yet.
        InvalidExpression: an expression that is none.
    """
    language = definition.get("QueryLanguage", "JSONPath")
    levels: list[Level] = []
    numbers = _Numbers(language)
    numbers.take(definition)
    while numbers.waiting:
        spec = numbers.waiting.popleft()
        levels.append(
            Level(
                spec["StartAt"],
                {
                    name: _state(name, {"QueryLanguage": language, **one}, len(levels), numbers)
                    for name, one in spec["States"].items()
                },
            )
        )
    uses_variables = '"Assign"' in json.dumps(definition)
    return Program(tuple(levels), definition.get("TimeoutSeconds"), uses_variables)


class _Numbers:
    """Levels in the order in which they are found, breadth first; ``language`` is the whole definition's."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.waiting: deque[dict[str, Any]] = deque()
        self._last = -1

    def take(self, spec: dict[str, Any]) -> int:
        """The level's number; it will be compiled later."""
        self.waiting.append(spec)
        self._last += 1
        return self._last


def _state(name: str, spec: dict[str, Any], level: int, numbers: _Numbers) -> State:
    if spec["Type"] == "Parallel":
        return ParallelState(name, spec, tuple(numbers.take(branch) for branch in spec["Branches"]))
    if spec["Type"] == "Map":
        processor = spec.get("ItemProcessor") or spec["Iterator"]
        if not isinstance(processor, dict):
            raise NotYet(f"the processor of the state {name!r} is an expression, which is not run yet")
        config = processor.get("ProcessorConfig")
        mode = config.get("Mode") if isinstance(config, dict) else "INLINE"
        if mode == "DISTRIBUTED":
            children = {**processor, "QueryLanguage": numbers.language}
            compile(children)
            return DistributedMapState(name, spec, level, children)
        return MapState(name, spec, numbers.take(processor))
    if spec["Type"] == "Choice" and spec["QueryLanguage"] == "JSONata":
        return JsonataChoiceState(name, spec)
    return _PLAIN[spec["Type"]](name, spec)
