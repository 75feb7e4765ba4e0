"""What became of deliveries, in CloudWatch Logs, where a topic or an account has it logged.

A topic names a role for a protocol's successes and one for its failures, and how many per cent of the successes are
logged (all, unless it says). Groups are ``sns/REGION/ACCOUNT/TOPIC`` and the same with ``/Failure``.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html, sms_stats_cloudwatch.html; conformance case
delivery_lambda (a success, word for word).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import make_arn, parse_arn
from segue.errors import AwsError
from segue.services.sns.notifications import Message
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import PRINCIPAL, SERVICE

FEEDBACK: Final = {
    "http": "HTTP",
    "https": "HTTP",
    "sqs": "SQS",
    "lambda": "Lambda",
    "application": "Application",
    "firehose": "Firehose",
}
"""What the attributes of a protocol begin with."""
_LONGEST: Final = 1_000
_STREAM_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a delivery ended: as AWS counts it, and what the receiver said."""

    status_code: int
    response: str
    succeeded: bool
    attempts: int = 1


def reporting(topic: Topic, subscription: Subscription, message: Message) -> dict[str, Any]:
    """What makes a delivery tell its end (``report`` of a :class:`~segue.api.deliver.Target`), if that is logged."""
    prefix = FEEDBACK.get(subscription.protocol, "")
    succeeded = topic.attributes.get(f"{prefix}SuccessFeedbackRoleArn")
    failed = topic.attributes.get(f"{prefix}FailureFeedbackRoleArn")
    if not (succeeded or failed):
        return {}
    told = {
        "Rate": _rate(topic.attributes.get(f"{prefix}SuccessFeedbackSampleRate")) if succeeded else 0,
        "Failures": bool(failed),
        "Topic": topic.arn,
        "MessageId": message.id,
        "MD5": hashlib.md5(message.body(subscription.protocol).encode(), usedforsecurity=False).hexdigest(),
        "PublishedAt": message.published_at_ms,
        "Destination": subscription.endpoint,
        "Protocol": subscription.protocol,
    }
    return {"report": "sns:LogDelivery", "report_params": told}


@SERVICE.internal("LogDelivery", action=None)
def log_delivery(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Log how a delivery has ended."""
    outcome = _outcome(call, params)
    wanted = call.tx.ids.random.randrange(100) < params["Rate"] if outcome.succeeded else params["Failures"]
    if wanted:
        notification = {
            "messageMD5Sum": params["MD5"],
            "messageId": params["MessageId"],
            "topicArn": params["Topic"],
            "timestamp": _time(params["PublishedAt"]),
        }
        topic = parse_arn(params["Topic"])
        group = f"sns/{topic.region}/{topic.account}/{topic.resource}"
        _log(call, params["Topic"], group, notification, params["Destination"], params["PublishedAt"], outcome)
    return {}


def log_text_message(
    call: Call, number: str, message_id: str, kind: str, settings: Mapping[str, str], problem: str = ""
) -> None:
    """Log what became of a text message to a number, where the account's SMS settings say so."""
    if not settings.get("DeliveryStatusIAMRole"):
        return
    if not problem and call.tx.ids.random.randrange(100) >= _rate(settings.get("DeliveryStatusSuccessSamplingRate")):
        return
    group = f"sns/{call.region}/{call.account}/DirectPublishToPhoneNumber"
    notification = {"messageId": message_id, "timestamp": _time(call.now_ms)}
    response = problem or "Message has been accepted by phone carrier"
    outcome = _Outcome(0, response, not problem)
    source = make_arn("sns", call.region, call.account, "sms")
    _log(call, source, group, notification, number, call.now_ms, outcome, {"smsType": kind, "numberOfMessageParts": 1})


def _outcome(call: Call, params: dict[str, Any]) -> _Outcome:
    answer, error = params["Answer"] or {}, params["Error"]
    if error is not None:
        code = int(error["code"]) if error["code"].isdigit() else 400
        response = json.dumps({"ErrorCode": error["code"], "ErrorMessage": error["message"]})
        return _Outcome(code, response, False, params["Attempts"])
    if params["Protocol"] == "sqs":
        ids = {"sqsRequestId": call.tx.ids.uuid(), "sqsMessageId": answer["MessageId"]}
        return _Outcome(200, json.dumps(ids, separators=(",", ":")), True)
    if params["Protocol"] == "lambda":
        ids = {"lambdaRequestId": answer.get("RequestId") or call.tx.ids.uuid()}
        return _Outcome(202, json.dumps(ids, separators=(",", ":")), True)
    return _Outcome(answer["StatusCode"], answer["Response"][:_LONGEST], True, params["Attempts"])


def _log(
    call: Call,
    source_arn: str,
    group: str,
    notification: dict[str, Any],
    destination: str,
    published_at_ms: int,
    outcome: _Outcome,
    more: dict[str, Any] | None = None,
) -> None:
    delivery: dict[str, Any] = {
        "statusCode": outcome.status_code,
        "providerResponse": outcome.response,
        "deliveryId": call.tx.ids.uuid(),
        "destination": destination,
        "dwellTimeMs": call.now_ms - published_at_ms,
        **({"attempts": outcome.attempts} if outcome.attempts > 1 else {}),
        **(more or {}),
    }
    if more:
        del delivery["statusCode"]
    entry = {
        "notification": notification,
        "delivery": delivery,
        "status": "SUCCESS" if outcome.succeeded else "FAILURE",
    }
    name = group if outcome.succeeded else f"{group}/Failure"
    digest = hashlib.md5(f"{name} {call.now_ms // _STREAM_MS}".encode(), usedforsecurity=False).digest()
    params = {
        "logGroupName": name,
        "logStreamName": str(uuid.UUID(bytes=digest)),
        "logEvents": [{"timestamp": call.now_ms, "message": json.dumps(entry, separators=(",", ":"))}],
    }
    try:
        with call.tx.savepoint():
            call.as_caller(service_caller(PRINCIPAL, source_arn)).perform("logs:PutLogEvents", params)
    except AwsError as error:
        record(call, Delivery(source_arn, name, "logs:PutLogEvents", "dropped", 1, str(error)))


def is_rate(text: str) -> bool:
    """Whether that is a number of per cents."""
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100


def _rate(text: str | None) -> int:
    return int(text) if text else 100


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%d %H:%M:%S}.{at_ms % 1_000:03d}"
