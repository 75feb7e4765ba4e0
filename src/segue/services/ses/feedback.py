"""What is told of mail: to the topics of an identity, and to the destinations of a configuration set.

Source: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (topics of identities),
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html (configuration sets),
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from segue.api import Call, Target, deliver
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.api.emit import emit
from segue.api.outbox import Message
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.ses import records
from segue.services.ses.records import CONFIGURATION_SET, Thing
from segue.services.ses.service import PRINCIPAL, arn_of, scope_of

OLD_KINDS: Final = {
    "Send": "send",
    "Reject": "reject",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Delivery": "delivery",
    "Open": "open",
    "Click": "click",
    "Rendering Failure": "renderingFailure",
}
"""Kinds of events, and what the older API calls them."""
NEW_KINDS: Final = {
    **{kind: kind.upper().replace(" ", "_") for kind in OLD_KINDS},
    "DeliveryDelay": "DELIVERY_DELAY",
    "Subscription": "SUBSCRIPTION",
}
"""The same of the newer API."""
_BUS_NAMES: Final = {
    "Send": "Email Sent",
    "Reject": "Email Rejected",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Delivery": "Email Delivered",
    "Rendering Failure": "Email Rendering Failed",
}
_MEMBERS: Final = {"Rendering Failure": "failure"}
_MOST_HEADER_CHARACTERS: Final = 10_000


def told(call: Call, message: Message, identity_arn: str, sent_at_ms: int) -> dict[str, Any]:
    """The ``mail`` object: what was sent, from whom to whom."""
    headers = list(headers_of(message))
    common: dict[str, Any] = {"from": [message.sender]}
    common |= {name: list(who) for name, who in (("to", message.to), ("cc", message.cc)) if who}
    if message.reply_to:
        common["replyTo"] = list(message.reply_to)
    shown = [{"name": name, "value": value} for name, value in headers]
    return {
        "timestamp": iso(sent_at_ms),
        "source": message.sender,
        "sourceArn": identity_arn,
        "sendingAccountId": parse_arn(identity_arn).account,
        "messageId": message.message_id,
        "destination": list(message.recipients),
        "headersTruncated": sum(len(value) for _, value in headers) > _MOST_HEADER_CHARACTERS,
        "headers": shown[:100],
        "commonHeaders": {**common, "messageId": message.message_id, "subject": message.subject},
    }


def headers_of(message: Message) -> Iterable[tuple[str, str]]:
    """The headers that a mail has or will have: of a raw one, its own."""
    if message.raw:
        from segue.api.mime import read_headers

        return read_headers(message.raw)
    lists = (("To", message.to), ("Cc", message.cc), ("Reply-To", message.reply_to))
    found = [("From", message.sender), *((name, ", ".join(who)) for name, who in lists if who)]
    return [*found, ("Subject", message.subject), *message.headers, ("MIME-Version", "1.0")]


def iso(at_ms: int) -> str:
    """``2017-08-05T00:41:02.669Z``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tell(
    call: Call, kind: str, mail: dict[str, Any], about: dict[str, Any], set_name: str, tags: dict[str, str]
) -> None:
    """Tell of an event whoever is to hear of it.

    Args:
        kind: ``Send``, ``Delivery``, ``Bounce``, ``Complaint``, ``Reject``, ``Rendering Failure``.
        mail: of :func:`told`.
        about: what the kind's own member says.
        set_name: the configuration set of the mail, if it has one.
        tags: of the message.
    """
    _tell_topic_of_identity(call, kind, mail, about)
    thing = records.find(call.tx, scope_of(call), CONFIGURATION_SET, set_name) if set_name else None
    if thing is None:
        return
    caller = call.caller.principal_arn.rpartition("/")[2].rpartition(":")[2]
    own = {
        "ses:source-tls-version": ["TLSv1.3"],
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": [set_name],
        "ses:from-domain": [mail["source"].rpartition("@")[2].rstrip("> ")],
        "ses:caller-identity": [caller],
    }
    event = {
        "eventType": kind,
        "mail": {**mail, "tags": {**own, **{name: [value] for name, value in tags.items()}}},
        _MEMBERS.get(kind, kind.lower()): about,
    }
    for destination in (thing.document.get("Destinations") or {}).values():
        if destination["Enabled"] and kind in destination["Kinds"]:
            _tell_destination(call, thing, kind, event, destination)


