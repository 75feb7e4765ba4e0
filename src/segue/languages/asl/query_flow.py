"""How data goes through a JSONata state: Arguments, Assign, Output."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.flow import Flow
from segue.languages.asl.query_evaluation import compile_jsonata
from segue.languages.asl.scope import NOTHING, Scope

_WITH_RESULT = frozenset(("Task", "Parallel", "Map"))


class JsonataFlow(Flow):
    """The fields of one JSONata state, compiled. ``$states.input`` stays the raw input everywhere."""

    __slots__ = ("_has_result", "_output")

    def __init__(self, spec: dict[str, Any]) -> None:
        self._has_result = spec["Type"] in _WITH_RESULT
        self.input_path = self.result_selector = self.result_path = self.output_path = None
        self.parameters = compile_jsonata(spec["Arguments"], "Arguments") if "Arguments" in spec else None
        self.assign = compile_jsonata(spec["Assign"], "Assign") if "Assign" in spec else None
        self._output = compile_jsonata(spec["Output"], "Output") if "Output" in spec else None

    @property
    def passes_result(self) -> bool:
        return self._output is None and self.assign is None

    def effective(self, scope: Scope) -> Any:
        if self.parameters is None:
            return scope.input
        arguments = self.parameters(scope)
        self.note_arguments(scope, arguments)
        return arguments

    def note_arguments(self, scope: Scope, arguments: Any) -> None:
        if scope.notes is not None:
            scope.notes["afterArguments"] = arguments

    def output(self, scope: Any, raw: Any, result: Any) -> Any:
        if self._output is None:
            return result
        scope.result = result if self._has_result else NOTHING
        return self._output(scope)

    def assigned(self, scope: Any, visible: Any) -> dict[str, Any] | None:
        if self.assign is None:
            return None
        scope.result = visible if self._has_result else NOTHING
        values: dict[str, Any] = self.assign(scope)
        return values
