"""What FIFO topics keep of their messages, and play to a subscription once more.

A topic with an ``ArchivePolicy`` keeps its messages for so many days. A subscription's ``ReplayPolicy`` has those of a
stretch of time delivered to it, in their order, by a job, a piece at a time; what is published meanwhile waits until it
has caught up, so that the order stays. Replayed messages say so (``Replayed``).

Source: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-archiving-replay.html and
message-archiving-and-replay-subscriber.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import msgpack

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.sns import records
from segue.services.sns.arns import invalid
from segue.services.sns.notifications import Message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import SERVICE
from segue.store import Transaction

_DAY_MS: Final = 86_400_000
_PIECE: Final = 50
_JOB: Final = "sns:replay"
_FORGOTTEN_AT_ONCE: Final = 500

Play = Callable[[Call, Topic, Subscription, Message], None]


def check_archive_policy(text: str) -> None:
    """Raise ``InvalidParameter`` where a topic's ``ArchivePolicy`` is none."""
    if _days(text) is None:
        raise invalid("ArchivePolicy: MessageRetentionPeriod must be between 1 and 365")


def beginning(call: Call, topic: Topic) -> str | None:
    """From when on there are messages to replay (``BeginningArchiveTime``), if any are kept."""
    if "ArchivePolicy" not in topic.attributes:
        return None
    row = call.tx.one("SELECT id FROM sns_archive WHERE topic = ? ORDER BY id LIMIT 1", topic.arn)
    at_ms = call.now_ms if row is None else row[0] >> 22
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03d}Z"


def keep(call: Call, topic: Topic, message: Message) -> None:
    """Keep a message, if its topic has an archive or somebody is still to get it in his turn."""
    if "ArchivePolicy" in topic.attributes or _is_played_to_somebody(call.tx, topic.arn):
        content = msgpack.packb(asdict(message))
        # Behind what is kept already, so that a replay passes over nothing that another node writes meanwhile.
        newest = call.tx.one("SELECT MAX(id) FROM sns_archive WHERE topic = ?", topic.arn)
        call.tx.ids.resume(newest[0] or 0 if newest else 0)
        row_id = call.tx.ids.ordered(call.now_ms)
        call.tx.run("INSERT INTO sns_archive VALUES (?, ?, ?)", topic.arn, row_id, content)


def waits(tx: Transaction, subscription: Subscription) -> bool:
    """Whether a subscription gets what is published now only when its replay has come to it."""
    return "ReplayPolicy" in subscription.attributes and status(tx, subscription) in ("Pending", "In progress")


def status(tx: Transaction, subscription: Subscription) -> str:
    """How far a subscription's replay is (``ReplayStatus``); empty where there is none."""
    row = tx.one("SELECT status FROM sns_replays WHERE subscription = ?", subscription.arn)
    return "" if row is None else str(row[0])


def check_replay_policy(text: str, topic: Topic | None) -> None:
    """Raise ``InvalidParameter`` where a subscription's ``ReplayPolicy`` is none, or its topic keeps nothing."""
    if topic is None or "ArchivePolicy" not in topic.attributes:
        raise invalid("Attributes Reason: ReplayPolicy: The topic does not have an active archive")
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict) or policy.get("PointType") != "Timestamp":
        raise invalid("Attributes Reason: ReplayPolicy: PointType must be Timestamp")
    first = _at(policy.get("StartingPoint"))
    last = _at(policy["EndingPoint"]) if policy.get("EndingPoint") is not None else first
    if first is None or last is None or last < first:
        raise invalid("Attributes Reason: ReplayPolicy: StartingPoint and EndingPoint must be timestamps in order")


def begin_replay(call: Call, subscription: Subscription) -> None:
    """Have the messages that a subscription's policy names delivered to it; an earlier replay is over."""
    stop_replay(call, subscription)
    policy = json.loads(subscription.attributes["ReplayPolicy"])
    ending = _at(policy.get("EndingPoint"))
    began = call.tx.ids.ordered(call.now_ms)
    last = began if ending is None else min(began, (ending + 1 << 22) - 1)
    call.tx.run("INSERT INTO sns_replays VALUES (?, 'Pending')", subscription.arn)
    first = (_at(policy["StartingPoint"]) or 0) << 22
    jobs.enqueue(call.tx, _JOB, subscription.arn, [min(first - 1, last), last, began], trace=call.trace)


