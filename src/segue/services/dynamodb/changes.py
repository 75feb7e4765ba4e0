"""A table's stream: switched on and off with the table's settings, written with each item's change.

A record is written in the change's own transaction, as GetRecords shows it but for what the stream knows itself (see
the service ``dynamodbstreams``, which reads it). A write that changes nothing leaves none:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgpack

from segue.api import Call, streams
from segue.languages.expressions import Item, equal, normalize_item
from segue.services.dynamodb.service import invalid
from segue.store import Transaction

RETENTION_MS = 86_400_000
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html, "Data retention limit" """

_BY_TIME_TO_LIVE = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class ChangeStream:
    """The stream of a table, while it is enabled: its id, and which images its records carry."""

    id: int
    old_image: bool
    new_image: bool


def change_stream(document: dict[str, Any]) -> ChangeStream | None:
    """The stream that a table's description says is enabled (one of before there were streams never was)."""
    if "StreamId" not in document:
        return None
    view = document["StreamSpecification"]["StreamViewType"]
    return ChangeStream(
        document["StreamId"], view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"), view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
    )


def enable(call: Call, arn: str, document: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Begin a stream, as a ``StreamSpecification`` wants it, on a table's description.

    Raises:
        AwsError: ``ValidationException`` where there is one already, or no view is named.
    """
    if "StreamId" in document:
        raise invalid(f"Table already has an enabled stream: TableName: {document['TableName']}")
    if "StreamViewType" not in wanted:
        raise invalid(
            "One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true"
        )
    label = _free_label(call, arn)
    document["StreamSpecification"] = wanted
    document["LatestStreamLabel"] = label
    told = {
        "StreamLabel": label,
        "StreamViewType": wanted["StreamViewType"],
        "TableName": document["TableName"],
        "KeySchema": document["KeySchema"],
    }
    scope = f"dynamodb:{call.account}:{call.region}"
    document["StreamId"] = streams.open_stream(call.tx, f"{arn}/stream/{label}", scope, RETENTION_MS, told)


def disable(call: Call, document: dict[str, Any], wanted: dict[str, Any]) -> None:
    """End the stream of a table's description.

    Raises:
        AwsError: ``ValidationException`` where there is none, or a view is named.
    """
    if "StreamViewType" in wanted:
        raise invalid("One or more parameter values were invalid: a StreamViewType is given, but no stream enabled")
    if "StreamSpecification" not in document:
        raise invalid(f"Table has no stream to disable: TableName: {document['TableName']}")
    close(call.tx, document)
    del document["StreamSpecification"]


def close(tx: Transaction, document: dict[str, Any]) -> None:
    """The stream is disabled, or its table deleted; what it holds can be read for another day."""
    if "StreamId" in document:
        streams.close_stream(tx, document.pop("StreamId"))


def write(
    tx: Transaction, stream: ChangeStream, keys: tuple[str, ...], bucket: int, old: Item | None, new: Item | None,
    *, expired: bool = False,
) -> None:  # fmt: skip
    """Write down what became of an item, unless nothing did.

    Args:
        keys: the names of the table's keys.
        bucket: of the partition key: what has the same stays in order, however the stream is read.
        expired: whether the item's time to live ended it.
    """
    present = old if new is None else new
    if present is None or (old is not None and new is not None and _same(old, new)):
        return
    key = {name: present[name] for name in keys}
    change: dict[str, Any] = {"Keys": key}
    size = normalize_item(key)[1]
    for member, image, shown in (("NewImage", new, stream.new_image), ("OldImage", old, stream.old_image)):
        if shown and image is not None:
            change[member] = image
            size += normalize_item(image)[1]
    change["SizeBytes"] = size
    record = {"eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY", "dynamodb": change}
    if expired:
        record["userIdentity"] = _BY_TIME_TO_LIVE
    streams.append(tx, stream.id, bucket, size, msgpack.packb(record))


def _same(old: Item, new: Item) -> bool:
    if old == new:
        return True
    return old.keys() == new.keys() and all(equal(value, new[name]) for name, value in old.items())


def _free_label(call: Call, arn: str) -> str:
    """The label of a stream that is enabled now: the time, or a moment later where a stream has that label already."""
    now_ms = call.now_ms
    while True:
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        label = f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03d}"
        if streams.find_stream(call.tx, f"{arn}/stream/{label}") is None:
            return label
        now_ms += 1
