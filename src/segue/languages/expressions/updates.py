"""Update expressions: every operand is read from the item as it was; then all actions are applied to a copy.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from segue.languages.expressions.binding import Binding, Elements
from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.nodes import Action, Arithmetic, Function, Literal, Operand, Path, ValueRef
from segue.languages.expressions.numbers import add_numbers, subtract_numbers
from segue.languages.expressions.paths import check_disjoint, read, reader
from segue.languages.expressions.values import SETS, Item, Value, type_of, union

Find = Callable[[Item], Value]

_TYPE_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "M": "MAP",
    "L": "LIST",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
}
_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"
_BAD_PATH = "The document path provided in the update expression is invalid for update"
_CONDITION_ONLY = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
)


@dataclass(frozen=True, slots=True)
class Step:
    """One action, its path and operand bound."""

    section: str
    path: Elements
    find: Find | None


@dataclass(frozen=True, slots=True)
class Update:
    """A compiled update.

    Attributes:
        steps: its actions.
        paths: what they touch, in the order written.
    """

    steps: tuple[Step, ...]
    paths: tuple[Elements, ...]

    def apply(self, item: Item) -> Item:
        """The updated copy of the item; what the update does not touch is shared.

        Raises:
            ExpressionError: a path or an operand does not fit the item.
        """
        found = [(step, step.find(item) if step.find else None) for step in self.steps]
        updated = dict(item)
        removed: list[Elements] = []
        # appending beyond a list's end keeps the order of the indexes, whatever the order of the actions
        for step, value in sorted(found, key=lambda pair: _last_index(pair[0].path)):
            if step.section == "REMOVE":
                removed.append(step.path)
            elif step.section == "SET":
                assert value is not None  # SET has an operand
                _write(updated, step.path, value)
            else:
                _change_set_or_number(updated, item, step, value or {}, removed)
        # from the end of each list, so that indexes still mean what they meant
        for path in sorted(removed, key=_position, reverse=True):
            _write(updated, path, None)
        return updated


def compile_update(actions: Sequence[Action], binding: Binding, label: str = "UpdateExpression") -> Update:
    """The actions as one update.

    Raises:
        ExpressionError: undefined placeholders, overlapping paths, wrong functions or operand types.
    """
    compiler = _Compiler(binding, label)
    steps = tuple(compiler.step(action) for action in actions)
    paths = tuple(step.path for step in steps)
    check_disjoint(paths, label)
    return Update(steps, paths)


class _Compiler:
    def __init__(self, binding: Binding, label: str) -> None:
        self.binding = binding
        self.label = label

    def step(self, action: Action) -> Step:
        path = self.binding.path(action.path, self.label)
        if action.operand is None:
            return Step(action.section, path, None)
        find, constant = self.operand(action.operand)
        if action.section in ("ADD", "DELETE") and constant is not None:
            allowed = SETS | {"N"} if action.section == "ADD" else SETS
            if type_of(constant) not in allowed:
                raise self.invalid(
                    f"Incorrect operand type for operator or function; operator: {action.section}, "
                    f"operand type: {_TYPE_NAMES[type_of(constant)]}, "
                    f"typeSet: ALLOWED_FOR_{action.section}_OPERAND"
                )
        return Step(action.section, path, find)

    def operand(self, operand: Operand) -> tuple[Find, Value | None]:
        match operand:
            case Path():
                return _required(reader(self.binding.path(operand, self.label))), None
            case ValueRef(key):
                value = self.binding.value(key, self.label)
                return (lambda _: value), value
            case Literal(value):
                return (lambda _: value), value
            case Arithmetic(operator, left, right):
                return self.arithmetic(operator, left, right), None
            case Function():
                return self.function(operand), None

    def arithmetic(self, operator: str, left: Operand, right: Operand) -> Find:
        one, two = self.typed(operator, left, "N"), self.typed(operator, right, "N")
        compute = add_numbers if operator == "+" else subtract_numbers

        def computed(item: Item) -> Value:
            first, second = one(item), two(item)
            if "N" not in first or "N" not in second:
                raise ExpressionError(_WRONG_TYPE)
            return {"N": compute(first["N"], second["N"])}

        return computed

    def function(self, function: Function) -> Find:
        name = function.name
        if name in _CONDITION_ONLY:
            raise self.invalid(f"The function is not allowed in an update expression; function: {name}")
        if name not in ("if_not_exists", "list_append"):
            raise self.invalid(f"Invalid function name; function: {name}")
        if len(function.arguments) != 2:
            raise self.invalid(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(function.arguments)}"
            )
        first, second = function.arguments
        if name == "if_not_exists":
            if not isinstance(first, Path):
                raise self.invalid(f"Operator or function requires a document path; operator or function: {name}")
            look = reader(self.binding.path(first, self.label))
            otherwise, _ = self.operand(second)
            return lambda item: look(item) or otherwise(item)
        one, two = self.typed(name, first, "L"), self.typed(name, second, "L")

        def appended(item: Item) -> Value:
            head, tail = one(item), two(item)
            if "L" not in head or "L" not in tail:
                raise ExpressionError(_WRONG_TYPE)
            return {"L": head["L"] + tail["L"]}

        return appended

    def typed(self, operator: str, operand: Operand, wanted: str) -> Find:
        find, constant = self.operand(operand)
        if constant is not None and type_of(constant) != wanted:
            raise self.invalid(
                "Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {type_of(constant)}"
            )
        return find

    def invalid(self, what: str) -> ExpressionError:
        return ExpressionError(f"Invalid {self.label}: {what}")


def _required(look: Callable[[Item], Value | None]) -> Find:
    def find(item: Item) -> Value:
        value = look(item)
        if value is None:
            raise ExpressionError(_MISSING)
        return value

    return find


def _last_index(path: Elements) -> int:
    return path[-1] if isinstance(path[-1], int) else -1


def _position(path: Elements) -> list[tuple[bool, int, str]]:
    return [(True, at, "") if isinstance(at, int) else (False, 0, at) for at in path]


def _change_set_or_number(updated: Item, item: Item, step: Step, operand: Value, removed: list[Elements]) -> None:
    current = read(item, step.path)
    ((tag, content),) = operand.items()
    if current is None:
        if step.section == "ADD":
            _write(updated, step.path, operand)
        return
    if tag not in current:
        raise ExpressionError(_WRONG_TYPE)
    if tag == "N":
        _write(updated, step.path, {"N": add_numbers(current["N"], content)})
    elif step.section == "ADD":
        _write(updated, step.path, union(tag, current[tag], content))
    else:
        left = [element for element in current[tag] if element not in content]
        if left:
            _write(updated, step.path, {tag: left})
        else:
            removed.append(step.path)


def _write(item: Item, path: Elements, value: Value | None) -> None:
    """Set the value at the path (``None``: remove it), copying every container on the way."""
    container: Any = item
    for element, following in pairwise(path):
        tag = "L" if isinstance(following, int) else "M"
        inner = _member(container, element)
        if inner is None or tag not in inner:
            raise ExpressionError(_BAD_PATH)
        copy = list(inner[tag]) if tag == "L" else dict(inner[tag])
        container[element] = {tag: copy}
        container = copy
    last = path[-1]
    if value is not None:
        if isinstance(last, int) and last >= len(container):
            container.append(value)
        else:
            container[last] = value
    elif isinstance(last, int):
        if last < len(container):
            del container[last]
    else:
        container.pop(last, None)


def _member(container: Any, element: str | int) -> Any:
    if isinstance(element, int):
        return container[element] if element < len(container) else None
    return container.get(element)
