"""HTTP and HTTPS endpoints: what is posted to them, when again, and what of their answers is a failure.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html and
sns-message-delivery-retries.html ("client errors": all but 429 and 5xx are final); headers: conformance case
subscribe_external_http_endpoint_lambda_url_sig_validation.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from segue.api import Call, Target
from segue.api.deliver import deliver_later
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.sns.arns import invalid
from segue.services.sns.delivery_policy import delays_ms, effective_of_subscription
from segue.services.sns.notifications import Message, control_message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import SERVICE

PROTOCOLS: Final = ("http", "https")
_TIMEOUT_SECONDS: Final = 15
_MAX_AGE_MS: Final = 86_400_000  # a policy ends within an hour; attempts take their time, too
_MICROSECONDS: Final = 1_000_000
_LONGEST: Final = 2_048


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Raise ``InvalidParameter`` where that is no URL of that protocol."""
    if not endpoint.startswith(f"{protocol}://"):
        raise invalid("Endpoint must match the specified protocol")
    try:
        parts = urlsplit(endpoint)
        is_url = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_url = False
    if not is_url or len(endpoint) > _LONGEST or any(character <= " " or character == "\x7f" for character in endpoint):
        raise invalid("Endpoint")


def shown(endpoint: str) -> str:
    """An endpoint as it may be shown: without its password."""
    if not endpoint.startswith(("http://", "https://")):
        return endpoint
    start, at = endpoint.find("://") + 3, endpoint.rfind("@", 0, (endpoint + "/").find("/", 8))
    if at < 0:
        return endpoint
    name, colon, _ = endpoint[start:at].partition(":")
    return f"{endpoint[:start]}{name}{colon and ':****'}{endpoint[at:]}"


def notify(call: Call, topic: Topic, subscription: Subscription, message: Message, target: Target, text: str) -> None:
    """Have a job post the message, as early as the throttle lets it.

    Args:
        target: the delivery, but for the request.
        text: the message as the endpoint gets it.
    """
    policy = effective_of_subscription(
        subscription.attributes.get("DeliveryPolicy"), topic.attributes.get("DeliveryPolicy")
    )
    headers = _headers("Notification", message.id, topic.arn, subscription.arn)
    if subscription.raw:
        headers.append(("x-amz-sns-rawdelivery", "true"))
    posted = _posted(target, subscription.endpoint, headers, text, policy)
    most = (policy["throttlePolicy"] or {}).get("maxReceivesPerSecond")
    deliver_later(call, posted, call.now_ms if most is None else _reserve(call, subscription.arn, most))


def notify_of(call: Call, kind: str, topic: Topic, subscription: Subscription) -> None:
    """Have a job post what the endpoint must know of its subscription (``SubscriptionConfirmation``, …)."""
    message_id = call.tx.ids.uuid()
    text = control_message(call.tx, kind, topic, subscription, call.api.settings.endpoint_url, message_id)
    named = "" if kind == "SubscriptionConfirmation" else subscription.arn
    policy = effective_of_subscription(None, topic.attributes.get("DeliveryPolicy"))
    target = Target("sns.amazonaws.com", topic.arn, shown(subscription.endpoint), "", {}, subject=message_id)
    headers = _headers(kind, message_id, topic.arn, named)
    deliver_later(call, _posted(target, subscription.endpoint, headers, text, policy), call.now_ms)


def _headers(kind: str, message_id: str, topic_arn: str, subscription_arn: str) -> list[tuple[str, str]]:
    headers = [
        ("x-amz-sns-message-type", kind),
        ("x-amz-sns-message-id", message_id),
        ("x-amz-sns-topic-arn", topic_arn),
    ]
    return [*headers, ("x-amz-sns-subscription-arn", subscription_arn)] if subscription_arn else headers


def _posted(target: Target, endpoint: str, headers: list[tuple[str, str]], text: str, policy: dict[str, Any]) -> Target:
    """The delivery, as a request that is tried by a policy."""
    headers = [*headers, ("Content-Type", policy["requestPolicy"]["headerContentType"])]
    return replace(
        target,
        operation="sns:PostToEndpoint",
        params={"Url": endpoint, "Headers": headers, "Body": text},
        delays_ms=delays_ms(policy["healthyRetryPolicy"]),
        max_age_ms=_MAX_AGE_MS,
    )


@SERVICE.internal("PostToEndpoint", action=None)
def post_to_endpoint(call: Call, params: dict[str, Any]) -> Outbound:
    """Post a message (``Url``, ``Headers``, ``Body``) to an endpoint.

    Raises:
        AwsError: when it is settled, where the endpoint has not answered with success.
    """
    url, authorization = _without_user(params["Url"])
    headers = [(name, value) for name, value in params["Headers"]]
    headers += [("User-Agent", "Amazon Simple Notification Service Agent"), ("Accept-Encoding", "gzip,deflate")]
    if authorization:
        headers.append(("Authorization", authorization))
    request = HttpRequest("POST", url, tuple(headers), params["Body"].encode(), timeout_seconds=_TIMEOUT_SECONDS)
    return Outbound(HTTP, request, _settle)


def _settle(call: Call, outcome: HttpAnswer | HttpFailure) -> dict[str, Any]:
    if isinstance(outcome, HttpFailure):
        raise AwsError("ConnectionFailed", outcome.reason, status=503, retryable=True)
    if 200 <= outcome.status < 300:
        return {"StatusCode": outcome.status, "Response": outcome.body[:1_000].decode("utf-8", "replace")}
    raise AwsError(
        str(outcome.status),
        f"The endpoint answered {outcome.status} {outcome.reason}".rstrip(),
        status=outcome.status,
        retryable=outcome.status >= 500 or outcome.status == 429,
    )


def _without_user(url: str) -> tuple[str, str]:
    """The URL without a name and password, and these as an ``Authorization`` header."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, ""
    given = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return plain, f"Basic {base64.b64encode(given.encode()).decode('ascii')}"


def _reserve(call: Call, subscription_arn: str, most_a_second: int) -> int:
    """When the next message may go to an endpoint, in milliseconds; nobody else's goes then."""
    row = call.tx.one("SELECT next_at FROM sns_endpoint_slots WHERE subscription = ?", subscription_arn)
    at = max(call.now_ms * 1_000, 0 if row is None else int(row[0]))
    call.tx.run(
        "INSERT INTO sns_endpoint_slots VALUES (?, ?)"
        " ON CONFLICT (subscription) DO UPDATE SET next_at = excluded.next_at",
        subscription_arn,
        at + _MICROSECONDS // most_a_second,
    )
    return -(-at // 1_000)
