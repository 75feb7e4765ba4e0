"""The attributes of queues: which there are, what they may be, what they are if nobody says.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html and the
conformance cases create_and_update_queue_attributes, sse_queue_attributes, set_queue_attributes_default_values.
"""

from __future__ import annotations

import json
from typing import Any, Final

from segue.arn import parse_arn
from segue.errors import AwsError
from segue.languages.policy import validate_document
from segue.services.sqs.records import Depth, Queue, queue_of
from segue.store import Transaction

#: attribute → its default, least and greatest value
RANGES: Final[dict[str, tuple[int, int, int]]] = {
    "DelaySeconds": (0, 0, 900),
    "MaximumMessageSize": (1_048_576, 1_024, 1_048_576),
    "MessageRetentionPeriod": (345_600, 60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 0, 20),
    "VisibilityTimeout": (30, 0, 43_200),
}
_FLAGS: Final = {"SqsManagedSseEnabled", "FifoQueue", "ContentBasedDeduplication"}
_CHOICES: Final = {
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
FIFO_ONLY: Final = ("FifoQueue", "ContentBasedDeduplication", *_CHOICES)
_DOCUMENTS: Final = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
_KMS: Final = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_READ_ONLY: Final = ("CreatedTimestamp", "LastModifiedTimestamp", "QueueArn", *COUNTS)
SETTABLE: Final = (*RANGES, *_FLAGS, *_CHOICES, *_DOCUMENTS, *_KMS)
GETTABLE: Final = frozenset((*SETTABLE, *_READ_ONLY))


def defaults(fifo: bool) -> dict[str, str]:
    """What a new queue has."""
    values = {name: str(default) for name, (default, _, _) in RANGES.items()} | {"SqsManagedSseEnabled": "true"}
    if fifo:
        values |= {
            "FifoQueue": "true",
            "ContentBasedDeduplication": "false",
            "DeduplicationScope": "queue",
            "FifoThroughputLimit": "perQueue",
        }
    return values


def checked(tx: Transaction, asked: dict[str, str], *, fifo: bool, queue_arn: str) -> dict[str, str]:
    """The attributes in AWS's spelling of their values; an empty document stands for "remove it".

    Raises:
        AwsError: ``InvalidAttributeName``, ``InvalidAttributeValue``, ``InvalidParameterValue``.
    """
    values: dict[str, str] = {}
    for name, value in asked.items():
        if name not in SETTABLE:
            raise unknown_attribute(name)
        if name in FIFO_ONLY and not fifo:
            if name in _CHOICES:
                raise AwsError(
                    "InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true."
                )
            raise unknown_attribute(name)
        values[name] = _checked_value(tx, name, value, fifo, queue_arn)
    return values


def unknown_attribute(name: str) -> AwsError:
    """The error for an attribute that this kind of queue does not have."""
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def merged(before: dict[str, str], asked: dict[str, str]) -> dict[str, str]:
    """The attributes after a change, with what one attribute means for another."""
    after = before | asked
    if asked.get("KmsMasterKeyId"):
        after["SqsManagedSseEnabled"] = "false"
        after.setdefault("KmsDataKeyReusePeriodSeconds", "300")
    elif asked.get("SqsManagedSseEnabled") == "true":
        after["KmsMasterKeyId"] = ""
    if after.get("FifoThroughputLimit") == "perMessageGroupId" and after.get("DeduplicationScope") != "messageGroup":
        raise AwsError(
            "InvalidAttributeValue",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        )
    if not after.get("KmsMasterKeyId"):
        for name in _KMS:
            after.pop(name, None)
    return {name: value for name, value in after.items() if value != "" or name not in _DOCUMENTS}


def read(queue: Queue, names: list[str], depth: Depth | None) -> dict[str, str]:
    """The values asked for, of those that the queue has."""
    values = dict(queue.attributes) | {
        "CreatedTimestamp": str(queue.created_at_ms // 1_000),
        "LastModifiedTimestamp": str(queue.modified_at_ms // 1_000),
        "QueueArn": queue.arn,
    }
    if depth is not None:
        counts = (depth.visible, depth.in_flight, depth.delayed)
        values |= {name: str(count) for name, count in zip(COUNTS, counts, strict=True)}
    if "All" in names:
        return values
    return {name: values[name] for name in names if name in values}


def _checked_value(tx: Transaction, name: str, value: str, fifo: bool, queue_arn: str) -> str:
    if name in RANGES:
        _, least, greatest = RANGES[name]
        if not value.isdecimal() or len(value) > 18 or not least <= int(value) <= greatest:
            raise _invalid(name)
        return str(int(value))
    if name in _FLAGS:
        if value.lower() not in ("true", "false") or (name == "FifoQueue" and value.lower() == "false"):
            raise _invalid(name)
        return value.lower()
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise _invalid(name)
        return value
    if name == "KmsDataKeyReusePeriodSeconds" and not (
        value.isdecimal() and len(value) < 18 and 60 <= int(value) <= 86_400
    ):
        raise _invalid(name)
    if name in _DOCUMENTS and value:
        document = _object(name, value)
        if name == "RedrivePolicy":
            return _checked_redrive(tx, document, value, fifo, queue_arn)
        if name == "RedriveAllowPolicy":
            _check_redrive_allow(document, value)
    return value


def _invalid(name: str) -> AwsError:
    return AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        document = validate_document(text, "resource") if name == "Policy" else json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        if name == "Policy":
            raise _invalid(name)
        words = "Redrive policy" if name == "RedrivePolicy" else "Redrive allow policy"
        raise _unacceptable(text, name, f"{words} is not a valid JSON map.")
    return document


def _unacceptable(text: str, name: str, reason: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value {text} for parameter {name} is invalid. Reason: {reason}")


def _checked_redrive(tx: Transaction, policy: dict[str, Any], text: str, fifo: bool, queue_arn: str) -> str:
    def refuse(reason: str) -> AwsError:
        return _unacceptable(text, "RedrivePolicy", reason)

    for field in ("deadLetterTargetArn", "maxReceiveCount"):
        if field not in policy:
            raise refuse(f"Redrive policy does not contain mandatory attribute: {field}.")
    extra = next((key for key in policy if key not in ("deadLetterTargetArn", "maxReceiveCount")), None)
    if extra is not None:
        raise refuse("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].")
    times = str(policy["maxReceiveCount"])
    if not times.isdecimal() or not 1 <= int(times) <= 1_000:
        raise refuse(f"Invalid value for maxReceiveCount: {times}, valid values are from 1 to 1000 both inclusive.")
    target_arn = policy["deadLetterTargetArn"]
    try:
        target_at, own = parse_arn(str(target_arn)), parse_arn(queue_arn)
    except AwsError:
        raise refuse("Invalid value for deadLetterTargetArn.") from None
    if target_at.region != own.region:
        raise refuse("Dead-letter target must be in same region as the source.")
    if target_at.account != own.account:
        raise refuse("Dead-letter target owner should be same as the source.")
    target = queue_of(tx, target_arn)
    if target is None:
        raise refuse("Dead letter target does not exist.")
    if target.fifo != fifo:
        raise refuse("Dead-letter queue must be same type of queue as the source.")
    if not _allows(target, queue_arn):
        raise refuse(f"Queue {target_arn} does not allow {queue_arn} as its source of redriven messages.")
    return text


def _allows(target: Queue, source_arn: str) -> bool:
    text = target.attributes.get("RedriveAllowPolicy")
    if text is None:
        return True
    policy = json.loads(text)
    permission = policy.get("redrivePermission")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy.get("sourceQueueArns", ()))


def _check_redrive_allow(policy: dict[str, Any], text: str) -> None:
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise _unacceptable(text, "RedriveAllowPolicy", "Redrive permission must be allowAll, denyAll or byQueue.")
    if (permission == "byQueue") != bool(sources):
        raise _unacceptable(
            text,
            "RedriveAllowPolicy",
            "sourceQueueArns must be given for the redrive permission byQueue, and only then.",
        )
    if sources and (not isinstance(sources, list) or len(sources) > 10):
        raise _unacceptable(text, "RedriveAllowPolicy", "sourceQueueArns must be a list of at most 10 queue ARNs.")
