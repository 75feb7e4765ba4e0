"""The tables: topics, subscriptions, what FIFO topics remember, and mobile push and SMS settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from segue.api.deduplication import forget_messages
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE sns_topics (
        arn TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        attributes TEXT NOT NULL,
        secret TEXT NOT NULL,
        deleted_subscriptions BIGINT NOT NULL DEFAULT 0
    );
    CREATE TABLE sns_subscriptions (
        arn TEXT PRIMARY KEY,
        id BIGINT NOT NULL,
        topic TEXT NOT NULL,
        protocol TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        owner TEXT NOT NULL,
        principal TEXT NOT NULL,
        pending BIGINT NOT NULL,
        authenticated BIGINT NOT NULL,
        token TEXT NOT NULL,
        attributes TEXT NOT NULL
    );
    CREATE INDEX sns_subscriptions_topic ON sns_subscriptions (topic, id);
    CREATE INDEX sns_subscriptions_token ON sns_subscriptions (token);
    CREATE TABLE sns_platform_applications (
        arn TEXT PRIMARY KEY,
        attributes TEXT NOT NULL
    );
    CREATE TABLE sns_platform_endpoints (
        arn TEXT PRIMARY KEY,
        application TEXT NOT NULL,
        attributes TEXT NOT NULL
    );
    CREATE INDEX sns_platform_endpoints_application ON sns_platform_endpoints (application, arn);
    CREATE TABLE sns_sms_attributes (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    """,
    """
    CREATE TABLE sns_signing_keys (
        id BIGINT PRIMARY KEY,
        private_key BYTEA NOT NULL,
        certificate_name TEXT NOT NULL,
        certificate TEXT NOT NULL
    );
    CREATE TABLE sns_endpoint_slots (
        subscription TEXT PRIMARY KEY,
        next_at BIGINT NOT NULL
    );
    CREATE TABLE sns_unsubscribed (
        token TEXT PRIMARY KEY,
        topic TEXT NOT NULL,
        subscription TEXT NOT NULL
    );
    CREATE INDEX sns_unsubscribed_topic ON sns_unsubscribed (topic);
    """,
    """
    CREATE TABLE sns_data_protection (
        topic TEXT PRIMARY KEY,
        policy TEXT NOT NULL
    );
    CREATE TABLE sns_archive (
        topic TEXT NOT NULL,
        id BIGINT NOT NULL,
        message BYTEA NOT NULL,
        PRIMARY KEY (topic, id)
    );
    CREATE TABLE sns_replays (
        subscription TEXT PRIMARY KEY,
        status TEXT NOT NULL
    );
    """,
)

PARTITION_KEYS = {"sns_archive": "topic"}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. ``attributes`` are those that were set."""

    arn: str
    owner: str
    attributes: Mapping[str, str]
    deleted_subscriptions: int

    @property
    def fifo(self) -> bool:
        """Whether messages keep their groups' order."""
        return self.attributes.get("FifoTopic") == "true"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription. ``attributes`` are those that were set."""

    arn: str
    id: int
    topic: str
    protocol: str
    endpoint: str
    owner: str
    principal: str
    pending: bool
    authenticated: bool
    token: str
    attributes: Mapping[str, str]
    raw: bool
    dead_letter_arn: str


_SUBSCRIPTION = "arn, id, topic, protocol, endpoint, owner, principal, pending, authenticated, token, attributes"


@lru_cache(maxsize=4_096)
def _topic(row: Row) -> Topic:
    # Keyed by the row's content, so that a cached topic is right whatever transaction read the row.
    arn, owner, attributes, deleted = row
    return Topic(arn, owner, json.loads(attributes), deleted)


@lru_cache(maxsize=16_384)
def _subscription(row: Row) -> Subscription:
    arn, row_id, topic, protocol, endpoint, owner, principal, pending, authenticated, token, text = row
    attributes: dict[str, str] = json.loads(text)
    return Subscription(
        arn=arn,
        id=row_id,
        topic=topic,
        protocol=protocol,
        endpoint=endpoint,
        owner=owner,
        principal=principal,
        pending=bool(pending),
        authenticated=bool(authenticated),
        token=token,
        attributes=attributes,
        raw=attributes.get("RawMessageDelivery") == "true",
        dead_letter_arn=json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn", ""),
    )


def topic_of(tx: Transaction, arn: str) -> Topic | None:
    """The topic, or ``None``."""
    row = tx.one("SELECT arn, owner, attributes, deleted_subscriptions FROM sns_topics WHERE arn = ?", arn)
    return None if row is None else _topic(tuple(row))


def make_topic(tx: Transaction, arn: str, owner: str, attributes: Mapping[str, str]) -> None:
    """A new topic."""
    sql = "INSERT INTO sns_topics (arn, owner, attributes, secret) VALUES (?, ?, ?, '')"  # nothing is keyed by it now
    tx.run(sql, arn, owner, json.dumps(attributes))


def set_topic_attributes(tx: Transaction, arn: str, attributes: Mapping[str, str]) -> None:
    """Replace a topic's attributes."""
    tx.run("UPDATE sns_topics SET attributes = ? WHERE arn = ?", json.dumps(attributes), arn)


