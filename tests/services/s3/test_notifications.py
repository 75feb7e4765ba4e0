"""What happens in a bucket is told to whom it was to be told to; and what has had its time goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.s3.conftest import refused

QUEUE = "arn:aws:sqs:us-east-1:000000000000:told"


@pytest.fixture
def world(segue: Segue) -> Any:
    s3, sqs = segue.client("s3"), segue.client("sqs")
    s3.create_bucket(Bucket="noisy")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]

    def told() -> list[Any]:
        segue.settle()
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    return s3, told


def listen(s3: Any, *events: str, **more: Any) -> None:
    rule = {"QueueArn": QUEUE, "Events": list(events), **more}
    s3.put_bucket_notification_configuration(Bucket="noisy", NotificationConfiguration={"QueueConfigurations": [rule]})


def test_a_queue_is_told_of_objects(world: Any) -> None:
    s3, told = world
    listen(s3, "s3:ObjectCreated:*", Id="mine")
    (test,) = told()
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", "noisy")
    s3.put_object(Bucket="noisy", Key="a b/ü+1", Body=b"hello")
    s3.delete_object(Bucket="noisy", Key="a b/ü+1")
    (message,) = told()
    (record,) = message["Records"]
    assert (record["eventName"], record["awsRegion"], record["eventSource"]) == (
        "ObjectCreated:Put",
        "us-east-1",
        "aws:s3",
    )
    assert record["s3"]["configurationId"] == "mine"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::noisy"
    assert {name: record["s3"]["object"][name] for name in ("key", "size", "eTag")} == {
        "key": "a+b/%C3%BC%2B1",
        "size": 5,
        "eTag": "5d41402abc4b2a76b9719d911017c592",
    }


def test_only_what_was_asked_for_is_told(world: Any) -> None:
    s3, told = world
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".json"}]
    listen(s3, "s3:ObjectCreated:Copy", "s3:ObjectRemoved:*", Filter={"Key": {"FilterRules": rules}})
    told()
    s3.put_object(Bucket="noisy", Key="in/a.json", Body=b"")
    s3.copy_object(Bucket="noisy", Key="in/b.json", CopySource="noisy/in/a.json")
    s3.copy_object(Bucket="noisy", Key="out/b.json", CopySource="noisy/in/a.json")
    s3.delete_object(Bucket="noisy", Key="in/b.json")
    s3.delete_object(Bucket="noisy", Key="in/never.json")
    names = sorted(message["Records"][0]["eventName"] for message in told())
    assert names == ["ObjectCreated:Copy", "ObjectRemoved:Delete"]


def test_configurations_that_cannot_be(world: Any) -> None:
    s3, told = world
    for arn, events in (
        (f"{QUEUE}-not", ["s3:ObjectCreated:*"]),
        ("arn:aws:sns:us-east-1:000000000000:told", ["s3:ObjectCreated:*"]),
        (QUEUE, ["s3:Nothing"]),
    ):
        rules = {"QueueConfigurations": [{"QueueArn": arn, "Events": events}]}
        wanted = ("InvalidArgument", 400)
        assert (
            refused(s3.put_bucket_notification_configuration, Bucket="noisy", NotificationConfiguration=rules) == wanted
        )
    assert told() == []
    answer = s3.get_bucket_notification_configuration(Bucket="noisy")
    assert "QueueConfigurations" not in answer


def test_what_never_happens_here_may_be_asked_for(world: Any) -> None:
    s3, _ = world
    events = ["s3:ReducedRedundancyLostObject", "s3:Replication:*", "s3:LifecycleTransition", "s3:ObjectAcl:Put"]
    listen(s3, *events)
    found = s3.get_bucket_notification_configuration(Bucket="noisy")["QueueConfigurations"][0]["Events"]
    assert sorted(found) == sorted(events)


def test_the_bus_and_topics_are_told(segue: Segue, world: Any) -> None:
    s3, told = world
    events, sns = segue.client("events"), segue.client("sns")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["noisy"]}}}
    events.put_rule(Name="s3", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="s3", Targets=[{"Id": "1", "Arn": QUEUE}])
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "true"})
    both = {
        "EventBridgeConfiguration": {},
        "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:Delete"]}],
    }
    s3.put_bucket_notification_configuration(Bucket="noisy", NotificationConfiguration=both)
    assert [message["Event"] for message in told()] == ["s3:TestEvent"]
    s3.put_object(Bucket="noisy", Key="a b", Body=b"hello")
    (event,) = told()
    assert (event["detail-type"], event["resources"]) == ("Object Created", ["arn:aws:s3:::noisy"])
    assert (event["detail"]["object"]["key"], event["detail"]["reason"]) == ("a b", "PutObject")
    s3.delete_object(Bucket="noisy", Key="a b")
    kinds = sorted(message.get("detail-type") or message["Records"][0]["eventName"] for message in told())
    assert kinds == ["Object Deleted", "ObjectRemoved:Delete"]


def test_what_has_had_its_time_goes(segue: Segue, world: Any) -> None:
    s3, told = world
    listen(s3, "s3:LifecycleExpiration:*")
    told()
    s3.put_object(Bucket="noisy", Key="old/a", Body=b"x")
    s3.put_object(Bucket="noisy", Key="keep/a", Body=b"x")
    s3.create_multipart_upload(Bucket="noisy", Key="old/b")
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Filter": {"Prefix": "old/"},
        "Expiration": {"Days": 2},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    s3.put_bucket_lifecycle_configuration(Bucket="noisy", LifecycleConfiguration={"Rules": [rule]})
    segue.advance(days=1, hours=22)
    s3.put_object(Bucket="noisy", Key="old/new", Body=b"x")
    assert s3.list_objects_v2(Bucket="noisy")["KeyCount"] == 3
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="noisy")
    segue.advance(days=1, hours=3)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="noisy")["Contents"]] == ["keep/a", "old/new"]
    assert [message["Records"][0]["eventName"] for message in told()] == ["LifecycleExpiration:Delete"]
