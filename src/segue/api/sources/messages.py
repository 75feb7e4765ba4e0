"""Batches of queue messages: the event that a function gets, what the filters let through, what its answer means."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segue.languages.eventpattern import compile as compile_pattern

# The records of an invocation, with some room for the envelope: an invocation's payload is 6 MB at most.
MAXIMUM_BATCH_BYTES = 6_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A received message on its way into a batch: its record as JSON text, and what settles it."""

    message_id: str
    receipt_handle: str
    trace: str
    record: str

    @property
    def plain(self) -> list[str]:
        """As a job's payload carries it."""
        return [self.message_id, self.receipt_handle, self.trace, self.record]


def record_of(message: Mapping[str, Any], source_arn: str) -> dict[str, Any]:
    """The record that a function gets for a message.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {
            # A trace header without a parent is our own, made for a request that had none: AWS would show none.
            name: value
            for name, value in message.get("Attributes", {}).items()
            if name != "AWSTraceHeader" or "Parent=" in value
        },
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    record["md5OfBody"] = message["MD5OfBody"]
    record["eventSource"] = "aws:sqs"
    record["eventSourceARN"] = source_arn
    record["awsRegion"] = source_arn.split(":")[3]
    return record


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return {**attribute, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def passes(record: Mapping[str, Any], filters: Sequence[str]) -> bool:
    """Whether one of the filters matches, or there is none. A body that is a JSON object is matched as one.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
    """
    if not filters:
        return True
    event = {**record, "body": _parsed(record["body"])}
    return any(compile_pattern(text).matches(event) for text in filters)


def _parsed(body: str) -> Any:
    if body.lstrip().startswith("{"):
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return body
    return body


def held(message: Mapping[str, Any], record: Mapping[str, Any]) -> Held:
    """A received message as it waits for its batch."""
    trace = message.get("Attributes", {}).get("AWSTraceHeader", "")
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    return Held(message["MessageId"], message["ReceiptHandle"], trace, text)


def split(messages: Iterable[Held], batch_size: int, maximum_bytes: int = MAXIMUM_BATCH_BYTES) -> Iterator[list[Held]]:
    """The messages in batches of at most so many and so many bytes; one that is bigger alone goes alone."""
    batch: list[Held] = []
    size = 0
    for message in messages:
        length = len(message.record.encode()) + 1
        if batch and (len(batch) == batch_size or size + length > maximum_bytes):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def event_of(batch: Sequence[Held]) -> bytes:
    """The invocation's payload."""
    return ('{"Records":[' + ",".join(message.record for message in batch) + "]}").encode()


def failed_ids(payload: bytes, message_ids: Sequence[str]) -> set[str]:
    """The messages that the function reports as failed (``ReportBatchItemFailures``): all if it reports nonsense.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure
    conditions".
    """
    everything = set(message_ids)
    try:
        answer = json.loads(payload) if payload else None
    except (ValueError, RecursionError):
        return everything
    if answer in (None, {}, [], ""):
        return set()
    if not isinstance(answer, dict):
        return everything
    failures = answer.get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return everything
    identifiers = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures]
    if any(not isinstance(identifier, str) or identifier not in everything for identifier in identifiers):
        return everything
    return {str(identifier) for identifier in identifiers}