def topics_after(tx: Transaction, prefix: str, after_arn: str, limit: int) -> list[str]:
    """ARNs of topics that start with ``prefix``, in order, after ``after_arn``."""
    rows = tx.all(
        "SELECT arn FROM sns_topics WHERE arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?",
        prefix,
        prefix + "\U0010ffff",
        after_arn,
        limit,
    )
    return [row[0] for row in rows]


def subscription_of(tx: Transaction, arn: str) -> Subscription | None:
    """The subscription, or ``None``."""
    row = tx.one(f"SELECT {_SUBSCRIPTION} FROM sns_subscriptions WHERE arn = ?", arn)
    return None if row is None else _subscription(tuple(row))


def subscription_by_token(tx: Transaction, topic: str, token: str) -> Subscription | None:
    """The subscription that ``token`` confirms, or ``None``."""
    row = tx.one(f"SELECT {_SUBSCRIPTION} FROM sns_subscriptions WHERE token = ? AND topic = ?", token, topic)
    return None if row is None else _subscription(tuple(row))


def subscriptions_of(tx: Transaction, topic: str, after_id: int = 0, limit: int = 1_000_000) -> list[Subscription]:
    """A topic's subscriptions, oldest first."""
    rows = tx.all(
        f"SELECT {_SUBSCRIPTION} FROM sns_subscriptions WHERE topic = ? AND id > ? ORDER BY id LIMIT ?",
        topic,
        after_id,
        limit,
    )
    return [_subscription(tuple(row)) for row in rows]


def subscriptions_after(tx: Transaction, prefix: str, after_arn: str, limit: int) -> list[Subscription]:
    """Subscriptions whose ARN starts with ``prefix``, in order, after ``after_arn``."""
    rows = tx.all(
        f"SELECT {_SUBSCRIPTION} FROM sns_subscriptions WHERE arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?",
        prefix,
        prefix + "\U0010ffff",
        after_arn,
        limit,
    )
    return [_subscription(tuple(row)) for row in rows]


def save_subscription(tx: Transaction, subscription: Subscription) -> None:
    """Make the subscription, or replace it."""
    tx.run(
        f"INSERT INTO sns_subscriptions ({_SUBSCRIPTION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET pending = excluded.pending, authenticated = excluded.authenticated,"
        " attributes = excluded.attributes",
        subscription.arn,
        subscription.id,
        subscription.topic,
        subscription.protocol,
        subscription.endpoint,
        subscription.owner,
        subscription.principal,
        int(subscription.pending),
        int(subscription.authenticated),
        subscription.token,
        json.dumps(subscription.attributes),
    )


def keep_unsubscribed(tx: Transaction, subscription: Subscription) -> None:
    """Remember a subscription that is gone, under a token that restores it."""
    plain = asdict(subscription)
    tx.run("INSERT INTO sns_unsubscribed VALUES (?, ?, ?)", subscription.token, subscription.topic, json.dumps(plain))


def unsubscribed(tx: Transaction, topic: str, token: str) -> Subscription | None:
    """The subscription that is gone and that ``token`` restores, or ``None``."""
    row = tx.one("SELECT subscription FROM sns_unsubscribed WHERE token = ? AND topic = ?", token, topic)
    return None if row is None else Subscription(**json.loads(row[0]))


def forget_unsubscribed(tx: Transaction, token: str) -> None:
    """The token restores nothing any more."""
    tx.run("DELETE FROM sns_unsubscribed WHERE token = ?", token)


def delete_subscription(tx: Transaction, subscription: Subscription) -> None:
    """The subscription is gone; its topic counts it."""
    tx.run("DELETE FROM sns_subscriptions WHERE arn = ?", subscription.arn)
    for table in ("sns_endpoint_slots", "sns_replays"):
        tx.run(f"DELETE FROM {table} WHERE subscription = ?", subscription.arn)
    tx.run("UPDATE sns_topics SET deleted_subscriptions = deleted_subscriptions + 1 WHERE arn = ?", subscription.topic)


def delete_topic(tx: Transaction, arn: str) -> None:
    """The topic and its subscriptions are gone."""
    tx.run("DELETE FROM sns_topics WHERE arn = ?", arn)
    of_topic = "SELECT arn FROM sns_subscriptions WHERE topic = ?"
    for table in ("sns_endpoint_slots", "sns_replays"):
        tx.run(f"DELETE FROM {table} WHERE subscription IN ({of_topic})", arn)
    tx.run("DELETE FROM sns_subscriptions WHERE topic = ?", arn)
    for table in ("sns_unsubscribed", "sns_data_protection", "sns_archive"):
        tx.run(f"DELETE FROM {table} WHERE topic = ?", arn)
    forget_messages(tx, arn)


def policy_of(tx: Transaction, arn: str) -> str | None:
    """The topic's policy document, for authorization."""
    topic = topic_of(tx, arn)
    return None if topic is None else topic.attributes.get("Policy")
