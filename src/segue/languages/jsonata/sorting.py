"""Merge sort: each question is asked as the reference asks it, so that the same pair of values fails first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def merge_sorted(items: list[T], is_behind: Callable[[T, T], bool]) -> list[T]:
    """The items in order; equal ones keep theirs.

    Args:
        items: what to sort.
        is_behind: whether the first of two belongs behind the second.
    """
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left, right = merge_sorted(items[:middle], is_behind), merge_sorted(items[middle:], is_behind)
    merged: list[T] = []
    one = other = 0
    while one < len(left) and other < len(right):
        if is_behind(left[one], right[other]):
            merged.append(right[other])
            other += 1
        else:
            merged.append(left[one])
            one += 1
    return [*merged, *left[one:], *right[other:]]
