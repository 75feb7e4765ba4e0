"""The query protocol's requests, as the examples of AWS's documentation and old SDKs write them."""

from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.wire.parse import parse
from segue.wire.request import Request
from segue.wire.route import route

FORM = {"content-type": "application/x-www-form-urlencoded", "host": "localhost:4566"}
SQS = "Version=2012-11-05"


def read(body: str | bytes, path: str = "/") -> dict[str, Any]:
    request = Request("POST", path, "", FORM, body.encode() if isinstance(body, str) else body)
    return parse(route(request, ["sqs", "sns", "iam"]), request)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            f"Action=SendMessage&{SQS}&QueueUrl=q&MessageBody=a+b%26c&MessageAttribute.1.Name=n&"
            "MessageAttribute.1.Value.StringValue=v&MessageAttribute.1.Value.DataType=String",
            {
                "QueueUrl": "q",
                "MessageBody": "a b&c",
                "MessageAttributes": {"n": {"StringValue": "v", "DataType": "String"}},
            },
        ),
        (
            f"Action=SendMessageBatch&{SQS}&QueueUrl=q&SendMessageBatchRequestEntry.2.Id=b&"
            "SendMessageBatchRequestEntry.10.Id=c&SendMessageBatchRequestEntry.1.Id=a",
            {"QueueUrl": "q", "Entries": [{"Id": "a"}, {"Id": "b"}, {"Id": "c"}]},
        ),
        (
            f"Action=CreateQueue&{SQS}&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v",
            {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"k": "v"}},
        ),
        # unnumbered, as SQS takes them
        (
            f"Action=SetQueueAttributes&{SQS}&QueueUrl=q&Attribute.Name=DelaySeconds&Attribute.Value=5",
            {"QueueUrl": "q", "Attributes": {"DelaySeconds": "5"}},
        ),
        (
            f"Action=ReceiveMessage&{SQS}&QueueUrl=q&AttributeName=All&MaxNumberOfMessages=3",
            {"QueueUrl": "q", "AttributeNames": ["All"], "MaxNumberOfMessages": 3},
        ),
        (
            "Action=Subscribe&Version=2010-03-31&TopicArn=t&Attributes.entry.1.key=RawMessageDelivery&"
            "Attributes.entry.1.value=true&ReturnSubscriptionArn=true",
            {"TopicArn": "t", "Attributes": {"RawMessageDelivery": "true"}, "ReturnSubscriptionArn": True},
        ),
        (
            "Action=AddPermission&Version=2010-03-31&TopicArn=t&Label=l&AWSAccountId.member.1=1&ActionName.member.1=Publish",
            {"TopicArn": "t", "Label": "l", "AWSAccountId": ["1"], "ActionName": ["Publish"]},
        ),
        # the first of a name counts; empty parts and unknown names do not
        ("Action=CreateTopic&Version=2010-03-31&Name=a&Name=b&&=&x=1&Name.y=2", {"Name": "a"}),
    ],
)  # fmt: skip
def test_reads(body: str, expected: dict[str, Any]) -> None:
    assert read(body) == expected


def test_a_queue_may_be_named_by_the_path() -> None:
    params = read(f"Action=SendMessage&{SQS}&MessageBody=b", "/000000000000/q")
    assert params == {"MessageBody": "b", "QueueUrl": "http://localhost:4566/000000000000/q"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"Action=ReceiveMessage&{SQS}&QueueUrl=q&MaxNumberOfMessages=x", "InvalidParameterValue"),
        (f"Action=ReceiveMessage&{SQS}&QueueUrl=q&MaxNumberOfMessages=%C2%B2", "InvalidParameterValue"),
        (f"Action=ReceiveMessage&{SQS}&QueueUrl=q&MaxNumberOfMessages=--5", "InvalidParameterValue"),
        (b"Action=Publish&Version=2010-03-31&Message=%ff", "MalformedInput"),
        (b"Action=Publish&Version=2010-03-31&Message=\xff", "MalformedInput"),
        ("Action=Publish&Version=2010-03-31&Message.a=1", "MalformedInput"),
        ("Action=Publish&Version=2010-03-31&MessageAttributes=1", "MalformedInput"),
        ("Action=Publish&Version=2010-03-31&MessageAttributes.entry.1.Value=1", "MalformedInput"),
        ("Action=Publish&Version=2010-03-31&" + "a." * 100 + "b=1", "MalformedInput"),
        ("Action=Publish&Version=2010-03-31" + "&a=1" * 50_001, "MalformedInput"),
        ("Action=GetSubscriptionAttributes&Version=2010-03-31&Action.x=1&SubscriptionArn.1.2.3=4", "MalformedInput"),
    ],
)
def test_refuses(body: str | bytes, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        read(body)
    assert (caught.value.code, caught.value.status) == (code, 400)
