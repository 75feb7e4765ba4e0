"""What must be true of topics' rows between any two transactions."""

from __future__ import annotations

from collections.abc import Iterator

from segue.services.sns.service import SERVICE
from segue.store import Transaction


@SERVICE.invariant
def nothing_outlives_its_topic(tx: Transaction) -> Iterator[str]:
    """Subscriptions, tokens that restore one, and archives are a topic's."""
    for table, what in (("sns_subscriptions", "arn"), ("sns_unsubscribed", "token"), ("sns_archive", "topic")):
        sql = f"SELECT {what}, topic FROM {table} WHERE topic NOT IN (SELECT arn FROM sns_topics)"
        for name, topic in tx.all(sql):
            yield f"{table}: {name} is of the topic {topic}, which is not there"


@SERVICE.invariant
def replays_go_on(tx: Transaction) -> Iterator[str]:
    """A replay that has not come to its end has a job."""
    running = "SELECT key FROM jobs WHERE kind = 'sns:replay'"
    sql = f"SELECT subscription FROM sns_replays WHERE status <> 'Completed' AND subscription NOT IN ({running})"
    for (subscription,) in tx.all(sql):
        yield f"{subscription}: its replay stands still"
