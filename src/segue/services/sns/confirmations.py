"""Subscriptions begin and end by their endpoints' will: asking, confirming, unsubscribing, by API and by link.

Who receives holds a token (in what is sent to ask him) or the subscription's address (in all messages); neither call
takes a signature, unless the subscription was confirmed with ``AuthenticateOnUnsubscribe``.

Source: API reference, ConfirmSubscription, Unsubscribe ("tokens are valid for two days"); conformance cases
sns_confirm_subscription_wrong_token, unsubscribe_*, subscribe_external_http_endpoint_lambda_url_sig_validation.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html import escape
from typing import Any, Final

from segue import jobs
from segue.api import Call, Target, deliver
from segue.api.authorize import authorize_action
from segue.api.endpoint import ANONYMOUS, Visit
from segue.api.http_payload import query_of
from segue.arn import is_arn
from segue.errors import AwsError
from segue.jobs import Job
from segue.services.sns import http_endpoints, mail, records, signing
from segue.services.sns.arns import check_arn, invalid
from segue.services.sns.notifications import control_message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import SERVICE
from segue.wire.request import Response

_TOKEN_BYTES: Final = 144
_TOKEN: Final = re.compile(r"[0-9a-f]{288}", re.ASCII)
_VALID_MS: Final = 2 * 86_400_000
_EXPIRE: Final = "sns:expire-token"


def new_token(call: Call) -> str:
    """A token that confirms a subscription, or restores one."""
    return base64.b64decode(call.tx.ids.token(_TOKEN_BYTES)).hex()


def must_confirm(call: Call, protocol: str, endpoint: str) -> bool:
    """Whether an endpoint has to be asked: all that are outside, and queues of somebody else."""
    if protocol in http_endpoints.PROTOCOLS or protocol in mail.PROTOCOLS:
        return True
    return protocol == "sqs" and is_arn(endpoint) and endpoint.split(":")[4] != call.account


def ask(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Send the endpoint what confirms its subscription; unless that happens in time, there is none."""
    jobs.cancel(call.tx, _EXPIRE, subscription.token)
    jobs.enqueue(call.tx, _EXPIRE, subscription.token, [topic.arn], at_ms=call.now_ms + _VALID_MS)
    if subscription.protocol in mail.PROTOCOLS:
        mail.ask(call, topic, subscription)
    elif subscription.protocol in http_endpoints.PROTOCOLS:
        http_endpoints.notify_of(call, "SubscriptionConfirmation", topic, subscription)
    else:
        _ask_queue(call, topic, subscription)


def _ask_queue(call: Call, topic: Topic, subscription: Subscription) -> None:
    settings, message_id = call.api.settings, call.tx.ids.uuid()
    account, name = subscription.endpoint.split(":", 5)[4:]
    body = control_message(call.tx, "SubscriptionConfirmation", topic, subscription, settings.endpoint_url, message_id)
    params = {"QueueUrl": f"{settings.endpoint_url}/{account}/{name}", "MessageBody": body}
    arns = topic.arn, subscription.endpoint
    deliver(call, Target("sns.amazonaws.com", *arns, "sqs:SendMessage", params, subject=message_id))


@SERVICE.job("expire-token")
def expire_token(call: Call, job: Job) -> None:
    """A token is of no use any more: what it was to confirm is gone, what it was to restore stays gone."""
    (topic,) = job.payload
    pending = records.subscription_by_token(call.tx, topic, job.key)
    if pending is not None and pending.pending:
        records.delete_subscription(call.tx, pending)
    records.forget_unsubscribed(call.tx, job.key)


