"""Queues and their policies as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

QUEUE = "AWS::SQS::Queue"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def sqs(segue: Segue) -> Any:
    return segue.client("sqs")


def attributes_of(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def test_a_queue_is_made_changed_and_removed(resources: Resources, sqs: Any) -> None:
    dead = resources.create(QUEUE, "Dead")
    redrive = {"deadLetterTargetArn": dead.attributes["Arn"], "maxReceiveCount": 3}
    made = resources.create(
        QUEUE, "Orders", VisibilityTimeout=5, RedrivePolicy=redrive, Tags=[{"Key": "own", "Value": "x"}]
    )
    url = made.physical_id
    assert made.attributes["Arn"] == "arn:aws:sqs:us-east-1:000000000000:app-Orders-ABCDEFGHIJKL"
    assert made.attributes["QueueName"] == "app-Orders-ABCDEFGHIJKL"
    assert json.loads(attributes_of(sqs, url)["RedrivePolicy"]) == redrive
    resources.update("Orders", DelaySeconds=2)
    after = attributes_of(sqs, url)
    assert (after["VisibilityTimeout"], after["DelaySeconds"]) == ("30", "2")
    assert "RedrivePolicy" not in after
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a", "aws:cloudformation:stack-name": "app"}
    resources.delete("Orders")
    resources.delete("Orders")
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == [dead.attributes["QueueName"]]


def test_a_fifo_queue_gets_a_name_that_ends_so(resources: Resources, sqs: Any) -> None:
    made = resources.create(QUEUE, "Orders", FifoQueue=True, ContentBasedDeduplication=True)
    assert made.physical_id.endswith("/app-Orders-ABCDEFGHIJKL.fifo")
    resources.update("Orders", FifoQueue=True)
    assert attributes_of(sqs, made.physical_id)["ContentBasedDeduplication"] == "false"


def test_a_queue_that_is_there_is_not_taken_over(resources: Resources, sqs: Any) -> None:
    sqs.create_queue(QueueName="taken")
    with pytest.raises(AwsError, match="'taken' already exists"):
        resources.create(QUEUE, "Orders", QueueName="taken")


@pytest.mark.parametrize("type_name", ["AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"])
def test_a_queue_policy(resources: Resources, sqs: Any, type_name: str) -> None:
    url = resources.create(QUEUE, "Orders").physical_id
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    named: dict[str, Any] = {"Queue": url} if "Inline" in type_name else {"Queues": [url]}
    resources.create(type_name, "P", PolicyDocument=document, **named)
    assert json.loads(attributes_of(sqs, url)["Policy"]) == document
    resources.delete("P")
    assert "Policy" not in attributes_of(sqs, url)
    resources.delete("Orders")
    resources.delete("P")
