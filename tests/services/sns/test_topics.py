from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def sns(segue: Segue) -> Any:
    return segue.client("sns")


def test_a_topic_is_made_described_changed_and_deleted(sns: Any) -> None:
    arn = sns.create_topic(Name="t", Attributes={"DisplayName": "T"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == "arn:aws:sns:us-east-1:000000000000:t"
    assert sns.create_topic(Name="t")["TopicArn"] == arn
    with pytest.raises(ClientError, match="Topic already exists with different attributes"):
        sns.create_topic(Name="t", Attributes={"DisplayName": "other"})
    with pytest.raises(ClientError, match="Topic already exists with different tags"):
        sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "2"}])
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="U")
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["DisplayName"], attributes["Owner"]) == ("U", "000000000000")
    assert sns.list_topics()["Topics"] == [{"TopicArn": arn}]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    with pytest.raises(ClientError) as gone:
        sns.get_topic_attributes(TopicArn=arn)
    assert code_of(gone) == "NotFound"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("a b", {}),
        ("t.fifo", {}),
        ("t", {"FifoTopic": "true"}),
        ("t", {"Nonsense": "x"}),
        ("t", {"SignatureVersion": "3"}),
        ("t", {"ContentBasedDeduplication": "true"}),
        ("t", {"Policy": "no json"}),
    ],
)
def test_topics_that_may_not_be(sns: Any, name: str, attributes: dict[str, str]) -> None:
    with pytest.raises(ClientError) as refused:
        sns.create_topic(Name=name, Attributes=attributes)
    assert code_of(refused) == "InvalidParameter"
    assert sns.list_topics()["Topics"] == []


def test_permissions_are_statements_beside_the_default_one(sns: Any) -> None:
    arn = sns.create_topic(Name="t")["TopicArn"]
    sns.add_permission(TopicArn=arn, Label="one", AWSAccountId=["1234567890"], ActionName=["Publish"])
    default, one = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]
    assert default["Sid"] == "__default_statement_ID"
    assert one == {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::1234567890:root"},
        "Action": "SNS:Publish",
        "Resource": arn,
    }
    sns.remove_permission(TopicArn=arn, Label="one")
    assert len(json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]) == 1


def test_tags(sns: Any) -> None:
    arn = sns.create_topic(Name="t")["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError) as refused:
        sns.list_tags_for_resource(ResourceArn=f"{arn}-not")
    assert code_of(refused) == "ResourceNotFound"


def test_lists_come_in_pages_of_a_hundred(sns: Any) -> None:
    for n in range(101):
        sns.create_topic(Name=f"t{n:03}")
    first = sns.list_topics()
    rest = sns.list_topics(NextToken=first["NextToken"])
    assert (len(first["Topics"]), len(rest["Topics"])) == (100, 1)
    assert "NextToken" not in rest
