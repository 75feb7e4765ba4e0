"""The service's declaration, and what its operations say when something is not as it should be."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service, streams
from segue.api.streams import Stream
from segue.errors import AwsError

SERVICE = Service("dynamodbstreams", iam_prefix="dynamodb")

FORGOTTEN_AT_ONCE = 500


def existing(call: Call, arn: str) -> Stream:
    """The stream of that ARN.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    stream = streams.find_stream(call.tx, arn)
    if stream is None:
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
    return stream


def invalid(message: str) -> AwsError:
    """``ValidationException``."""
    return AwsError("ValidationException", message)


def forget_old_records(call: Call, _: Any) -> bool:
    """Forget what is older than a day."""
    return streams.forget(call.tx, FORGOTTEN_AT_ONCE)


SERVICE.housekeeping.append(forget_old_records)
