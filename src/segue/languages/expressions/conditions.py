"""Conditions and filters, compiled to closures over an item, with DynamoDB's checks of their operands.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from segue.languages.expressions.binding import Binding, Elements
from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.nodes import (
    Between,
    Both,
    Comparison,
    Condition,
    Either,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Path,
    ValueRef,
)
from segue.languages.expressions.paths import reader, show
from segue.languages.expressions.values import (
    TYPES,
    Item,
    Value,
    compare,
    contains,
    describe,
    equal,
    size_of,
    type_of,
)

Predicate = Callable[[Item], bool]

_ORDERED = frozenset({"S", "N", "B"})
_SIZED = TYPES - {"N", "BOOL", "NULL"}
_CONDITIONS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}
_OPERANDS = {"size": 1}
_UPDATE_ONLY = frozenset({"if_not_exists", "list_append"})
MAX_CHOICES = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Where an operand's value comes from: found in the item by ``find``; known beforehand, or at a path."""

    find: Callable[[Item], Value | None]
    constant: Value | None = None
    path: Elements | None = None


def compile_condition(condition: Condition, binding: Binding, label: str) -> Predicate:
    """The condition as a function of an item.

    Raises:
        ExpressionError: unknown functions, undefined placeholders, operands of the wrong type or number.
    """
    return _Compiler(binding, label).predicate(condition)


