"""A template with values for its references becomes text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segue.languages.velocity import tree
from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.methods import call_method, index_of, property_of, set_index, set_property
from segue.languages.velocity.operators import compute
from segue.languages.velocity.parser import Template, parse
from segue.languages.velocity.values import MAX_CHARACTERS, MAX_STEPS, Budget, Host, text_of

_MAX_RANGE = 10_000


class _Break(Exception):
    """``#break``."""


class _Stop(Exception):
    """``#stop``."""


def render(template: str | Template, variables: Mapping[str, Any], *, max_steps: int = MAX_STEPS) -> str:
    """Render a template.

    Args:
        variables: by name; plain data and :class:`Host`. Data may be changed by the template, which gets no copy.

    Raises:
        VelocityError: the template cannot be read, calls what is not there, or does more than it may.
    """
    program = parse(template) if isinstance(template, str) else template
    renderer = _Renderer(dict(variables), Budget(max_steps))
    try:
        renderer.body(program.body)
    except (_Stop, _Break):
        pass
    except RecursionError:
        raise VelocityError("nested too deeply") from None
    return "".join(renderer.out)


class _Renderer:
    def __init__(self, variables: dict[str, Any], budget: Budget) -> None:
        self.variables, self.budget = variables, budget
        self.out: list[str] = []
        self.size = 0

    def body(self, nodes: tuple[tree.Node, ...]) -> None:
        for node in nodes:
            self.budget.spend()
            match node:
                case tree.Text():
                    self._write(node.text)
                case tree.Reference():
                    self._write(self._shown(node))
                case tree.Set():
                    self._set(node)
                case tree.If():
                    self._if(node)
                case tree.Foreach():
                    self._foreach(node)
                case tree.Leave():
                    raise _Break if node.what == "break" else _Stop

    def _write(self, text: str) -> None:
        self.size += len(text)
        if self.size > MAX_CHARACTERS:
            raise VelocityError("the template makes too long a text")
        self.budget.text(len(text))
        self.out.append(text)

    def _shown(self, node: tree.Reference) -> str:
        value = self._reference(node)
        if value is None:
            return "" if node.quiet or node.name in self.variables else node.source
        return text_of(value, self.budget)

    def _set(self, node: tree.Set) -> None:
        value = self.value(node.value)
        steps = node.target.steps
        if not steps:
            self.variables[node.target.name] = value
            return
        owner = self._steps(self.variables.get(node.target.name), steps[:-1])
        last = steps[-1]
        if last.kind == "index":
            set_index(owner, self.value(last.arguments[0]), value)
        else:
            set_property(owner, last.name, value)

    def _if(self, node: tree.If) -> None:
        for condition, body in node.branches:
            if condition is None or _is_true(self.value(condition)):
                self.body(body)
                return

    def _foreach(self, node: tree.Foreach) -> None:
        items = _items(self.value(node.items))
        hidden = {
            name: self.variables[name] for name in (node.name, "foreach", "velocityCount") if name in self.variables
        }
        parent = hidden.get("foreach")
        try:
            for index, item in enumerate(items):
                self.budget.spend(2)
                self.variables[node.name] = item
                self.variables["velocityCount"] = index + 1
                self.variables["foreach"] = _loop(index, len(items), parent)
                self.body(node.body)
        except _Break:
            pass
        for name in (node.name, "foreach", "velocityCount"):
            self.variables.pop(name, None)
        self.variables.update(hidden)

    # Expressions

    def value(self, node: tree.Expression) -> Any:
        """What an expression comes to."""
        self.budget.spend()
        match node:
            case tree.Literal():
                return node.value
            case tree.Reference():
                return self._reference(node)
            case tree.Interpolated():
                return self._interpolated(node)
            case tree.ListOf():
                return [self.value(item) for item in node.items]
            case tree.MapOf():
                return {text_of(self.value(key), self.budget): self.value(inner) for key, inner in node.items}
            case tree.RangeOf():
                return self._range(self.value(node.first), self.value(node.last))
            case tree.Unary():
                operand = self.value(node.operand)
                return not _is_true(operand) if node.operator == "!" else compute("-", 0, operand, self.budget)
            case tree.Binary():
                return self._binary(node)

    def _binary(self, node: tree.Binary) -> Any:
        left = self.value(node.left)
        if node.operator == "&&":
            return _is_true(left) and _is_true(self.value(node.right))
        if node.operator == "||":
            return _is_true(left) or _is_true(self.value(node.right))
        return compute(node.operator, left, self.value(node.right), self.budget)

    def _interpolated(self, node: tree.Interpolated) -> str:
        inner = _Renderer(self.variables, self.budget)
        inner.body(node.body)
        self.budget.text(inner.size)
        return "".join(inner.out)

    def _range(self, first: Any, last: Any) -> list[int] | None:
        if not isinstance(first, int) or not isinstance(last, int):
            return None
        if abs(last - first) >= _MAX_RANGE:
            raise VelocityError("the range is too long")
        self.budget.spend(abs(last - first) + 1)
        return list(range(first, last + 1) if first <= last else range(first, last - 1, -1))

    def _reference(self, node: tree.Reference) -> Any:
        return self._steps(self.variables.get(node.name), node.steps)

    def _steps(self, value: Any, steps: tuple[tree.Access, ...]) -> Any:
        for step in steps:
            if value is None:
                return None
            self.budget.spend()
            if step.kind == "property":
                value = property_of(value, step.name)
            elif step.kind == "index":
                value = index_of(value, self.value(step.arguments[0]))
            else:
                arguments = [self.value(argument) for argument in step.arguments]
                value = call_method(value, step.name, arguments, self.budget)
        return value


def _is_true(value: Any) -> bool:
    return value is not None and value is not False


def _items(value: Any) -> list[Any]:
    match value:
        case list():
            return list(value)
        case dict():
            return list(value.values())
        case None | str() | int() | float():
            return []
        case _:
            return [value]


def _loop(index: int, count: int, parent: Any) -> Host:
    known = {
        "index": index,
        "count": index + 1,
        "hasNext": index + 1 < count,
        "first": index == 0,
        "last": index + 1 == count,
        "parent": parent,
    }
    return Host({"hasNext": lambda: known["hasNext"], "getIndex": lambda: index}, known.get)
