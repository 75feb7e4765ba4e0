"""A message as its receivers see it: the envelope in queues and for endpoints, the record of functions.

Source: conformance cases publish_sqs_verify_signature_*, publish_lambda_verify_signature_*, message_to_fifo_sqs_*, and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from json.encoder import encode_basestring as _text
from typing import Any, Final

from segue.services.sns.records import Subscription, Topic
from segue.services.sns.signing import SigningKey, signing_key
from segue.store import Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """One published message.

    Attributes:
        bodies: by protocol, with ``default``; one without ``MessageStructure`` has only that.
        attributes: as published (``DataType``, ``StringValue``, ``BinaryValue``).
        sequence: of a FIFO topic's message, its number.
        replayed: it comes from the archive.
    """

    id: str
    bodies: Mapping[str, str]
    subject: str | None
    attributes: Mapping[str, Mapping[str, Any]]
    published_at_ms: int
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence: str | None = None
    replayed: bool = False

    def body(self, protocol: str) -> str:
        """What subscribers of ``protocol`` get."""
        return self.bodies.get(protocol, self.bodies["default"])


class Envelopes:
    """One published message as its receivers get it unless delivery is raw.

    What is the same for all of them, the signature above all, is made once, and only if somebody gets it.
    """

    def __init__(self, tx: Transaction, topic: Topic, message: Message, endpoint_url: str) -> None:
        self._tx = tx
        self._topic = topic
        self._message = message
        self._endpoint_url = endpoint_url
        self._heads: dict[str, str] = {}
        self._signatures: dict[tuple[str, str], str] = {}

    def text(self, subscription: Subscription) -> str:
        """What a queue, an HTTP endpoint or a reader of mail in JSON gets: JSON in AWS's own spacing."""
        body = self._message.body(subscription.protocol)
        head = self._heads.get(body)
        if head is None:
            head = self._heads[body] = self._head(body)
        address = _text(unsubscribe_url(subscription, self._endpoint_url))
        return f'{head}  "UnsubscribeURL" : {address}{self._tail}'

    def function_event(self, subscription: Subscription) -> bytes:
        """The event that a function gets."""
        topic, message = self._topic, self._message
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
            "Signature": self._signature(body, "1"),
            "SigningCertUrl": self._certificate_url,
            "UnsubscribeUrl": unsubscribe_url(subscription, self._endpoint_url),
            "MessageAttributes": {name: {"Type": kind, "Value": value} for name, kind, value in _values(message)},
        }
        event = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": notification,
        }
        return json.dumps({"Records": [event]}, ensure_ascii=False, separators=(",", ":")).encode()

    def _head(self, body: str) -> str:
        topic, message = self._topic, self._message
        fields = self._fields(body)
        if not topic.fifo:
            version = topic.attributes.get("SignatureVersion", "1")
            fields["SignatureVersion"] = version
            fields["Signature"] = self._signature(body, version)
            fields["SigningCertURL"] = self._certificate_url
        elif message.sequence is not None:
            fields = {"Type": "Notification", "MessageId": message.id, "SequenceNumber": message.sequence, **fields}
            if message.replayed:
                fields["Replayed"] = "true"
        return "{\n" + "".join(f'  "{name}" : {_text(value)},\n' for name, value in fields.items())

    def _fields(self, body: str) -> dict[str, str]:
        message = self._message
        fields = {"Type": "Notification", "MessageId": message.id, "TopicArn": self._topic.arn}
        if message.subject is not None:
            fields["Subject"] = message.subject
        return fields | {"Message": body, "Timestamp": timestamp(message.published_at_ms)}

    def _signature(self, body: str, version: str) -> str:
        made = self._signatures.get((body, version))
        if made is None:
            made = self._signatures[body, version] = self._key.sign(self._fields(body), version)
        return made

    @cached_property
    def _key(self) -> SigningKey:
        return signing_key(self._tx)

    @property
    def _certificate_url(self) -> str:
        return f"{self._endpoint_url}/{self._key.certificate_name}"

    @cached_property
    def _tail(self) -> str:
        shown = [
            f'    {_text(name)} : {{"Type":{_text(kind)},"Value":{_text(value)}}}'
            for name, kind, value in _values(self._message)
        ]
        if not shown:
            return "\n}"
        return ',\n  "MessageAttributes" : {\n' + ",\n".join(shown) + "\n  }\n}"


def control_message(
    tx: Transaction, kind: str, topic: Topic, subscription: Subscription, endpoint_url: str, message_id: str
) -> str:
    """What an HTTP endpoint is told of its subscription: ``SubscriptionConfirmation``, ``UnsubscribeConfirmation``.

    Source: conformance case subscribe_external_http_endpoint_lambda_url_sig_validation.
    """
    fields = {
        "Type": kind,
        "MessageId": message_id,
        "Token": subscription.token,
        "TopicArn": topic.arn,
        "Message": _CONTROLS[kind].format(topic=topic.arn, subscription=subscription.arn),
        "SubscribeURL": confirm_url(subscription, endpoint_url),
        "Timestamp": timestamp(tx.now_ms),
    }
    key, version = signing_key(tx), topic.attributes.get("SignatureVersion", "1")
    fields |= {
        "SignatureVersion": version,
        "Signature": key.sign(fields, version),
        "SigningCertURL": f"{endpoint_url}/{key.certificate_name}",
    }
    return "{\n" + ",\n".join(f'  "{name}" : {_text(value)}' for name, value in fields.items()) + "\n}"


_CONTROLS: Final = {
    "SubscriptionConfirmation": "You have chosen to subscribe to the topic {topic}.\n"
    "To confirm the subscription, visit the SubscribeURL included in this message.",
    "UnsubscribeConfirmation": "You have chosen to deactivate subscription {subscription}.\n"
    "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
}


def confirm_url(subscription: Subscription, endpoint_url: str) -> str:
    """What the owner of an endpoint opens to have (or to have back) a subscription."""
    return f"{endpoint_url}/?Action=ConfirmSubscription&TopicArn={subscription.topic}&Token={subscription.token}"


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
