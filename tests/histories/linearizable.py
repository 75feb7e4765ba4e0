"""Whether a history is linearizable: whether each operation can have happened at one moment between its being asked for
and its answer, such that all of them, in the order of these moments, are answered as the model would.

The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was visited
("Testing for linearizability", 2017). Histories are of one key, and short.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from tests.histories.history import UNKNOWN, Operation

Model = Callable[[Hashable, Operation], Iterable[Hashable]]
"""Of a state and an operation: the states in which things may be when it has happened with that result; none where it
cannot have had that result. With the result ``UNKNOWN``: the states if it has happened."""


def stuck(operations: Sequence[Operation], model: Model, start: Hashable) -> list[Operation]:
    """Nothing where the history is linearizable; else the longest order that could be found, and then what follows none
    of its kind: the operations one of which had to be next.
    """
    known = sum(1 << number for number, one in enumerate(operations) if one.result is not UNKNOWN)
    seen: set[tuple[int, Hashable]] = set()
    todo: list[tuple[int, Hashable, tuple[int, ...]]] = [(0, start, ())]
    longest: tuple[int, ...] = ()
    while todo:
        done, state, order = todo.pop()
        if done & known == known:
            return []
        if len(order) > len(longest):
            longest = order
        for number in _next(operations, done):
            for after in model(state, operations[number]):
                place = (done | 1 << number, after)
                if place not in seen and (after != state or operations[number].result is not UNKNOWN):
                    seen.add(place)
                    todo.append((*place, (*order, number)))
    done = sum(1 << number for number in longest)
    return [operations[number] for number in (*longest, *_next(operations, done))]


def _next(operations: Sequence[Operation], done: int) -> list[int]:
    """Which may be next: those asked for before any other that is left was answered; the likeliest, which was answered
    first, comes last, and is tried first."""
    left = [number for number in range(len(operations)) if not done >> number & 1]
    earliest = min((operations[number].answered for number in left), default=0.0)
    able = [number for number in left if operations[number].asked <= earliest]
    return sorted(able, key=lambda number: operations[number].answered, reverse=True)
