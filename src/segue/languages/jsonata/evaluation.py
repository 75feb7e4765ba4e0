"""Values, operators, blocks and conditions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from segue.languages.jsonata.compiler import Compiler, Run, builds
from segue.languages.jsonata.errors import JsonataError, failure
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Frame
from segue.languages.jsonata.texts import to_text
from segue.languages.jsonata.values import (
    SAFE_INTEGER,
    UNDEFINED,
    Constructed,
    Function,
    Sequence,
    equals,
    is_number,
    plain,
    to_boolean,
    to_float,
    unwrapped,
)

# Leaves


@builds("string", "number", "value")
def _literal(compiler: Compiler, node: Node, depth: int) -> Run:
    value = node.value
    return lambda input, frame: value


@builds("name")
def _name(compiler: Compiler, node: Node, depth: int) -> Run:
    from segue.languages.jsonata.values import lookup

    name = str(node.value)
    return lambda input, frame: unwrapped(lookup(input, name, frame.runtime))


@builds("variable")
def _variable(compiler: Compiler, node: Node, depth: int) -> Run:
    name = str(node.value)
    if not name:
        return lambda input, frame: input
    return lambda input, frame: frame.look_up(name)


@builds("parent")
def _parent(compiler: Compiler, node: Node, depth: int) -> Run:
    slot = node.slot
    assert slot is not None
    return lambda input, frame: frame.look_up(slot.label)


@builds("wildcard")
def _wildcard(compiler: Compiler, node: Node, depth: int) -> Run:
    def run(input: Any, frame: Frame) -> Any:
        found: list[Any] = Sequence()
        if isinstance(input, (dict, list)):
            frame.runtime.spend(len(input))
            for value in input.values() if isinstance(input, dict) else input:
                if isinstance(value, list):
                    if type(found) is Sequence:
                        found = list(found)  # an array is put to a sequence: both are an array
                    _flatten_into(found, value, frame)
                else:
                    found.append(value)
        return unwrapped(found)

    return run


def _flatten_into(found: list[Any], value: Any, frame: Frame) -> None:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            frame.runtime.spend(len(current) + 1)
            waiting.extend(reversed(current))
        else:
            found.append(current)


@builds("descendant")
def _descendant(compiler: Compiler, node: Node, depth: int) -> Run:
    def run(input: Any, frame: Frame) -> Any:
        if input is UNDEFINED:
            return UNDEFINED
        found = Sequence()
        waiting = [input]
        while waiting:
            current = waiting.pop()
            if not isinstance(current, list):
                found.append(current)
            if isinstance(current, (list, dict)):
                inside = list(current.values()) if isinstance(current, dict) else current
                frame.runtime.spend(len(inside))
                waiting.extend(reversed(inside))
        return unwrapped(found)

    return run


# Operators

_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def arithmetic(left: Any, right: Any, symbol: str, frame: Frame) -> Any:
    """One of ``+ - * / %``, on doubles as in JavaScript; integers that doubles count exactly stay integers."""
    if left is not UNDEFINED and not is_number(left):
        raise failure("T2001", token=symbol, value=left)
    if right is not UNDEFINED and not is_number(right):
        raise failure("T2002", token=symbol, value=right)
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    compute = _NUMERIC.get(symbol)
    if compute is not None and type(left) is int and type(right) is int:
        result = compute(left, right)
        if -SAFE_INTEGER <= result <= SAFE_INTEGER:
            return result
    return _on_doubles(to_float(left), to_float(right), symbol, frame)


def _on_doubles(left: float, right: float, symbol: str, frame: Frame) -> Any:
    if symbol in _NUMERIC:
        result = _NUMERIC[symbol](left, right)
    elif symbol == "/":
        result = left / right if right else math.copysign(math.inf, left) if left else math.nan
    else:
        result = math.fmod(left, right) if right and math.isfinite(left) else math.nan
    if math.isfinite(result):
        return plain(result)
    frame.runtime.is_plain = False
    return result


def compare(left: Any, right: Any, symbol: str, frame: Frame) -> Any:
    """One of ``< <= > >=``, of numbers or texts."""
    for value in (left, right):
        if value is not UNDEFINED and type(value) not in (int, float, str):
            raise failure("T2010", token=symbol, value=value)
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if (type(left) is str) != (type(right) is str):
        raise failure("T2009", value=left, value2=right, token=symbol)
    if type(left) is str:
        frame.runtime.text(min(len(left), len(right)))
    if type(left) is str and not (left.isascii() and right.isascii()):
        left, right = left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass")
    return _ORDERS[symbol](left, right)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _span(left: Any, right: Any, frame: Frame) -> Any:
    for value, code in ((left, "T2003"), (right, "T2004")):
        whole = type(value) is int or (type(value) is float and value.is_integer())
        if value is not UNDEFINED and not whole:
            raise failure(code, value=value)
    if left is UNDEFINED or right is UNDEFINED or left > right:
        return UNDEFINED
    size = int(right) - int(left) + 1
    if size > 10_000_000:
        raise failure("D2014", value=size)
    frame.runtime.items(size)
    return unwrapped(Sequence(range(int(left), int(right) + 1)))


def _is_in(left: Any, right: Any, frame: Frame) -> bool:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    items = right if isinstance(right, list) else [right]
    frame.runtime.spend(len(items) // 4)
    if isinstance(left, (list, dict)):
        return any(item is left for item in items)
    return any(equals(item, left, frame.runtime) for item in items)


def _joined(left: Any, right: Any, frame: Frame) -> str:
    first = "" if left is UNDEFINED else left if type(left) is str else to_text(left, frame.runtime)
    second = "" if right is UNDEFINED else right if type(right) is str else to_text(right, frame.runtime)
    frame.runtime.text(len(first) + len(second))
    return first + second


@builds("binary")
def _binary(compiler: Compiler, node: Node, depth: int) -> Run:
    left, right = compiler.compile(node.lhs, depth + 1), compiler.compile(node.rhs, depth + 1)
    symbol = str(node.value)
    if symbol in ("+", "-", "*", "/", "%"):
        return _calculating(left, right, symbol)
    if symbol in _ORDERS:
        return lambda input, frame: compare(left(input, frame), right(input, frame), symbol, frame)
    return _OPERATORS[symbol](left, right)


def _calculating(left: Run, right: Run, symbol: str) -> Run:
    compute = _NUMERIC.get(symbol)
    if compute is None:
        return lambda input, frame: arithmetic(left(input, frame), right(input, frame), symbol, frame)

    def run(input: Any, frame: Frame) -> Any:
        one, other = left(input, frame), right(input, frame)
        if type(one) is int and type(other) is int:
            result = compute(one, other)
            if -SAFE_INTEGER <= result <= SAFE_INTEGER:
                return result
        return arithmetic(one, other, symbol, frame)

    return run


_OPERATORS: dict[str, Callable[[Run, Run], Run]] = {
    "=": lambda left, right: lambda input, frame: _are_equal(left(input, frame), right(input, frame), frame),
    "!=": lambda left, right: lambda input, frame: _differ(left(input, frame), right(input, frame), frame),
    "&": lambda left, right: lambda input, frame: _joined(left(input, frame), right(input, frame), frame),
    "..": lambda left, right: lambda input, frame: _span(left(input, frame), right(input, frame), frame),
    "in": lambda left, right: lambda input, frame: _is_in(left(input, frame), right(input, frame), frame),
    "and": lambda left, right: (
        lambda input, frame: to_boolean(left(input, frame), frame.runtime) and _second("and", right, input, frame)
    ),
    "or": lambda left, right: (
        lambda input, frame: to_boolean(left(input, frame), frame.runtime) or _second("or", right, input, frame)
    ),
}


def _second(symbol: str, right: Run, input: Any, frame: Frame) -> bool:
    try:
        return to_boolean(right(input, frame), frame.runtime)
    except JsonataError as error:
        raise error.within(symbol) from None


def _are_equal(left: Any, right: Any, frame: Frame) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and equals(left, right, frame.runtime)


def _differ(left: Any, right: Any, frame: Frame) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and not equals(left, right, frame.runtime)


@builds("negation")
def _negation(compiler: Compiler, node: Node, depth: int) -> Run:
    inner = compiler.compile(node.lhs, depth + 1)

    def run(input: Any, frame: Frame) -> Any:
        value = inner(input, frame)
        if value is UNDEFINED:
            return UNDEFINED
        if not is_number(value):
            raise failure("D1002", value=value)
        return -value

    return run


# Constructors, blocks and conditions


@builds("array")
def _array(compiler: Compiler, node: Node, depth: int) -> Run:
    parts = [(item.type == "array", compiler.compile(item, depth + 1)) for item in node.items]
    make = Constructed if node.is_constructor else list

    def run(input: Any, frame: Frame) -> Any:
        result: list[Any] = make()
        for is_array, part in parts:
            value = part(input, frame)
            if value is UNDEFINED:
                continue
            if isinstance(value, list) and not is_array:
                frame.runtime.items(len(result) + len(value))
                result.extend(value)
            else:
                if isinstance(value, (Function, Constructed)):
                    frame.runtime.is_plain = False
                result.append(value)
        return result

    return run


@builds("block")
def _block(compiler: Compiler, node: Node, depth: int) -> Run:
    is_last = compiler.is_last
    count = len(node.items)
    runs = [
        compiler.compile(item, depth + 1, is_last=is_last and position == count - 1)
        for position, item in enumerate(node.items)
    ]
    if count == 1 and node.items[0].type != "bind":
        return runs[0]

    def run(input: Any, frame: Frame) -> Any:
        inner = frame.inner({})
        result: Any = UNDEFINED
        for one in runs:
            result = one(input, inner)
        return result

    return run


@builds("bind")
def _bind(compiler: Compiler, node: Node, depth: int) -> Run:
    inner = compiler.compile(node.rhs, depth + 1)
    name = str(node.value)

    def run(input: Any, frame: Frame) -> Any:
        value = inner(input, frame)
        assert isinstance(frame.values, dict)
        frame.values[name] = value
        return value

    return run


@builds("condition")
def _condition(compiler: Compiler, node: Node, depth: int) -> Run:
    is_last = compiler.is_last
    test = compiler.compile(node.test, depth + 1)
    then = compiler.compile(node.lhs, depth + 1, is_last=is_last)
    otherwise = compiler.compile(node.rhs, depth + 1, is_last=is_last) if node.rhs is not None else None

    def run(input: Any, frame: Frame) -> Any:
        if to_boolean(test(input, frame), frame.runtime):
            return then(input, frame)
        return UNDEFINED if otherwise is None else otherwise(input, frame)

    return run
