"""What becomes of stream records that are given up: a document about them goes to the mapping's destination.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html (the document),
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html (the object's key).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from segue.api import Call, Target, deliver
from segue.api.deliveries import Delivery, record
from segue.api.sources.queues import queue_url
from segue.api.sources.stream_batches import Chosen, StreamBatch
from segue.services.lambda_.formats import iso_timestamp
from segue.services.lambda_.invocation import InvokeOutcome
from segue.services.lambda_.mapping_records import EventSourceMapping
from segue.services.lambda_.records import FunctionVersion
from segue.services.lambda_.sessions import PRINCIPAL

TOO_OFTEN = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Records that are given up: why, after how many invocations, and what the last of them came to (if any)."""

    records: Sequence[Chosen]
    shard: str
    condition: str
    invocations: int
    request_id: str = ""
    outcome: InvokeOutcome | None = None


def give_up(call: Call, mapping: EventSourceMapping, version: FunctionVersion, given_up: GivenUp) -> None:
    """Hand the document about the records to the destination, if there is one; that they are gone is recorded.

    ``call`` is the service's own.
    """
    reason = given_up.condition
    if given_up.outcome is not None and given_up.outcome.error_text:
        reason = f"{reason}: {given_up.outcome.error_text}"
    status = "dead-lettered" if mapping.on_failure else "dropped"
    subject = given_up.records[0].number
    hop = Delivery(
        mapping.source_arn, mapping.qualified_arn, "lambda:Invoke", status, given_up.invocations, reason, subject
    )
    record(call, hop)
    if not mapping.on_failure:
        return
    operation, params = _operation(call, mapping, given_up, _document(call, mapping, version, given_up))
    region = mapping.on_failure.split(":")[3] or call.region
    deliver(
        call.as_caller(call.caller.in_region(region)),
        Target(
            service=PRINCIPAL,
            source_arn=mapping.function_arn,
            target_arn=mapping.on_failure,
            operation=operation,
            params=params,
            role_arn=version.configuration["Role"],
            subject=subject,
        ),
    )


def _document(call: Call, mapping: EventSourceMapping, version: FunctionVersion, given_up: GivenUp) -> dict[str, Any]:
    first, last = given_up.records[0], given_up.records[-1]
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": given_up.request_id or call.tx.ids.uuid(),
            "functionArn": mapping.qualified_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.invocations,
        }
    }
    if given_up.outcome is not None:
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": version.version}
        if given_up.outcome.function_error:
            context["functionError"] = given_up.outcome.function_error
        document["responseContext"] = context
    return {
        **document,
        "version": "1.0",
        "timestamp": iso_timestamp(call.now_ms).replace("+0000", "Z"),
        "DDBStreamBatchInfo": {
            "shardId": given_up.shard,
            "startSequenceNumber": first.number,
            "endSequenceNumber": last.number,
            "approximateArrivalOfFirstRecord": _second(first.at_ms),
            "approximateArrivalOfLastRecord": _second(last.at_ms),
            "batchSize": len(given_up.records),
            "streamArn": mapping.source_arn,
        },
    }


def _second(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _operation(
    call: Call, mapping: EventSourceMapping, given_up: GivenUp, document: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """What is performed on the destination; a bucket gets the records as well."""
    arn = mapping.on_failure
    service = arn.split(":")[2]
    if service == "sqs":
        return "sqs:SendMessage", {"QueueUrl": queue_url(call, arn), "MessageBody": _json(document)}
    if service == "sns":
        return "sns:Publish", {"TopicArn": arn, "Message": _json(document)}
    payload = StreamBatch(tuple(given_up.records), "", True).event.decode()
    moment = datetime.fromtimestamp(call.now_ms / 1000, UTC)
    name = f"{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{call.tx.ids.uuid()}"
    return "s3:PutObject", {
        "Bucket": arn.rpartition(":")[2],
        "Key": f"aws/lambda/{mapping.uuid}/{given_up.shard}/{name}",
        "Body": _json({**document, "payload": payload}).encode(),
        "ContentType": "application/json",
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
