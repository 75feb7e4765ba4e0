"""Functions of numbers and truth (docs.jsonata.org)."""

from __future__ import annotations

import math
import re
from typing import Any

from segue.languages.jsonata.errors import failure
from segue.languages.jsonata.functions import function
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.values import SAFE_INTEGER, UNDEFINED, js_number, plain, to_boolean, to_float

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?", re.ASCII)
_BASED = re.compile(r"0([xX][0-9A-Fa-f]+|[oO][0-7]+|[bB][0-1]+)", re.ASCII)


@function("sum", "<a<n>:n>", 1)
def sum_(runtime: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED:
        return UNDEFINED
    runtime.items(len(numbers))
    return _total(numbers)


def _total(numbers: list[Any]) -> Any:
    if all(type(number) is int for number in numbers):
        total = sum(numbers)
        if abs(total) <= SAFE_INTEGER:
            return total
    result = 0.0
    for number in numbers:
        result += to_float(number)
    return plain(result) if math.isfinite(result) else result


@function("count", "<a:n>", 1)
def count(runtime: Runtime, values: Any) -> Any:
    return 0 if values is UNDEFINED else len(values)


@function("max", "<a<n>:n>", 1)
def max_(runtime: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED or not numbers:
        return UNDEFINED
    runtime.items(len(numbers))
    return max(numbers)


@function("min", "<a<n>:n>", 1)
def min_(runtime: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED or not numbers:
        return UNDEFINED
    runtime.items(len(numbers))
    return min(numbers)


@function("average", "<a<n>:n>", 1)
def average(runtime: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED or not numbers:
        return UNDEFINED
    runtime.items(len(numbers))
    return plain(to_float(_total(numbers)) / len(numbers))


@function("number", "<(nsb)-:n>", 1)
def number(runtime: Runtime, value: Any) -> Any:
    if value is UNDEFINED or type(value) in (int, float):
        return value
    if type(value) is bool:
        return int(value)
    if type(value) is str and len(value) <= 400:
        if _DECIMAL.fullmatch(value):
            result = float(value)
            if math.isfinite(result):
                whole = int(value) if value.lstrip("-").isdecimal() else 0
                return whole if whole and abs(whole) <= SAFE_INTEGER else plain(result)
        elif _BASED.fullmatch(value):
            return plain(float(int(value, 0)))
    raise failure("D3030", value=value)


@function("abs", "<n-:n>", 1)
def abs_(runtime: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else abs(value)


@function("floor", "<n-:n>", 1)
def floor(runtime: Runtime, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else math.floor(value)


@function("ceil", "<n-:n>", 1)
def ceil(runtime: Runtime, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else math.ceil(value)


@function("round", "<n-n?:n>", 2)
def round_(runtime: Runtime, value: Any, precision: Any) -> Any:
    """Half to even, at the decimal digits that the number shows."""
    if value is UNDEFINED or not math.isfinite(value):
        return value
    if precision is not UNDEFINED and precision != int(precision):
        runtime.is_plain = False
        return math.nan
    digits = 0 if precision is UNDEFINED else math.trunc(max(-400, min(400, precision)))
    return rounded(value, digits)


def rounded(value: float, digits: int) -> int | float:
    """A number rounded half to even, by its decimal digits."""
    shifted = _shift(value, digits)
    if not math.isfinite(shifted):
        return plain(to_float(value))
    return plain(_shift(float(round(shifted)), -digits))


def _shift(value: float, digits: int) -> float:
    mantissa, _, exponent = js_number(value).partition("e")
    return float(f"{mantissa}e{int(exponent or 0) + digits}")


@function("sqrt", "<n-:n>", 1)
def sqrt(runtime: Runtime, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise failure("D3060", value=value)
    return plain(math.sqrt(to_float(value)))


@function("power", "<n-n:n>", 2)
def power(runtime: Runtime, base: Any, exponent: Any) -> Any:
    if base is UNDEFINED:
        return UNDEFINED
    if exponent is UNDEFINED:
        raise failure("D3061", value=base, exp=None)
    try:
        result = math.pow(to_float(base), to_float(exponent))
    except (OverflowError, ValueError):
        result = math.inf
    if not math.isfinite(result):
        raise failure("D3061", value=base, exp=exponent)
    return plain(result)


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@function("formatBase", "<n-n?:s>", 2)
def format_base(runtime: Runtime, value: Any, radix: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    base = 10 if radix is UNDEFINED else int(rounded(radix, 0))
    if not 2 <= base <= 36:
        raise failure("D3100", value=base)
    left = int(rounded(value, 0))
    sign, left = ("-", -left) if left < 0 else ("", left)
    digits = ""
    while left:
        left, digit = divmod(left, base)
        digits = _DIGITS[digit] + digits
    return sign + (digits or "0")


@function("boolean", "<x-:b>", 1)
def boolean(runtime: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else to_boolean(value, runtime)


@function("not", "<x-:b>", 1)
def not_(runtime: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else not to_boolean(value, runtime)


@function("exists", "<x:b>", 1)
def exists(runtime: Runtime, value: Any) -> bool:
    return value is not UNDEFINED
