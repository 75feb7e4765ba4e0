"""What all batch operations share: their entries' ids, and an answer that is part success, part failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from segue.errors import AwsError

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_MAX_ENTRIES = 10


def check_entries(entries: list[dict[str, Any]], entry_kind: str) -> None:
    """Raise where a batch is empty, too long, or its ids are malformed or not distinct.

    Args:
        entry_kind: the entries' name in AWS's message (``SendMessageBatchRequestEntry``).
    """
    if not entries:
        raise AwsError("EmptyBatchRequest", f"There should be at least one {entry_kind} in the request.")
    if len(entries) > _MAX_ENTRIES:
        raise AwsError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {_MAX_ENTRIES}. You have sent {len(entries)}.",
        )
    seen: set[str] = set()
    for entry in entries:
        if not _ID.fullmatch(entry["Id"]):
            raise AwsError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
        if entry["Id"] in seen:
            raise AwsError("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        seen.add(entry["Id"])


def each(entries: list[dict[str, Any]], do: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Do ``do`` for each entry; those that raise ``AwsError`` are listed as failed."""
    succeeded: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            succeeded.append({"Id": entry["Id"], **do(entry)})
        except AwsError as error:
            failed.append(
                {"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": error.status < 500}
            )
    answer: dict[str, Any] = {}
    if succeeded:
        answer["Successful"] = succeeded
    if failed:
        answer["Failed"] = failed
    return answer
