"""A record as it is shown: by GetRecords, and to functions and pipes.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html,
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html (the event).
"""

from __future__ import annotations

import base64
from hashlib import md5
from typing import Any

import msgpack

from segue.api.streams import Record, Stream

_SHORTEST_NUMBER = 21


def sequence_number(number: int) -> str:
    """A record's number as the API writes it: digits, all of one length, so that texts too are in order."""
    return f"1{number:0{_SHORTEST_NUMBER - 1}d}"


def number_of(sequence: str) -> int | None:
    """The number that a sequence number stands for; ``None`` for what is none of ours."""
    if len(sequence) != _SHORTEST_NUMBER or not sequence.isascii() or not sequence.isdigit() or sequence[0] != "1":
        return None
    return int(sequence[1:])


def as_api(stream: Stream, record: Record) -> dict[str, Any]:
    """A record as GetRecords answers it."""
    content = msgpack.unpackb(record.content)
    change = {
        "ApproximateCreationDateTime": record.at_ms // 1000 * 1000,  # to the second, as on AWS
        **content["dynamodb"],
        "SequenceNumber": sequence_number(record.number),
        "StreamViewType": stream.document["StreamViewType"],
    }
    return {
        "eventID": md5(f"{stream.arn}/{record.number}".encode(), usedforsecurity=False).hexdigest(),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.arn.split(":")[3],
        **content,
        "dynamodb": change,
    }


def as_event(stream: Stream, record: Record) -> dict[str, Any]:
    """A record as functions and pipes get it: plain JSON."""
    shown = as_api(stream, record)
    change = shown["dynamodb"]
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"] / 1000
    for member in ("Keys", "NewImage", "OldImage"):
        if member in change:
            change[member] = {name: _plain(value) for name, value in change[member].items()}
    event = {
        "eventID": shown["eventID"],
        "eventName": shown["eventName"],
        "eventVersion": shown["eventVersion"],
        "eventSource": shown["eventSource"],
        "awsRegion": shown["awsRegion"],
        "dynamodb": change,
        "eventSourceARN": stream.arn,
    }
    if "userIdentity" in shown:
        identity = shown["userIdentity"]
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return event


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute value with its binaries as base64."""
    ((tag, content),) = value.items()
    if tag == "B":
        return {"B": base64.b64encode(content).decode()}
    if tag == "BS":
        return {"BS": [base64.b64encode(each).decode() for each in content]}
    if tag == "L":
        return {"L": [_plain(each) for each in content]}
    if tag == "M":
        return {"M": {name: _plain(each) for name, each in content.items()}}
    return value