@SERVICE.operation("ConfirmSubscription", action=None, public=True)
def confirm_subscription(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Confirm a subscription by its token, or restore one that an endpoint has ended."""
    authenticated = params.get("AuthenticateOnUnsubscribe", "").lower() == "true"
    if call.caller is not ANONYMOUS:
        authorize_action(call, SERVICE, "sns:ConfirmSubscription", params["TopicArn"])
    elif authenticated:
        raise _needs_signature("ConfirmSubscription", params["TopicArn"])
    return {"SubscriptionArn": _confirm(call, params["TopicArn"], params["Token"], authenticated).arn}


def _confirm(call: Call, topic_arn: str, token: str, authenticated: bool = False) -> Subscription:
    check_arn("TopicArn", topic_arn)
    if not _TOKEN.fullmatch(token):
        raise AwsError("InvalidParameter", "Invalid token")
    subscription = records.subscription_by_token(call.tx, topic_arn, token)
    if subscription is None:
        subscription = records.unsubscribed(call.tx, topic_arn, token)
        if subscription is None or records.topic_of(call.tx, topic_arn) is None:
            raise invalid("Token")
        records.forget_unsubscribed(call.tx, token)
    elif not subscription.pending:
        return subscription
    confirmed = replace(subscription, pending=False, authenticated=authenticated)
    records.save_subscription(call.tx, confirmed)
    jobs.cancel(call.tx, _EXPIRE, token)
    return confirmed


@SERVICE.operation("Unsubscribe", action=None, public=True)
def unsubscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a subscription; one that is not there is no error."""
    arn: str | None = params.get("SubscriptionArn")
    if arn is None:
        raise invalid("SubscriptionArn Reason: no value for required parameter")
    check_arn("SubscriptionArn", arn)
    if arn.count(":") < 6:
        raise invalid("SubscriptionId")
    if call.caller is not ANONYMOUS:
        authorize_action(call, SERVICE, "sns:Unsubscribe", "*")
    subscription = records.subscription_of(call.tx, arn)
    if subscription is not None:
        _end(call, subscription)
    return {}


def _end(call: Call, subscription: Subscription) -> None:
    """End a subscription. Its endpoint hears of it, and may have it back: an HTTP endpoint always, a reader of mail
    unless the owner himself has ended it.
    """
    by_owner = call.caller is not ANONYMOUS and call.account == subscription.owner
    if call.caller is ANONYMOUS and subscription.authenticated:
        raise _needs_signature("Unsubscribe", subscription.arn)
    records.delete_subscription(call.tx, subscription)
    topic = records.topic_of(call.tx, subscription.topic)
    is_http = subscription.protocol in http_endpoints.PROTOCOLS
    hears = is_http or (subscription.protocol in mail.PROTOCOLS and not by_owner)
    if subscription.pending or topic is None or not hears:
        jobs.cancel(call.tx, _EXPIRE, subscription.token)
        return
    gone = replace(subscription, token=new_token(call))
    records.keep_unsubscribed(call.tx, gone)
    jobs.enqueue(call.tx, _EXPIRE, gone.token, [topic.arn], at_ms=call.now_ms + _VALID_MS)
    if is_http:
        http_endpoints.notify_of(call, "UnsubscribeConfirmation", topic, gone)
    else:
        mail.say_goodbye(call, topic, gone)


def _needs_signature(operation: str, arn: str) -> AwsError:
    message = f"User: anonymous is not authorized to perform: SNS:{operation} on resource: {arn}"
    return AwsError("AuthorizationError", message, status=403)


@SERVICE.endpoint("subscriptions", prefix=signing.CERTIFICATES)
def visited(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The pages that mails lead to, and the certificate of signatures."""
    visit: Visit = params["visit"]
    if visit.request.method not in ("GET", "HEAD"):
        return {"response": Response(405, {"allow": "GET, HEAD"}, b"")}
    if not visit.id:
        found = signing.certificate(call.tx, visit.path.removeprefix("/"))
        if found is not None:
            return {"response": Response(200, {"content-type": "application/x-pem-file"}, found.encode())}
    asked = {name: values[0] for name, values in query_of(visit.request).items()}
    try:
        if visit.id == "confirm":
            confirmed = _confirm(call, asked.get("TopicArn", ""), asked.get("Token", ""))
            return _page(200, "Subscription confirmed!", f"The subscription's id is: {confirmed.arn}")
        if visit.id == "unsubscribe":
            unsubscribe(call, {"SubscriptionArn": asked.get("SubscriptionArn", "")})
            return _page(200, "Subscription removed!", f"The subscription's id was: {asked['SubscriptionArn']}")
    except AwsError as error:
        return _page(error.status, "That did not work.", error.message)
    return _page(404, "There is no such page.", "")


def _page(status: int, title: str, text: str) -> dict[str, Any]:
    body = f"<!doctype html>\n<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n"
    headers = {"content-type": "text/html; charset=utf-8", "referrer-policy": "no-referrer"}
    return {"response": Response(status, headers, body.encode())}
