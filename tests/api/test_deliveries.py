"""Where an operation has brought something, as the record of deliveries tells it."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api.deliveries import whither

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:m:1"


@pytest.mark.parametrize(
    ("params", "result", "expected"),
    [
        ({"StateMachineArn": MACHINE}, {"executionArn": EXECUTION}, (EXECUTION, "")),
        ({"stateMachineArn": MACHINE}, None, (MACHINE, "")),
        (
            {"QueueUrl": "http://127.0.0.1:4566/210987654321/orders"},
            {"MessageId": "m-1"},
            ("arn:aws:sqs:eu-west-1:210987654321:orders", "m-1"),
        ),
        ({"QueueUrl": "orders"}, {}, ("orders", "")),
        ({"TopicArn": "", "TableName": "t"}, {"MessageId": 7}, ("t", "")),
        ({"QueueUrl": 7}, [], ("7", "")),
        ("text", "text", ("", "")),
        (None, None, ("", "")),
    ],
)
def test_whither(params: Any, result: Any, expected: tuple[str, str]) -> None:
    assert whither(params, result, "eu-west-1") == expected
