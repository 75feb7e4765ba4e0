"""A message as its receivers see it: the envelope in queues, the record of functions, and its signature.

Source: conformance cases publish_sqs_verify_signature_*, publish_lambda_verify_signature_*, message_to_fifo_sqs_*, and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from json.encoder import encode_basestring as _text
from typing import Any

from segue.services.sns.records import Subscription, Topic


@dataclass(frozen=True, slots=True)
class Message:
    """One published message.

    Attributes:
        bodies: by protocol, with ``default``; one without ``MessageStructure`` has only that.
        attributes: as published (``DataType``, ``StringValue``, ``BinaryValue``).
        sequence: of a FIFO topic's message, its number.
    """

    id: str
    bodies: Mapping[str, str]
    subject: str | None
    attributes: Mapping[str, Mapping[str, Any]]
    published_at_ms: int
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence: str | None = None

    def body(self, protocol: str) -> str:
        """What subscribers of ``protocol`` get."""
        return self.bodies.get(protocol, self.bodies["default"])


class Envelopes:
    """One message as queues get it unless delivery is raw: JSON in AWS's own spacing.

    All of an envelope but its last address is the same for every queue, and is written once.
    """

    def __init__(self, topic: Topic, message: Message, endpoint_url: str) -> None:
        self._topic = topic
        self._message = message
        self._endpoint_url = endpoint_url

    def for_subscription(self, subscription: Subscription) -> str:
        """The envelope that ``subscription``'s queue gets."""
        address = _text(unsubscribe_url(subscription, self._endpoint_url))
        return f'{self._head}  "UnsubscribeURL" : {address}{self._tail}'

    @cached_property
    def _head(self) -> str:
        topic, message = self._topic, self._message
        body = message.body("sqs")
        fields: list[tuple[str, str | None]] = [
            ("Type", "Notification"),
            ("MessageId", message.id),
            ("SequenceNumber", message.sequence),
            ("TopicArn", topic.arn),
            ("Subject", message.subject),
            ("Message", body),
            ("Timestamp", timestamp(message.published_at_ms)),
        ]
        if not topic.fifo:
            version = topic.attributes.get("SignatureVersion", "1")
            fields += [
                ("SignatureVersion", version),
                ("Signature", signature(topic, message, body, version)),
                ("SigningCertURL", certificate_url(topic, self._endpoint_url)),
            ]
        lines = [f'  "{name}" : {_text(value)},\n' for name, value in fields if value is not None]
        return "{\n" + "".join(lines)

    @cached_property
    def _tail(self) -> str:
        shown = [
            f'    {_text(name)} : {{"Type":{_text(kind)},"Value":{_text(value)}}}'
            for name, kind, value in _values(self._message)
        ]
        if not shown:
            return "\n}"
        return ',\n  "MessageAttributes" : {\n' + ",\n".join(shown) + "\n  }\n}"


def function_event(topic: Topic, subscription: Subscription, message: Message, endpoint_url: str) -> bytes:
    """The event that a function gets."""
    body = message.body(subscription.protocol)
    notification = {
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": topic.arn,
        "Subject": message.subject,
        "Message": body,
        "Timestamp": timestamp(message.published_at_ms),
        # Functions get version 1 whatever the topic says: conformance case publish_lambda_verify_signature_2.
        "SignatureVersion": "1",
        "Signature": signature(topic, message, body, "1"),
        "SigningCertUrl": certificate_url(topic, endpoint_url),
        "UnsubscribeUrl": unsubscribe_url(subscription, endpoint_url),
        "MessageAttributes": {name: {"Type": kind, "Value": value} for name, kind, value in _values(message)},
    }
    event = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": notification,
    }
    return json.dumps({"Records": [event]}, ensure_ascii=False, separators=(",", ":")).encode()


def signature(topic: Topic, message: Message, body: str, version: str) -> str:
    """The message's signature: keyed by a secret of the topic, over the text that AWS signs.

    It is a keyed digest (SHA-1 for version 1, SHA-256 for version 2), not AWS's RSA signature, which would take a
    certificate that receivers trust and a millisecond a message. Nobody without the secret can make it.
    """
    parts = [("Message", body), ("MessageId", message.id)]
    if message.subject is not None:
        parts.append(("Subject", message.subject))
    parts += [
        ("Timestamp", timestamp(message.published_at_ms)),
        ("TopicArn", topic.arn),
        ("Type", "Notification"),
    ]
    text = "".join(f"{name}\n{value}\n" for name, value in parts)
    digest = hashlib.sha256 if version == "2" else hashlib.sha1
    return base64.b64encode(hmac.digest(topic.secret.encode(), text.encode(), digest)).decode("ascii")


def certificate_url(topic: Topic, endpoint_url: str) -> str:
    """Where AWS has the signing certificate."""
    name = hashlib.md5(topic.secret.encode(), usedforsecurity=False).hexdigest()
    return f"{endpoint_url}/SimpleNotificationService-{name}.pem"


def unsubscribe_url(subscription: Subscription, endpoint_url: str) -> str:
    """What a receiver opens to be left alone."""
    return f"{endpoint_url}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"


@lru_cache(maxsize=64)
def timestamp(at_ms: int) -> str:
    """A time as SNS writes it, in milliseconds."""
    seconds, milliseconds = divmod(at_ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def _values(message: Message) -> list[tuple[str, str, str]]:
    return [
        (
            name,
            attribute["DataType"],
            base64.b64encode(attribute["BinaryValue"]).decode("ascii")
            if attribute["DataType"].startswith("Binary")
            else attribute["StringValue"],
        )
        for name, attribute in message.attributes.items()
    ]
