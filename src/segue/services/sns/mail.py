"""Mail to subscribers: the question whether they want it, the messages, and what an end of it says.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html, and the mails as AWS sends them.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import quote

from segue.api import Call, outbox
from segue.services.sns.notifications import Message, control_message
from segue.services.sns.records import Subscription, Topic

PROTOCOLS: Final = ("email", "email-json")
PAGES: Final = "/_aws/subscriptions/"
_SENDER: Final = "no-reply@sns.amazonaws.com"
_ADDRESS: Final = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,255}")
_SUBJECT: Final = "AWS Notification Message"


def is_address(endpoint: str) -> bool:
    """Whether mail may go there."""
    return _ADDRESS.fullmatch(endpoint) is not None


def ask(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Send the mail that asks for a confirmation."""
    subject = "AWS Notification - Subscription Confirmation"
    if subscription.protocol == "email-json":
        _send_control(call, "SubscriptionConfirmation", topic, subscription, subject)
        return
    link = _link(call, "confirm", {"TopicArn": topic.arn, "Token": subscription.token}, subscription)
    lines = [
        f"You have chosen to subscribe to the topic:\n{topic.arn}",
        "To confirm this subscription, visit the link below (if this was in error no action is necessary):",
    ]
    _send(call, topic, subscription, call.tx.ids.uuid(), subject, lines, ("Confirm subscription", link))


def say_goodbye(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Send the mail that tells of the end of a subscription, and how to have it back."""
    subject = "AWS Notification - Unsubscribe Confirmation"
    if subscription.protocol == "email-json":
        _send_control(call, "UnsubscribeConfirmation", topic, subscription, subject)
        return
    link = _link(call, "confirm", {"TopicArn": topic.arn, "Token": subscription.token}, subscription)
    lines = [
        f"Your subscription to the topic below has been deactivated:\n{topic.arn}",
        "If this was in error or you wish to resubscribe, visit the link below:",
    ]
    _send(call, topic, subscription, call.tx.ids.uuid(), subject, lines, ("Resubscribe", link))


def notify(call: Call, topic: Topic, subscription: Subscription, message: Message, envelope: str) -> None:
    """Send a message.

    Args:
        envelope: the message as JSON, for those who want that.
    """
    subject = message.subject or _SUBJECT
    if subscription.protocol == "email-json":
        _deposit(call, topic, subscription, message.id, subject, envelope)
        return
    link = _link(call, "unsubscribe", {"SubscriptionArn": subscription.arn}, subscription)
    text = (
        f"{message.body('email')}\n\n--\n"
        "If you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\n"
        f"{link}\n\n"
        "Please do not reply directly to this email."
    )
    _deposit(call, topic, subscription, message.id, subject, text)


def _send_control(call: Call, kind: str, topic: Topic, subscription: Subscription, subject: str) -> None:
    message_id = call.tx.ids.uuid()
    text = control_message(call.tx, kind, topic, subscription, call.api.settings.endpoint_url, message_id)
    _deposit(call, topic, subscription, message_id, subject, text)


def _send(
    call: Call,
    topic: Topic,
    subscription: Subscription,
    message_id: str,
    subject: str,
    paragraphs: list[str],
    link: tuple[str, str],
) -> None:
    """A mail of some paragraphs and a link, to be read as text or as a page."""
    name, url = link
    footer = "Please do not reply directly to this email."
    text = "\n\n".join([*paragraphs, url, footer])
    shown = [escape(paragraph).replace("\n", "<br>") for paragraph in paragraphs]
    shown += [f'<a href="{escape(url)}">{escape(name)}</a>', escape(footer)]
    _deposit(call, topic, subscription, message_id, subject, text, "".join(f"<p>{line}</p>\n" for line in shown))


def _deposit(
    call: Call, topic: Topic, subscription: Subscription, message_id: str, subject: str, text: str, html: str = ""
) -> None:
    name = topic.attributes.get("DisplayName") or "AWS Notifications"
    shown = "".join(character if character.isprintable() else " " for character in name)
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    sent = outbox.Message(
        kind="EMAIL",
        service="sns",
        source=topic.arn,
        message_id=message_id,
        sender=f'"{quoted}" <{_SENDER}>',
        to=(subscription.endpoint,),
        subject=subject,
        text=text,
        html=html,
        attributes={"SubscriptionArn": subscription.arn, "Protocol": subscription.protocol},
    )
    outbox.deposit(call, sent)


def _link(call: Call, page: str, query: dict[str, str], subscription: Subscription) -> str:
    given = {**query, "Endpoint": subscription.endpoint}
    asked = "&".join(f"{name}={quote(value, safe=':')}" for name, value in given.items())
    return f"{call.api.settings.endpoint_url}{PAGES}{page}?{asked}"
