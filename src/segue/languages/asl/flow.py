"""How data goes through a JSONPath state: InputPath, Parameters, ResultSelector, ResultPath, OutputPath, Assign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.errors import StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.scope import Scope
from segue.languages.asl.templates import Template, compile_template
from segue.languages.jsonpath import NotWritable, Path, PathNotFound, compile_path

Read = Callable[[Scope], Any]
Combine = Callable[[Any, Any], Any]

_ABSENT = "$"


def compile_path_field(text: str | None) -> Read | None:
    """InputPath or OutputPath: None for ``$``, which changes nothing; null stands for an empty object."""
    if text == _ABSENT:
        return None
    if text is None:
        return lambda scope: {}
    read = compile_expression(text).read

    def read_or_fail(scope: Scope) -> Any:
        try:
            return read(scope)
        except PathNotFound as missing:
            raise no_results(text, missing.value) from None

    return read_or_fail


def no_results(path: str, value: Any) -> StatesError:
    """AWS's words for a path that finds nothing where one value is wanted."""
    return StatesError("States.Runtime", f"Invalid path '{path}' : {_what_is_missing(path, value)}")


def _what_is_missing(path: str, value: Any) -> str:
    """JsonPath for Java tells a last step that is missing from one on the way."""
    names = path.lstrip("$").replace("[", ".").replace("]", "").replace("'", "").strip(".").split(".")
    bracketed = "$"
    for position, name in enumerate(names):
        bracketed += f"[{name}]" if name.isdecimal() else f"['{name}']"
        last = position == len(names) - 1
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return f"No results for path: {bracketed}" if last else f"Missing property in path {bracketed}"
    return f"No results for path: {bracketed}"


def compile_result_path(text: str | None) -> Combine | None:
    """ResultPath: None for ``$``, the result takes the input's place; null keeps the input."""
    if text == _ABSENT:
        return None
    if text is None:
        return lambda raw, result: raw
    path: Path = compile_path(text)

    def combine(raw: Any, result: Any) -> Any:
        try:
            return path.write(raw, result)
        except NotWritable:
            cause = f"Unable to apply ReferencePath {text} to input {json_text.dump(raw)}"
            raise StatesError("States.ResultPathMatchFailure", cause) from None

    return combine


class Flow:
    """The five fields of one state, compiled. A field that changes nothing is None.

    Attributes:
        input_path, parameters, result_selector, result_path, output_path: see the ASL's fields of the same names.
        assign: the template of Assign.
    """

    __slots__ = ("assign", "input_path", "output_path", "parameters", "result_path", "result_selector")

    def __init__(self, spec: dict[str, Any], parameters_field: str = "Parameters") -> None:
        self.input_path = compile_path_field(spec.get("InputPath", _ABSENT))
        self.parameters = _template(spec, parameters_field)
        self.result_selector = _template(spec, "ResultSelector")
        self.result_path = compile_result_path(spec.get("ResultPath", _ABSENT))
        self.output_path = compile_path_field(spec.get("OutputPath", _ABSENT))
        self.assign = _template(spec, "Assign")

    @property
    def passes_result(self) -> bool:
        """The state's result is its output, and it assigns nothing."""
        return not any((self.result_selector, self.result_path, self.output_path, self.assign))

    def note_arguments(self, scope: Scope, arguments: Any) -> None:
        """What a Task sends is known."""
        if scope.notes is not None:
            scope.notes["afterInputPath"] = scope.input
            scope.notes["afterParameters"] = arguments

    def effective(self, scope: Scope) -> Any:
        """The state's effective input; ``scope.input`` is its raw input before and the effective one afterwards."""
        if self.input_path is not None:
            scope.input = self.input_path(scope)
        if scope.notes is not None:
            scope.notes["afterInputPath"] = scope.input
        if self.parameters is not None:
            scope.input = self.parameters(scope)
        if scope.notes is not None:
            scope.notes["afterParameters"] = scope.input
        return scope.input

    def output(self, scope: Scope, raw: Any, result: Any) -> Any:
        """The state's output from its raw input and its result."""
        if self.result_selector is not None:
            scope.input = result
            result = self.result_selector(scope)
        if scope.notes is not None:
            scope.notes["afterResultSelector"] = result
        if self.result_path is not None:
            result = self.result_path(raw, result)
        if scope.notes is not None:
            scope.notes["afterResultPath"] = result
        if self.output_path is not None:
            scope.input = result
            result = self.output_path(scope)
        return result

    def assigned(self, scope: Scope, visible: Any) -> dict[str, Any] | None:
        """The variables to set, when ``$`` is ``visible``; None when the state assigns none."""
        return assigned(self.assign, scope, visible)


def assigned(assign: Read | None, scope: Scope, visible: Any) -> dict[str, Any] | None:
    """The variables that an Assign sets, when ``$`` is ``visible``."""
    if assign is None:
        return None
    scope.input = visible
    values: dict[str, Any] = assign(scope)
    return values


def _template(spec: dict[str, Any], field: str) -> Read | None:
    if field not in spec:
        return None
    template: Template = compile_template(spec[field])
    return template.evaluate