def stop_replay(call: Call, subscription: Subscription) -> None:
    """Deliver only what is published from now on."""
    jobs.cancel(call.tx, _JOB, subscription.arn)
    call.tx.run("DELETE FROM sns_replays WHERE subscription = ?", subscription.arn)


def replay_piece(call: Call, job: Job, play: Play) -> Again | None:
    """Deliver a piece: of what is replayed, then of what was published meanwhile."""
    after, last, began = job.payload
    subscription = records.subscription_of(call.tx, job.key)
    topic = records.topic_of(call.tx, subscription.topic) if subscription is not None else None
    if subscription is None or topic is None:
        return None
    replayed = after < last
    rows = call.tx.all(
        "SELECT id, message FROM sns_archive WHERE topic = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
        topic.arn,
        after,
        last if replayed else (1 << 63) - 1,
        _PIECE,
    )
    for _, content in rows:
        plain: dict[str, Any] = msgpack.unpackb(content)
        play(call, topic, subscription, Message(**{**plain, "replayed": replayed}))
    if replayed or len(rows) == _PIECE:
        _mark(call, subscription, "In progress")
        whole = replayed and (len(rows) < _PIECE or rows[-1][0] == last)
        return Again(call.now_ms, [max(began, last) if whole else rows[-1][0], last, began])
    _mark(call, subscription, "Completed")
    return None


@SERVICE.housekeeping.append
def forget_archived(call: Call, after: str | None) -> str | None:
    """Forget a piece of what the first topic behind one has kept for as long as it should; where to go on."""
    first = call.tx.one("SELECT topic FROM sns_archive WHERE topic > ? ORDER BY topic LIMIT 1", after or "")
    if first is None:
        return None
    arn = str(first[0])
    topic = records.topic_of(call.tx, arn)
    days = _days(topic.attributes.get("ArchivePolicy", "")) if topic is not None else None
    oldest_ms = call.now_ms - (days or 0) * _DAY_MS
    if days is None and _is_played_to_somebody(call.tx, arn):
        return arn
    sql = "SELECT id FROM sns_archive WHERE topic = ? AND id < ? ORDER BY id LIMIT ?"
    rows = call.tx.all(sql, arn, oldest_ms << 22, _FORGOTTEN_AT_ONCE)
    if rows:
        call.tx.run("DELETE FROM sns_archive WHERE topic = ? AND id <= ?", arn, rows[-1][0])
    return arn if len(rows) < _FORGOTTEN_AT_ONCE else after or " "


def refuse_deletion(topic: Topic) -> None:
    """Raise ``InvalidState`` where a topic still keeps messages."""
    if "ArchivePolicy" in topic.attributes:
        raise AwsError("InvalidState", "Cannot delete a topic with an active ArchivePolicy: remove the policy first")


def _mark(call: Call, subscription: Subscription, state: str) -> None:
    call.tx.run("UPDATE sns_replays SET status = ? WHERE subscription = ?", state, subscription.arn)


def _is_played_to_somebody(tx: Transaction, topic_arn: str) -> bool:
    sql = (
        "SELECT 1 FROM sns_replays JOIN sns_subscriptions ON sns_subscriptions.arn = sns_replays.subscription"
        " WHERE sns_subscriptions.topic = ? AND sns_replays.status <> 'Completed' LIMIT 1"
    )
    return tx.one(sql, topic_arn) is not None


def _days(text: str) -> int | None:
    """The days that a policy keeps messages for, which may stand there as text."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        return None
    days = str(policy.get("MessageRetentionPeriod")) if isinstance(policy, dict) else ""
    return int(days) if days.isascii() and days.isdigit() and len(days) <= 3 and 1 <= int(days) <= 365 else None


def _at(text: Any) -> int | None:
    """A timestamp in milliseconds; what is before all archives as the beginning of time."""
    try:
        at = datetime.fromisoformat(text)
        return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000))
    except (TypeError, ValueError, OverflowError):
        return None
