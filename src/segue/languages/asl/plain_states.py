"""States that are done at once: Pass, Succeed, Fail, Choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.choice import compile_choice_rule
from segue.languages.asl.errors import StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import Flow, Read, assigned
from segue.languages.asl.frames import Branch
from segue.languages.asl.payloads import compile_payload
from segue.languages.asl.query_evaluation import compile_typed
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope
from segue.languages.asl.state import State
from segue.languages.asl.templates import compile_template
from segue.languages.asl.transitions import fail, leave, leave_with_text
from segue.languages.jsonpath import PathNotFound


def _changes_nothing(flow: Flow) -> bool:
    return flow.passes_result and flow.input_path is None and flow.parameters is None


class PassState(State):
    """Pass: its result is its effective input, or what Result says (``has_result``)."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self.has_result = "Result" in spec
        self._result = spec.get("Result")
        self._is_trivial = _changes_nothing(self.flow)
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
        if _changes_nothing(flow):
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
        if spec.get("QueryLanguage") == "JSONata" and text is not None:
            return compile_typed(text, field, "string")
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
    """Choice: goes where the first rule that is true says. What it assigns is that rule's matter, or the state's own
    when it goes to Default (developer guide, "Choice workflow state")."""

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
                next: str = target
                values = assigned(assign, scope, effective)
                break
        else:
            next = _default_of(self._default)
            values = self.flow.assigned(scope, effective)
        leave(run, branch, self, self.flow.output(scope, raw, effective), next, values)


class JsonataChoiceState(State):
    """Choice in JSONata: a rule has an Output of its own, too."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self._rules = tuple(_Rule.of(rule, f"Choices[{index}]") for index, rule in enumerate(spec["Choices"]))
        self._default: str | None = spec.get("Default")

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        rule = next((rule for rule in self._rules if rule.matches(scope)), None)
        if rule is not None:
            values: dict[str, Any] | None = rule.assign(scope) if rule.assign else None
            output = rule.output(scope) if rule.output else scope.input
            leave(run, branch, self, output, rule.next, values)
            return
        target = _default_of(self._default)
        values = self.flow.assigned(scope, scope.input)
        leave(run, branch, self, self.flow.output(scope, scope.input, scope.input), target, values)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a JSONata Choice."""

    matches: Read
    next: str
    assign: Read | None
    output: Read | None

    @classmethod
    def of(cls, spec: dict[str, Any], field: str) -> _Rule:
        return cls(
            matches=compile_typed(spec["Condition"], f"{field}/Condition", "boolean"),
            next=spec["Next"],
            assign=compile_payload(spec, "Assign", True, field),
            output=compile_payload(spec, "Output", True, field),
        )


def _default_of(default: str | None) -> str:
    if default is None:
        cause = "Failed to transition out of the state. The state does not point to a next state."
        raise StatesError("States.Runtime", cause)
    return default
