"""Functions that may end a path (``$.items.length()``), after Jayway."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


class NotApplicable(Exception):
    """The function has no value for this argument; the path then finds nothing."""


def _length(value: Any) -> int:
    if isinstance(value, (list, dict)):
        return len(value)
    raise NotApplicable


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(value)
    raise NotApplicable


def _over_numbers(compute: Callable[[list[float]], float]) -> Callable[[Any], float]:
    def aggregate(value: Any) -> float:
        numbers = (
            [n for n in value if isinstance(n, (int, float)) and not isinstance(n, bool)]
            if isinstance(value, list)
            else []
        )
        if not numbers:
            raise NotApplicable
        return float(compute(numbers))

    return aggregate


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _standard_deviation(numbers: list[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(math.fsum((n - mean) ** 2 for n in numbers) / len(numbers))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "min": _over_numbers(min),
    "max": _over_numbers(max),
    "sum": _over_numbers(math.fsum),
    "avg": _over_numbers(_mean),
    "stddev": _over_numbers(_standard_deviation),
}
