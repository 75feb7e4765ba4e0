from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.config import Limits
from segue.testing import Segue


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def attributes_of(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]
    return found


def test_a_queue_is_made_described_changed_and_deleted(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"MessageRetentionPeriod": "300"})["QueueUrl"]
    assert url == f"{segue.endpoint_url}/000000000000/orders"
    assert sqs.create_queue(QueueName="orders", Attributes={"MessageRetentionPeriod": "300"})["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    assert attributes_of(sqs, url)["QueueArn"] == "arn:aws:sqs:us-east-1:000000000000:orders"
    segue.advance(5)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    after = attributes_of(sqs, url)
    assert (after["VisibilityTimeout"], after["MessageRetentionPeriod"]) == ("7", "300")
    assert int(after["LastModifiedTimestamp"]) == int(after["CreatedTimestamp"]) + 5
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError) as gone:
        sqs.get_queue_url(QueueName="orders")
    assert code_of(gone) == "AWS.SimpleQueueService.NonExistentQueue"


def test_the_host_of_a_queue_url_does_not_matter(segue: Segue) -> None:
    sqs = segue.client("sqs", account="123456789012", region="us-east-2")
    sqs.create_queue(QueueName="MortgageQuotes")
    url = "https://sqs.us-east-2.amazonaws.com/123456789012/MortgageQuotes"
    sqs.send_message(QueueUrl=url, MessageBody="quote")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "quote"


def test_accounts_and_regions_are_apart(segue: Segue) -> None:
    segue.client("sqs").create_queue(QueueName="mine")
    for other in (segue.client("sqs", account="111122223333"), segue.client("sqs", region="eu-west-1")):
        assert "QueueUrls" not in other.list_queues()
        with pytest.raises(ClientError):
            other.get_queue_url(QueueName="mine")


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"Nonsense": "1"}, "InvalidAttributeName"),
        ({"DelaySeconds": "901"}, "InvalidAttributeValue"),
        ({"DelaySeconds": "-1"}, "InvalidAttributeValue"),
        ({"VisibilityTimeout": "x"}, "InvalidAttributeValue"),
        ({"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"),
        ({"MaximumMessageSize": "1048577"}, "InvalidAttributeValue"),
        ({"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
        ({"Policy": "no json"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{}"}, "InvalidParameterValue"),
        (
            {"RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:no", "maxReceiveCount": 1})},
            "InvalidParameterValue",
        ),
        ({"RedriveAllowPolicy": json.dumps({"redrivePermission": "byQueue"})}, "InvalidParameterValue"),
    ],
)
def test_attributes_that_may_not_be_leave_nothing_behind(segue: Segue, attributes: dict[str, str], code: str) -> None:
    sqs = segue.client("sqs")
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName="q", Attributes=attributes)
    assert code_of(refused) == code
    assert "QueueUrls" not in sqs.list_queues()


@pytest.mark.parametrize("name", ["a b", "", "x" * 81, "q.fifo", "ä"])
def test_names_that_may_not_be(segue: Segue, name: str) -> None:
    sqs = segue.client("sqs")
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName=name)
    assert code_of(refused) == "InvalidParameterValue"


def test_the_same_name_with_other_attributes_is_refused(segue: Segue) -> None:
    sqs = segue.client("sqs")
    sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "2"})
    assert code_of(refused) == "QueueAlreadyExists"
    assert refused.value.response["Error"]["Message"].endswith("a different value for attribute DelaySeconds")


def test_lists_come_in_pages(segue: Segue) -> None:
    sqs = segue.client("sqs")
    for name in ("a-1", "a-2", "a-3", "b-1"):
        sqs.create_queue(QueueName=name)
    first = sqs.list_queues(QueueNamePrefix="a-", MaxResults=2)
    rest = sqs.list_queues(QueueNamePrefix="a-", MaxResults=2, NextToken=first["NextToken"])
    names = [url.rsplit("/", 1)[1] for url in first["QueueUrls"] + rest["QueueUrls"]]
    assert names == ["a-1", "a-2", "a-3"]
    assert "NextToken" not in rest
    assert len(sqs.list_queues()["QueueUrls"]) == 4


def test_a_purge_empties_a_queue_once_a_minute(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert attributes_of(sqs, url, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "0"}
    with pytest.raises(ClientError) as refused:
        sqs.purge_queue(QueueUrl=url)
    assert code_of(refused) == "AWS.SimpleQueueService.PurgeQueueInProgress"
    segue.advance(61)
    sqs.purge_queue(QueueUrl=url)


def test_a_long_queue_is_emptied_page_by_page(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.services.sqs.queues._PURGE_PAGE", 3)
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for n in range(10):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    sqs.purge_queue(QueueUrl=url)
    sqs.send_message(QueueUrl=url, MessageBody="after")
    segue.settle()
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"] == "after"


def test_a_deleted_queue_leaves_no_messages_and_tags_to_its_successor(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q", tags={"a": "1"})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1"}
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.delete_queue(QueueUrl=url)
    sqs.create_queue(QueueName="q")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_permissions_are_statements_of_the_policy(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.add_permission(QueueUrl=url, Label="one", AWSAccountIds=["1234567890"], Actions=["SendMessage", "*"])
    policy = json.loads(attributes_of(sqs, url, "Policy")["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::1234567890:root"},
            "Action": ["SQS:SendMessage", "SQS:*"],
            "Resource": "arn:aws:sqs:us-east-1:000000000000:q",
        }
    ]
    with pytest.raises(ClientError):
        sqs.add_permission(QueueUrl=url, Label="one", AWSAccountIds=["1"], Actions=["*"])
    with pytest.raises(ClientError):
        sqs.add_permission(QueueUrl=url, Label="two", AWSAccountIds=["1"], Actions=["CreateQueue"])
    sqs.remove_permission(QueueUrl=url, Label="one")
    assert "Policy" not in attributes_of(sqs, url)


def test_a_deleted_queues_name_may_rest_for_a_while() -> None:
    with Segue(limits=Limits(queue_name_rest_seconds=60)) as segue:
        sqs = segue.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.delete_queue(QueueUrl=url)
        with pytest.raises(ClientError, match="You must wait 60 seconds after deleting a queue"):
            sqs.create_queue(QueueName="q")
        segue.advance(60)
        assert sqs.create_queue(QueueName="q")["QueueUrl"] == url


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("dead", "Invalid value for deadLetterTargetArn."),
        (7, "Invalid value for deadLetterTargetArn."),
        ("arn:aws::us-east-1:000000000000:dead", "Invalid value for deadLetterTargetArn."),
        ("arn:aws:sqs:eu-west-1:000000000000:dead", "Dead-letter target must be in same region as the source."),
        ("arn:aws:sqs:us-east-1:111111111111:dead", "Dead-letter target owner should be same as the source."),
        ("arn:aws:sqs:us-east-1:000000000000:none", "Dead letter target does not exist."),
        ("arn:aws:sqs:us-east-1:000000000000:dead", "Dead-letter queue must be same type of queue as the source."),
    ],
)
def test_which_dead_letter_queues_are_none(segue: Segue, target: Any, words: str) -> None:
    sqs = segue.client("sqs")
    sqs.create_queue(QueueName="dead")
    text = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 1})
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true", "RedrivePolicy": text})
    assert refused.value.response["Error"]["Message"] == (
        f"Value {text} for parameter RedrivePolicy is invalid. Reason: {words}"
    )
