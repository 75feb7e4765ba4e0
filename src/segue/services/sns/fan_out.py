"""A published message on its way to each subscriber that its filter policy lets it reach.

Queues, functions (a function's invocation is asynchronous: a row), mail and text messages get it in the publisher's
transaction; HTTP endpoints by a job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from segue.api import Call, Target, deliver
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.filterpolicy import compile as compile_filter_policy
from segue.services.sns import archive, http_endpoints, mail, records
from segue.services.sns.delivery_status import reporting
from segue.services.sns.mobile import push
from segue.services.sns.notifications import Envelopes, Message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import PRINCIPAL, SERVICE
from segue.services.sns.sms import send_text

#: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html, "AWS managed endpoints"
_MAX_ATTEMPTS = 100_015
_MAX_AGE_MS = 23 * 86_400_000
_MOST_ATTRIBUTES = 10
_OF_ERRORS = 3


@dataclass(slots=True)
class Hop:
    """One message to one subscriber."""

    call: Call
    topic: Topic
    message: Message
    envelopes: Envelopes
    subscription: Subscription


def fan_out(call: Call, topic: Topic, message: Message) -> None:
    """Deliver ``message`` to every confirmed subscriber of ``topic`` that wants it."""
    if topic.fifo:
        archive.keep(call, topic, message)
    envelopes = Envelopes(call.tx, topic, message, call.api.settings.endpoint_url)
    for subscription in records.subscriptions_of(call.tx, topic.arn):
        if subscription.pending or not _wanted(subscription, message) or archive.waits(call.tx, subscription):
            continue
        _WAYS[subscription.protocol](Hop(call, topic, message, envelopes, subscription))


@SERVICE.job("replay")
def replay(call: Call, job: Job) -> Again | None:
    """Deliver a piece of a topic's archive to one subscriber."""
    return archive.replay_piece(call, job, _play)


def _play(call: Call, topic: Topic, subscription: Subscription, message: Message) -> None:
    if _wanted(subscription, message):
        envelopes = Envelopes(call.tx, topic, message, call.api.settings.endpoint_url)
        _WAYS[subscription.protocol](Hop(call, topic, message, envelopes, subscription))


def _wanted(subscription: Subscription, message: Message) -> bool:
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    by_body = subscription.attributes.get("FilterPolicyScope") == "MessageBody"
    policy = compile_filter_policy(text, "MessageBody" if by_body else "MessageAttributes")
    return policy.matches(message.body(subscription.protocol), message.attributes)


def _to_queue(hop: Hop) -> None:
    subscription, message = hop.subscription, hop.message
    account, name = subscription.endpoint.split(":", 5)[4:]
    params: dict[str, Any] = {"QueueUrl": f"{hop.call.api.settings.endpoint_url}/{account}/{name}"}
    if subscription.raw:
        params["MessageBody"] = message.body("sqs")
        if message.attributes:
            params["MessageAttributes"] = dict(message.attributes)
    else:
        params["MessageBody"] = hop.envelopes.text(subscription)
    params |= _grouped(message, name)
    deliver(hop.call, _target(hop, "sqs:SendMessage", params, params["MessageBody"]))


def _to_function(hop: Hop) -> None:
    event = hop.envelopes.function_event(hop.subscription)
    params = {"FunctionName": hop.subscription.endpoint, "InvocationType": "Event", "Payload": event}
    deliver(hop.call, _target(hop, "lambda:Invoke", params, event.decode()))


def _to_http(hop: Hop) -> None:
    subscription = hop.subscription
    text = hop.message.body(subscription.protocol) if subscription.raw else hop.envelopes.text(subscription)
    http_endpoints.notify(hop.call, hop.topic, subscription, hop.message, _target(hop, "", {}, text), text)


def _by_mail(hop: Hop) -> None:
    text = hop.envelopes.text(hop.subscription) if hop.subscription.protocol == "email-json" else ""
    mail.notify(hop.call, hop.topic, hop.subscription, hop.message, text)


def _by_text_message(hop: Hop) -> None:
    name, text = hop.topic.attributes.get("DisplayName"), hop.message.body("sms")
    shown = f"{name}> {text}" if name else text
    number, message = hop.subscription.endpoint, hop.message
    _or_drop(hop, lambda: send_text(hop.call, number, shown, message.attributes, message.id, hop.topic.arn))


def _to_device(hop: Hop) -> None:
    arn, message = hop.subscription.endpoint, hop.message
    _or_drop(hop, lambda: push(hop.call, arn, message.bodies, message.id, hop.topic.arn))


def _to_firehose(hop: Hop) -> None:
    reason = f"Segue does not deliver to Firehose yet: {hop.message.body('firehose')}"
    source, target = hop.topic.arn, hop.subscription.endpoint
    record(hop.call, Delivery(source, target, "firehose:PutRecord", "failed", 1, reason, hop.message.id))


_WAYS: Final[Mapping[str, Callable[[Hop], None]]] = {
    "sqs": _to_queue,
    "lambda": _to_function,
    "http": _to_http,
    "https": _to_http,
    "email": _by_mail,
    "email-json": _by_mail,
    "sms": _by_text_message,
    "application": _to_device,
    "firehose": _to_firehose,
}


def _or_drop(hop: Hop, send: Callable[[], None]) -> None:
    """What cannot be sent to one subscriber is dropped there, with its reason, and reaches the others."""
    try:
        send()
    except AwsError as error:
        reason = f"{error.code}: {error.message}"
        source, target = hop.topic.arn, hop.subscription.endpoint
        record(hop.call, Delivery(source, target, "sns:Publish", "dropped", 1, reason, hop.message.id))


def _target(hop: Hop, operation: str, params: dict[str, Any], text: str) -> Target:
    """The delivery, with its dead letter."""
    subscription, message = hop.subscription, hop.message
    target = Target(
        service=PRINCIPAL,
        source_arn=subscription.topic,
        target_arn=http_endpoints.shown(subscription.endpoint),
        operation=operation,
        params=params,
        max_attempts=_MAX_ATTEMPTS,
        max_age_ms=_MAX_AGE_MS,
        subject=message.id,
        **reporting(hop.topic, subscription, message),
    )
    if not subscription.dead_letter_arn:
        return target
    more = _grouped(message, subscription.dead_letter_arn)
    if subscription.raw and 0 < len(message.attributes) <= _MOST_ATTRIBUTES - _OF_ERRORS:
        more["MessageAttributes"] = dict(message.attributes)
    return replace(
        target,
        dead_letter_arn=subscription.dead_letter_arn,
        dead_letter_body=text,
        dead_letter_params=more,
        topic_errors=True,
    )


def _grouped(message: Message, queue: str) -> dict[str, Any]:
    """What says where in a queue's order a message belongs."""
    members: dict[str, Any] = {}
    if message.group_id is not None:
        members["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None and queue.endswith(".fifo"):
        members["MessageDeduplicationId"] = message.deduplication_id
    return members