class _Compiler:
    def __init__(self, binding: Binding, label: str) -> None:
        self.binding = binding
        self.label = label

    def predicate(self, condition: Condition) -> Predicate:
        match condition:
            case Both(left, right):
                one, two = self.predicate(left), self.predicate(right)
                return lambda item: one(item) and two(item)
            case Either(left, right):
                one, two = self.predicate(left), self.predicate(right)
                return lambda item: one(item) or two(item)
            case Not(inner):
                negated = self.predicate(inner)
                return lambda item: not negated(item)
            case Comparison(operator, left, right):
                return self.comparison(operator, self.source(left), self.source(right))
            case Between(operand, low, high):
                return self.between(self.source(operand), self.source(low), self.source(high))
            case In(operand, choices):
                return self.membership(self.source(operand), [self.source(choice) for choice in choices])
            case Function():
                return self.function(condition)

    # operands

    def source(self, operand: Operand) -> Source:
        match operand:
            case Path():
                path = self.binding.path(operand, self.label)
                return Source(reader(path), path=path)
            case ValueRef(key):
                value = self.binding.value(key, self.label)
                return Source(lambda _: value, constant=value)
            case Literal(value):
                return Source(lambda _: value, constant=value)
            case Function(name, _):
                if name in _CONDITIONS:
                    raise self.invalid(
                        f"The function is not allowed to be used this way in an expression; function: {name}"
                    )
                return self.size(operand)
            case _:
                raise self.invalid("Arithmetic is only allowed in update expressions;")

    def size(self, function: Function) -> Source:
        self.check_arguments(function, _OPERANDS)
        (argument,) = (self.source(each) for each in function.arguments)
        if argument.constant is not None:
            self.check_type("size", argument.constant, _SIZED)
        find = argument.find

        def measured(item: Item) -> Value | None:
            value = find(item)
            size = None if value is None else size_of(value)
            return None if size is None else {"N": str(size)}

        return Source(measured)

    # comparisons

    def comparison(self, operator: str, left: Source, right: Source) -> Predicate:
        self.check_distinct(operator, left, right)
        one, two = left.find, right.find
        if operator in ("=", "<>"):
            same = operator == "="

            def equals(item: Item) -> bool:
                value, other = one(item), two(item)
                return (value is not None and other is not None and equal(value, other)) is same

            return equals
        for side in (left, right):
            if side.constant is not None:
                self.check_type(operator, side.constant, _ORDERED)
        holds = _HOLDS[operator]

        def ordered(item: Item) -> bool:
            value, other = one(item), two(item)
            if value is None or other is None:
                return False
            order = compare(value, other)
            return order is not None and holds(order)

        return ordered

    def between(self, operand: Source, low: Source, high: Source) -> Predicate:
        self.check_distinct("BETWEEN", operand, low, high)
        for side in (operand, low, high):
            if side.constant is not None:
                self.check_type("BETWEEN", side.constant, _ORDERED)
        if low.constant is not None and high.constant is not None:
            check_bounds(low.constant, high.constant, self.label)
        value_of, low_of, high_of = operand.find, low.find, high.find

        def within(item: Item) -> bool:
            value, least, most = value_of(item), low_of(item), high_of(item)
            if value is None or least is None or most is None:
                return False
            above, below = compare(value, least), compare(value, most)
            return above is not None and below is not None and above >= 0 >= below

        return within

    def membership(self, operand: Source, choices: list[Source]) -> Predicate:
        if len(choices) > MAX_CHOICES:
            raise self.invalid(
                "Incorrect number of operands for operator or function; operator or function: IN, "
                f"number of operands: {len(choices) + 1}"
            )
        self.check_distinct("IN", operand, *choices)
        find, others = operand.find, [choice.find for choice in choices]

        def among(item: Item) -> bool:
            value = find(item)
            if value is None:
                return False
            return any((other := find_other(item)) is not None and equal(value, other) for find_other in others)

        return among

    # functions

    def function(self, function: Function) -> Predicate:
        name = function.name
        if name in _OPERANDS:
            raise self.invalid(f"The function is not allowed to be used this way in an expression; function: {name}")
        self.check_arguments(function, _CONDITIONS)
        first, *rest = [self.source(argument) for argument in function.arguments]
        if name in ("attribute_exists", "attribute_not_exists"):
            if first.path is None:
                raise self.invalid(f"Operator or function requires a document path; operator or function: {name}")
            find, present = first.find, name == "attribute_exists"
            return lambda item: (find(item) is not None) is present
        if name == "attribute_type":
            return self.attribute_type(first, rest[0])
        self.check_distinct(name, first, *rest)
        if name == "begins_with":
            for side in (first, rest[0]):
                if side.constant is not None:
                    self.check_type(name, side.constant, frozenset({"S", "B"}))
            return partial(_both_present, first.find, rest[0].find, begins_with)
        return partial(_both_present, first.find, rest[0].find, contains)

    def attribute_type(self, operand: Source, wanted: Source) -> Predicate:
        if wanted.constant is None or type_of(wanted.constant) != "S":
            shown = "document path" if wanted.constant is None else type_of(wanted.constant)
            raise self.invalid(
                "Incorrect operand type for operator or function; "
                f"operator or function: attribute_type, operand type: {shown}"
            )
        name = wanted.constant["S"]
        if name not in TYPES:
            raise self.invalid(
                f"Invalid attribute type name found; type: {name}, valid types: {{{','.join(sorted(TYPES))}}}"
            )
        find = operand.find
        return lambda item: (value := find(item)) is not None and name in value

    # checks

    def invalid(self, what: str) -> ExpressionError:
        return ExpressionError(f"Invalid {self.label}: {what}")

    def check_arguments(self, function: Function, known: dict[str, int]) -> None:
        if function.name not in known:
            if function.name in _UPDATE_ONLY:
                raise self.invalid(f"The function is not allowed in a {_kind(self.label)}; function: {function.name}")
            raise self.invalid(f"Invalid function name; function: {function.name}")
        if len(function.arguments) != known[function.name]:
            raise self.invalid(
                "Incorrect number of operands for operator or function; operator or function: "
                f"{function.name}, number of operands: {len(function.arguments)}"
            )

    def check_type(self, operator: str, value: Value, allowed: frozenset[str]) -> None:
        if type_of(value) not in allowed:
            raise self.invalid(
                "Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {type_of(value)}"
            )

    def check_distinct(self, operator: str, first: Source, *others: Source) -> None:
        if first.path is not None and any(other.path == first.path for other in others):
            raise self.invalid(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {show(first.path)}"
            )


def check_bounds(low: Value, high: Value, label: str) -> None:
    """Refuse bounds of different types, or in the wrong order."""
    shown = (
        f"lower bound operand: AttributeValue: {describe(low)}, upper bound operand: AttributeValue: {describe(high)}"
    )
    if type_of(low) != type_of(high):
        raise ExpressionError(
            f"Invalid {label}: The BETWEEN operator requires same data type for lower and upper bounds; {shown}"
        )
    if (compare(low, high) or 0) > 0:
        raise ExpressionError(
            f"Invalid {label}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            f"{shown}"
        )


def begins_with(value: Value, prefix: Value) -> bool:
    """The function ``begins_with``, of texts and of binaries."""
    ((tag, content),), ((prefix_tag, beginning),) = value.items(), prefix.items()
    return tag == prefix_tag and tag in ("S", "B") and bool(content.startswith(beginning))


def _both_present(
    one: Callable[[Item], Value | None],
    two: Callable[[Item], Value | None],
    test: Callable[[Value, Value], bool],
    item: Item,
) -> bool:
    value, other = one(item), two(item)
    return value is not None and other is not None and test(value, other)


def _kind(label: str) -> str:
    return {"FilterExpression": "filter expression", "KeyConditionExpression": "key condition expression"}.get(
        label, "condition expression"
    )


_HOLDS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