def _tell_destination(call: Call, thing: Thing, kind: str, event: dict[str, Any], destination: dict[str, Any]) -> None:
    source = arn_of(call, CONFIGURATION_SET, thing.name)
    if destination.get("SnsDestination"):
        topic = destination["SnsDestination"]["TopicArn"]
        _publish(call, source, topic, event, event["mail"]["messageId"], "Amazon SES Email Event Notification")
    elif destination.get("EventBridgeDestination"):
        emit(call, PRINCIPAL, "aws.ses", _BUS_NAMES.get(kind, kind), source, lambda: event)
    elif destination.get("CloudWatchDestination"):
        _count(call, source, kind, event, destination["CloudWatchDestination"])
    else:
        target = str((destination.get("KinesisFirehoseDestination") or {}).get("DeliveryStreamArn"))
        reason = "Segue has no Firehose delivery streams."
        record(call, Delivery(source, target, "firehose:PutRecord", "dropped", 1, reason, event["mail"]["messageId"]))


def _count(call: Call, source: str, kind: str, event: dict[str, Any], given: dict[str, Any]) -> None:
    """One more of a metric, with the dimensions that the destination configures."""
    dimensions = []
    for dimension in given.get("DimensionConfigurations") or ():
        name, default = dimension["DimensionName"], dimension["DefaultDimensionValue"]
        values = event["mail"]["tags"].get(name) if dimension["DimensionValueSource"].upper() == "MESSAGETAG" else None
        dimensions.append({"Name": name, "Value": (values or [default])[0]})
    data = {"MetricName": kind.replace(" ", ""), "Dimensions": dimensions, "Value": 1, "Unit": "Count"}
    metrics = call.arn("cloudwatch", "metric/AWS/SES")
    params = {"Namespace": "AWS/SES", "MetricData": [data]}
    subject = event["mail"]["messageId"]
    deliver(call, Target(PRINCIPAL, source, metrics, "cloudwatch:PutMetricData", params, subject=subject))


def _tell_topic_of_identity(call: Call, kind: str, mail: dict[str, Any], about: dict[str, Any]) -> None:
    name = parse_arn(mail["sourceArn"]).resource.partition("/")[2]
    found = records.find(call.tx, scope_of(call), records.IDENTITY, name)
    topic = ((found.document.get("Topics") or {}) if found else {}).get(kind)
    if found is None or topic is None:
        return
    shown = dict(mail)
    if not (found.document.get("Headers") or {}).get(kind):
        for member in ("headersTruncated", "headers", "commonHeaders"):
            del shown[member]
    event = {"notificationType": kind, _MEMBERS.get(kind, kind.lower()): about, "mail": shown}
    _publish(call, mail["sourceArn"], topic, event, mail["messageId"])


def _publish(call: Call, source: str, topic: str, event: dict[str, Any], subject: str, title: str = "") -> None:
    params = {"TopicArn": topic, "Message": json.dumps(event, ensure_ascii=False, separators=(",", ":"))}
    if title:
        params["Subject"] = title
    deliver(call, Target(PRINCIPAL, source, topic, "sns:Publish", params, subject=subject))


def greet_topic(call: Call, name: str, kind: str, topic: str) -> None:
    """A topic that an identity is to tell is told so first: one that takes nothing is refused.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    message = (
        f"You have successfully subscribed your Amazon SNS topic '{topic}' to receive '{kind}' notifications from "
        f"Amazon SES for identity '{name}'."
    )
    body = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": message})
    if not _takes(call, arn_of(call, "identity", name), topic, body):
        raise AwsError("InvalidParameterValue", f"Invalid SNS topic <{topic}>.")


def greet_destination(call: Call, set_name: str, topic: str, members: dict[str, str]) -> None:
    """The same of a configuration set's topic.

    Raises:
        AwsError: ``InvalidSNSDestination``.
    """
    body = "Successfully validated SNS topic for Amazon SES event publishing."
    if not _takes(call, arn_of(call, CONFIGURATION_SET, set_name), topic, body):
        raise AwsError("InvalidSNSDestination", f"SNS topic <{topic}> not found or not accessible.", members=members)


def _takes(call: Call, source: str, topic: str, body: str) -> bool:
    if not is_arn(topic) or parse_arn(topic).service != "sns":
        return False
    teller = service_caller(PRINCIPAL, source).in_region(parse_arn(topic).region)
    try:
        with call.tx.savepoint():
            call.as_caller(teller).perform("sns:Publish", {"TopicArn": topic, "Message": body})
    except AwsError as error:
        if error.status == 501:
            raise
        return False
    return True
