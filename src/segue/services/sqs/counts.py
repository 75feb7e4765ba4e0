"""How much is in a queue, about: counting a long one takes its time, so that what was counted is good for a while.

AWS's numbers are approximate, too, and some seconds behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from segue.api import Api, Call
from segue.services.sqs import records
from segue.services.sqs.records import Depth, Queue
from segue.store import Transaction

_MANY: Final = 10_000
"""A queue with less is counted whenever somebody asks."""
_REST_PER_MS: Final = 100
"""What was counted is good for a hundredth of a millisecond for each message: many times as long as counting took."""
_QUEUES: Final = 10_000
_IN_FLIGHT: Final = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM sqs_messages WHERE queue = ? AND visible_at > ?{} LIMIT ?) AS hidden"
)


@dataclass(slots=True)
class _Counted:
    """What one server has counted.

    Attributes:
        depths: by queue (its ARN, and when it was changed and purged): when it was counted, and what was in it.
        rooms: by queue: how many more receives need not count what is in flight (ten messages each at most), and where
            none may receive, until when none counts again.
    """

    depths: dict[tuple[str, int, int], tuple[int, Depth]] = field(default_factory=dict)
    rooms: dict[str, tuple[int, int]] = field(default_factory=dict)


_counted: WeakKeyDictionary[Api, _Counted] = WeakKeyDictionary()


def depth(call: Call, queue: Queue) -> Depth:
    """What is in the queue."""
    depths = _of(call.api).depths
    key = queue.arn, queue.modified_at_ms, queue.purged_at_ms
    at_ms, known = depths.get(key, (0, None))
    if known is not None and at_ms <= call.now_ms < at_ms + known.total // _REST_PER_MS:
        return known
    found = records.depth(call.tx, queue)
    if len(depths) > _QUEUES:
        depths.clear()
    if found.total >= _MANY:
        depths[key] = call.now_ms, found
    return found


def has_room(call: Call, queue: Queue) -> bool:
    """Whether fewer messages are in flight than may be, give or take one in a hundred."""
    limit = call.limits.queue_in_flight_messages
    rooms = _of(call.api).rooms
    left, full_until_ms = rooms.get(queue.arn, (0, 0))
    rest_ms = limit // _REST_PER_MS
    if not left and not call.now_ms < full_until_ms <= call.now_ms + rest_ms:
        if len(rooms) > _QUEUES:
            rooms.clear()
        in_flight = _in_flight(call.tx, queue, limit)
        if in_flight < limit:
            left = 1 + max((limit - in_flight) // 10, limit // 1_000)
        full_until_ms = call.now_ms + rest_ms
    rooms[queue.arn] = max(left - 1, 0), full_until_ms if not left else 0
    return left > 0


def _of(api: Api) -> _Counted:
    known = _counted.get(api)
    if known is None:
        known = _counted[api] = _Counted()
    return known


def _in_flight(tx: Transaction, queue: Queue, limit: int) -> int:
    """How many messages are in flight, if they are ``limit``; if they are less, at least so many."""
    count = 0
    for condition in ("", " AND receive_count > 0"):  # the index says how many are hidden, the rows which by a delay
        row = tx.one(_IN_FLIGHT.format(condition), queue.arn, tx.now_ms, limit)
        count = int(row[0]) if row else 0
        if count < limit:
            break
    return count
