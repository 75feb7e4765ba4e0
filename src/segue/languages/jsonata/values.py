"""JSONata's values in Python: JSON's own, UNDEFINED, sequences, functions; numbers and texts as JavaScript has them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, Protocol

from segue.languages.jsonata.errors import failure


class Undefined:
    """Nothing, where null would be something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class Sequence(list[Any]):
    """What a path or a function gathers: of none it is nothing, of one it is that one, unless it ``keeps`` its form.

    ``is_tuples`` says that the items are bindings of a step with ``@``, ``#`` or ``%``.
    """

    __slots__ = ("is_tuples", "keeps")

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.keeps = False
        self.is_tuples = False


class Constructed(list[Any]):
    """An array written in the expression at the end of a path: it is not dissolved into the sequence around it."""

    __slots__ = ()


class Function:
    """What can be called; see ``functions`` and ``evaluation``.

    Attributes:
        arity: how many arguments it looks at.
    """

    __slots__ = ("arity",)

    def __init__(self, arity: int) -> None:
        self.arity = arity


def is_number(value: Any) -> bool:
    """Whether it is a number; infinity is refused, as the reference does wherever it looks.

    Raises:
        JsonataError: it is infinite.
    """
    kind = type(value)
    if kind is int:
        return True
    if kind is not float or math.isnan(value):
        return False
    if math.isinf(value):
        raise failure("D1001", value=None)
    return True


def is_array(value: Any) -> bool:
    return isinstance(value, list)


def plain(number: float) -> int | float:
    """A result of arithmetic: whole numbers as integers, as JavaScript writes them."""
    if number.is_integer() and abs(number) < 1e21:
        return int(number)
    return number


def to_float(number: float) -> float:
    """A number as a double; one too large for it is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


SAFE_INTEGER: Final = 2**53
"""Up to here, doubles count every integer."""


class Counter(Protocol):
    """Counts work: ``runtime.Runtime``."""

    def spend(self, steps: int) -> None: ...

    def text(self, length: int) -> None: ...


def to_boolean(value: Any, counter: Counter) -> bool:
    """The truth of a value; of nothing: false."""
    kind = type(value)
    if kind is bool or kind is str:
        return bool(value)
    if isinstance(value, list):
        if len(value) == 1:
            return to_boolean(value[0], counter)
        for item in value:
            counter.spend(1)
            if to_boolean(item, counter):
                return True
        return False
    if kind is dict:
        return bool(value)
    return is_number(value) and bool(value != 0)


def equals(left: Any, right: Any, counter: Counter) -> bool:
    """Deep equality: numbers by value, arrays in order, objects by key. Functions equal only themselves."""
    if left is right:
        return True
    kind = type(left)
    if kind is str:
        if type(right) is not str or len(left) != len(right):
            return False
        counter.text(len(left))
        return bool(left == right)
    if kind in (int, float):
        return type(right) in (int, float) and bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        counter.spend(1)
        if len(left) != len(right):
            return False
        for one, other in zip(left, right, strict=True):
            counter.spend(1)
            if not equals(one, other, counter):
                return False
        return True
    if kind is dict and type(right) is dict:
        counter.spend(1)
        if left.keys() != right.keys():
            return False
        for key, value in left.items():
            counter.spend(1)
            if not equals(value, right[key], counter):
                return False
        return True
    return kind is bool and type(right) is bool and bool(left == right)


def key_of(value: Any) -> Any:
    """A hashable thing that is equal for equal JSON values."""
    if isinstance(value, list):
        return ("a", tuple(map(key_of, value)))
    kind = type(value)
    if kind is dict:
        return ("o", frozenset((key, key_of(item)) for key, item in value.items()))
    if kind is bool:
        return ("b", value)
    return value


def lookup(value: Any, key: str, counter: Counter) -> Any:
    """The member of an object, or those of all objects in an array, as a sequence."""
    if type(value) is dict:
        return value.get(key, UNDEFINED)
    if not isinstance(value, list):
        return UNDEFINED
    found = Sequence()
    counter.spend(len(value))
    for item in value:
        one = item.get(key, UNDEFINED) if type(item) is dict else lookup(item, key, counter)
        if one is UNDEFINED:
            continue
        if isinstance(one, list):
            counter.spend(len(one) // 8)
            found.extend(one)
        else:
            found.append(one)
    return found


def unwrapped(value: Any) -> Any:
    """What is left of a sequence when it leaves an evaluation."""
    if type(value) is Sequence and not value.is_tuples:
        count = len(value)
        if count == 0:
            return UNDEFINED
        if count == 1 and not value.keeps:
            return value[0]
    return value


def append(left: Any, right: Any) -> Any:
    """Both as one array; nothing adds nothing."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    first = left if isinstance(left, list) else [left]
    second = right if isinstance(right, list) else [right]
    return [*first, *second]


def js_number(number: float) -> str:
    """A number as JavaScript writes it: ``1e+21``, ``1e-7``, ``100000000000000000000``."""
    if type(number) is int and abs(number) < SAFE_INTEGER:
        return str(number)
    number = to_float(number)
    if math.isinf(number) or math.isnan(number):
        return "null"
    if number == 0:
        return "0"
    mantissa, _, power = f"{number!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    if fraction == "0":
        fraction = ""
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))  # digits before the point
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    exponent = point - 1
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"
