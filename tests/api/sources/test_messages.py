"""Records, filters, splitting, and what a function's answer says of its batch."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api.sources.messages import Held, event_of, failed_ids, passes, record_of, split

IDS = ["a", "b"]
ALL = {"a", "b"}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", set()),
        ("", set()),
        ("{}", set()),
        ('{"batchItemFailures": []}', set()),
        ('{"batchItemFailures": null}', set()),
        ('{"statusCode": 200}', set()),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": 1}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', ALL),
        ('{"batchItemFailures": [{"bad": "a"}]}', ALL),
        ('{"batchItemFailures": ["a"]}', ALL),
        ('{"batchItemFailures": "a"}', ALL),
        ('{"batchItemFailures": ', ALL),
        ('"text"', ALL),
        ("[]", set()),
        ('""', set()),
    ],
)
def test_failed_items(answer: str, failed: set[str]) -> None:
    assert failed_ids(answer.encode(), IDS) == failed


MESSAGE = {
    "MessageId": "m",
    "ReceiptHandle": "r",
    "MD5OfBody": "d",
    "Body": '{"kind": "quote", "rate": 3}',
    "Attributes": {"SentTimestamp": "1"},
    "MD5OfMessageAttributes": "e",
    "MessageAttributes": {
        "T": {"DataType": "String", "StringValue": "x"},
        "B": {"DataType": "Binary", "BinaryValue": b"\x00"},
    },
}
SOURCE = "arn:aws:sqs:eu-west-1:000000000000:q"


def test_the_record_is_awss() -> None:
    assert record_of(MESSAGE, SOURCE) == {
        "messageId": "m",
        "receiptHandle": "r",
        "body": '{"kind": "quote", "rate": 3}',
        "attributes": {"SentTimestamp": "1"},
        "messageAttributes": {
            "T": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "B": {"binaryValue": "AA==", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": "e",
        "md5OfBody": "d",
        "eventSource": "aws:sqs",
        "eventSourceARN": SOURCE,
        "awsRegion": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("body", "filters", "expected"),
    [
        ("x", [], True),
        ('{"kind": "quote"}', ['{"body": {"kind": ["quote"]}}'], True),
        ('{"kind": "other"}', ['{"body": {"kind": ["quote"]}}'], False),
        ('{"kind": "other"}', ['{"body": {"kind": ["quote"]}}', '{"body": {"kind": ["other"]}}'], True),
        ("quote", ['{"body": {"kind": ["quote"]}}'], False),
        ("quote", ['{"body": ["quote"]}'], True),
        ('{"kind": "quote"}', ['{"body": ["quote"]}'], False),
        ("quote", ['{"messageAttributes": {"T": {"stringValue": ["x"]}}}'], True),
        ("{broken", ['{"body": [{"prefix": "{b"}]}'], True),
        ('{"rate": 3}', ['{"body": {"rate": [{"numeric": [">", 2]}]}}'], True),
    ],
)
def test_filters(body: str, filters: list[str], expected: bool) -> None:
    assert passes(record_of({**MESSAGE, "Body": body}, SOURCE), filters) is expected


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 12), st.integers(1, 1_000))
def test_splitting_keeps_all_in_order_within_bounds(sizes: list[int], batch_size: int, maximum_bytes: int) -> None:
    messages = [Held(str(number), "", "", "x" * size) for number, size in enumerate(sizes)]
    batches = list(split(messages, batch_size, maximum_bytes))
    assert [message for batch in batches for message in batch] == messages
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len(batch) == 1 or sum(len(message.record) + 1 for message in batch) <= maximum_bytes


def test_the_event_is_json() -> None:
    batch = [Held("a", "", "", '{"body":"1"}'), Held("b", "", "", '{"body":"2"}')]
    assert json.loads(event_of(batch)) == {"Records": [{"body": "1"}, {"body": "2"}]}
