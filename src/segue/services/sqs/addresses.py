"""Queue names, URLs and ARNs."""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.sqs.records import Queue, queue_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


def queue_url(call: Call, account: str, name: str) -> str:
    """The queue's URL, on the host that the caller used."""
    host = call.caller.host
    if not host:
        return f"{call.api.settings.endpoint_url}/{account}/{name}"
    return f"{host}/{account}/{name}" if "://" in host else f"http://{host}/{account}/{name}"


def arn_of_url(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the queue that ``QueueUrl`` names: its last two path segments, whatever the host.

    Raises:
        AwsError: ``InvalidAddress``: the URL names no queue.
    """
    url: str = params["QueueUrl"]
    parts = url.rsplit("/", 2)
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.", status=404)
    return f"arn:{_partition(call.region)}:sqs:{call.region}:{parts[1]}:{parts[2]}"


def find_queue(call: Call, params: dict[str, Any]) -> Queue:
    """The queue that ``QueueUrl`` names.

    Raises:
        AwsError: ``QueueDoesNotExist``, ``InvalidAddress``.
    """
    queue = queue_of(call.tx, arn_of_url(call, params))
    if queue is None:
        raise no_such_queue()
    return queue


def no_such_queue() -> AwsError:
    """The error for a queue that does not exist."""
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def check_queue_name(name: str, fifo: bool) -> None:
    """Raise ``InvalidParameterValue`` where a queue may not be called so."""
    if fifo:
        if not (name.endswith(".fifo") and len(name) <= 80 and _NAME.fullmatch(name[:-5])):
            raise AwsError(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                "must end with .fifo suffix and be 1 to 80 in length.",
            )
    elif not _NAME.fullmatch(name):
        raise AwsError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
