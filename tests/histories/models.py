"""What is promised, as models: see :data:`~tests.histories.linearizable.Model`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.histories.history import UNKNOWN, Operation

REFUSED = "refused"


def cell(state: Any, operation: Operation) -> Iterator[Any]:
    """One value that is read, created where there is none, exchanged for another, added to, and removed: an item of a
    table, an object of a bucket (``None``: it is not there)."""
    given, result = operation.given, operation.result
    if operation.name == "read":
        after = state
        told = state
    elif operation.name == "create":
        after, told = (given, given) if state is None else (state, REFUSED)
    elif operation.name == "swap":
        old, new = given
        after, told = (new, new) if state == old else (state, REFUSED)
    elif operation.name == "add":
        after = told = (state or 0) + given
    else:
        after = told = None
    if result is UNKNOWN or result == told:
        yield after


def purse(state: Any, operation: Operation) -> Iterator[Any]:
    """Two counters, the first of which is never below nothing: what one loses the other gets."""
    first, second = state
    if operation.name == "read":
        if operation.result in (UNKNOWN, state):
            yield state
    elif first >= operation.given:
        if operation.result in (UNKNOWN, True):
            yield first - operation.given, second + operation.given
    elif operation.result in (UNKNOWN, REFUSED):
        yield state


def started(state: Any, operation: Operation) -> Iterator[Any]:
    """An execution under a name: the same request gets the same answer, another input is refused. The state is its
    input and when it was started (``None``: nobody has been told yet)."""
    result = operation.result
    if state is None:
        if result != REFUSED:
            yield operation.given, None if result is UNKNOWN else result
        return
    given, at = state
    if result is UNKNOWN or (result == REFUSED and given != operation.given):
        yield state
    elif given == operation.given and result != REFUSED and at in (None, result):
        yield given, result


def token(state: Any, operation: Operation) -> Iterator[Any]:
    """A task that is answered once. The state is who has answered it, and whether its execution was seen to have ended,
    which does not have to be at once."""
    answer, ended = state
    result = operation.result
    if operation.name == "describe":
        if result is UNKNOWN or (result is None and not ended):
            yield state
        elif answer is not None and result == answer:
            yield answer, True
    elif operation.name == "heartbeat":
        if result is UNKNOWN or (result == REFUSED) == (answer is not None):
            yield state
    elif answer is None:
        if result != REFUSED:
            yield operation.given, False
    elif result in (UNKNOWN, REFUSED):
        yield state


class Line(NamedTuple):
    """A FIFO queue of one group: what is in it, what was ever accepted, and who holds the first message from when to
    when (the latest moment at which its visibility timeout may begin and end; the earliest at which it may end)."""

    bodies: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    held_until_earliest: float = 0.0
    held_until_latest: float = 0.0


def line(visibility_timeout_seconds: float) -> Any:
    """The model of such a queue."""

    def model(state: Any, operation: Operation) -> Iterator[Any]:
        result = operation.result
        if operation.name == "send":
            if operation.given in state.accepted:  # a repeated deduplication id
                yield state
            else:
                bodies, accepted = (*state.bodies, operation.given), state.accepted | {operation.given}
                yield state._replace(bodies=bodies, accepted=accepted)
        elif operation.name == "delete":
            if state.bodies[:1] == (operation.given,):
                yield Line(state.bodies[1:], state.accepted)
            elif operation.given not in state.bodies:
                yield state
        elif result is None:
            if not state.bodies or state.held_until_latest > operation.asked:
                yield state
        elif state.bodies and state.held_until_earliest <= operation.answered and result in (UNKNOWN, state.bodies[0]):
            yield state._replace(
                held_until_earliest=operation.asked + visibility_timeout_seconds,
                held_until_latest=operation.answered + visibility_timeout_seconds,
            )

    return model


def held_twice(operations: Sequence[Operation]) -> list[str]:
    """Messages of a queue that one client had received and another received as well, although the first one's
    visibility timeout cannot have ended, or that were received after they were deleted. In words.

    ``receive`` is given the visibility timeout in seconds, and comes to the messages' bodies; ``delete`` is given one.
    """
    problems: list[str] = []
    held: dict[str, float] = {}
    deleted = {one.given: one.answered for one in operations if one.name == "delete" and one.result is not UNKNOWN}
    received = (one for one in operations if one.name == "receive" and one.result is not UNKNOWN)
    for one in sorted(received, key=lambda one: one.asked):
        for body in one.result:
            if one.answered < held.get(body, 0.0):
                problems.append(f"{body} is held until {held[body]:.4f} at least, and is received again: {one}")
            if one.asked > deleted.get(body, float("inf")):
                problems.append(f"{body} was deleted at {deleted[body]:.4f}, and is received: {one}")
            held[body] = max(held.get(body, 0.0), one.asked + one.given)
    return problems
