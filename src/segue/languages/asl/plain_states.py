"""States that are done at once: Pass, Succeed, Fail, Choice."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.choice import compile_choice_rule
from segue.languages.asl.errors import StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import Read, assigned
from segue.languages.asl.frames import Branch
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope
from segue.languages.asl.state import State
from segue.languages.asl.templates import compile_template
from segue.languages.asl.transitions import fail, leave, leave_with_text
from segue.languages.jsonpath import PathNotFound


class PassState(State):
    """Pass: its result is its effective input, or what Result says (``has_result``)."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        flow = self.flow
        self.has_result = "Result" in spec
        self._result = spec.get("Result")
        self._is_trivial = not any((flow.input_path, flow.parameters, flow.result_path, flow.output_path, flow.assign))
        self._result_text = json_text.dump(self._result) if self.has_result and self._is_trivial else ""

    def attempt(self, run: Run, branch: Branch) -> None:
        if self._is_trivial:
            if self.has_result:
                leave_with_text(run, branch, self, self._result_text, self._result, self.next)
            else:
                leave_with_text(run, branch, self, branch.text, branch.value_or_unparsed, self.next)
            return
        scope = run.scope(branch, self)
        raw = scope.input
        result = self.flow.effective(scope)
        if self.has_result:
            result = self._result
        values = self.flow.assigned(scope, result)
        leave(run, branch, self, self.flow.output(scope, raw, result), self.next, values)


class SucceedState(State):
    """Succeed: ends its branch with its input."""

    def attempt(self, run: Run, branch: Branch) -> None:
        flow = self.flow
        if flow.input_path is None and flow.output_path is None:
            leave_with_text(run, branch, self, branch.text, branch.value_or_unparsed, None)
            return
        scope = run.scope(branch, self)
        raw = scope.input
        result = flow.effective(scope)
        leave(run, branch, self, flow.output(scope, raw, result), None)


class FailState(State):
    """Fail: ends its branch with an error; there is no Exited event."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self._error = _text_or_path(spec, "Error")
        self._cause = _text_or_path(spec, "Cause")

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        fail(run, branch, Failure(self._error(scope), self._cause(scope)))


def _text_or_path(spec: dict[str, Any], field: str) -> Read:
    path = spec.get(f"{field}Path")
    if path is None:
        text = spec.get(field)
        return lambda scope: text
    read = compile_expression(path).read

    def read_text(scope: Scope) -> str:
        try:
            value = read(scope)
        except PathNotFound:
            raise StatesError(
                "States.Runtime", f"The {field}Path parameter does not reference a string: {path}"
            ) from None
        if not isinstance(value, str):
            found = json_text.dump(value)
            cause = f"The {field}Path parameter does not reference a string: {path} == {found}"
            raise StatesError("States.Runtime", cause)
        return value

    return read_text


class ChoiceState(State):
    """Choice: goes where the first rule that is true says."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self._rules = tuple(
            (
                compile_choice_rule(rule),
                rule["Next"],
                compile_template(rule["Assign"]).evaluate if "Assign" in rule else None,
            )
            for rule in spec["Choices"]
        )
        self._default: str | None = spec.get("Default")

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        raw = scope.input
        effective = self.flow.effective(scope)
        for matches, target, assign in self._rules:
            if matches(scope):
                next: str | None = target
                values = assigned(assign, scope, effective)
                break
        else:
            if self._default is None:
                cause = "Failed to transition out of the state. The state does not point to a next state."
                raise StatesError("States.Runtime", cause)
            next = self._default
            values = self.flow.assigned(scope, effective)
        leave(run, branch, self, self.flow.output(scope, raw, effective), next, values)
