"""A published message on its way to each subscriber that its filter policy lets it reach.

Queues and functions get it in the publisher's transaction (a function's invocation is asynchronous: a row). What we
have no way to is recorded as failed, with the reason.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call, Target, deliver
from segue.api.deliveries import Delivery, record
from segue.languages.filterpolicy import compile as compile_filter_policy
from segue.services.sns import records
from segue.services.sns.notifications import Envelopes, Message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.subscriptions import NO_SENDER

#: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html, "AWS managed endpoints"
_MAX_ATTEMPTS = 100_015
_MAX_AGE_MS = 23 * 86_400_000


def fan_out(call: Call, topic: Topic, message: Message) -> None:
    """Deliver ``message`` to every confirmed subscriber of ``topic`` that wants it."""
    envelopes = Envelopes(call.tx, topic, message, call.api.settings.endpoint_url)
    for subscription in records.subscriptions_of(call.tx, topic.arn):
        if subscription.pending or not _wanted(subscription, message):
            continue
        if subscription.protocol == "sqs":
            _to_queue(call, subscription, message, envelopes)
        elif subscription.protocol == "lambda":
            _to_function(call, subscription, message, envelopes)
        else:
            reason = f"{NO_SENDER.format(protocol=subscription.protocol)}: {message.body(subscription.protocol)}"
            record(call, Delivery(topic.arn, subscription.endpoint, "sns:Publish", "failed", 1, reason, message.id))


def _wanted(subscription: Subscription, message: Message) -> bool:
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    by_body = subscription.attributes.get("FilterPolicyScope") == "MessageBody"
    policy = compile_filter_policy(text, "MessageBody" if by_body else "MessageAttributes")
    return policy.matches(message.body(subscription.protocol), message.attributes)


def _to_queue(call: Call, subscription: Subscription, message: Message, envelopes: Envelopes) -> None:
    account, name = subscription.endpoint.split(":", 5)[4:]
    params: dict[str, Any] = {"QueueUrl": f"{call.api.settings.endpoint_url}/{account}/{name}"}
    if subscription.raw:
        params["MessageBody"] = message.body("sqs")
        if message.attributes:
            params["MessageAttributes"] = dict(message.attributes)
    else:
        params["MessageBody"] = envelopes.text(subscription)
    if message.group_id is not None:
        params["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None and name.endswith(".fifo"):
        params["MessageDeduplicationId"] = message.deduplication_id
    _deliver(call, subscription, message, "sqs:SendMessage", params, params["MessageBody"])


def _to_function(call: Call, subscription: Subscription, message: Message, envelopes: Envelopes) -> None:
    event = envelopes.function_event(subscription)
    params = {"FunctionName": subscription.endpoint, "InvocationType": "Event", "Payload": event}
    _deliver(call, subscription, message, "lambda:Invoke", params, event.decode())


def _deliver(
    call: Call, subscription: Subscription, message: Message, operation: str, params: dict[str, Any], text: str
) -> None:
    deliver(
        call,
        Target(
            service="sns.amazonaws.com",
            source_arn=subscription.topic,
            target_arn=subscription.endpoint,
            operation=operation,
            params=params,
            dead_letter_arn=subscription.dead_letter_arn,
            dead_letter_body=text,
            max_attempts=_MAX_ATTEMPTS,
            max_age_ms=_MAX_AGE_MS,
            subject=message.id,
        ),
    )
