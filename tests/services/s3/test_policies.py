"""Who may do what where policies are enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.s3.conftest import refused


@pytest.fixture
def enforced() -> Iterator[Segue]:
    with Segue(iam="enforce") as server:
        yield server


def statement(effect: str, action: str, resource: str, **more: Any) -> str:
    body = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


def test_another_account_needs_the_buckets_leave(enforced: Segue) -> None:
    mine, theirs = enforced.client("s3"), enforced.client("s3", account="111111111111")
    mine.create_bucket(Bucket="mine")
    mine.put_object(Bucket="mine", Key="a", Body=b"x")
    denied = ("AccessDenied", 403)
    assert refused(theirs.get_object, Bucket="mine", Key="a") == denied
    assert refused(theirs.list_objects_v2, Bucket="mine") == denied
    assert refused(theirs.copy_object, Bucket="mine", Key="b", CopySource="mine/a") == denied
    assert refused(theirs.delete_bucket, Bucket="mine") == denied
    leave = statement("Allow", "s3:GetObject", "arn:aws:s3:::mine/*", Principal={"AWS": "111111111111"})
    mine.put_bucket_policy(Bucket="mine", Policy=leave)
    assert theirs.get_object(Bucket="mine", Key="a")["Body"].read() == b"x"
    assert refused(theirs.put_object, Bucket="mine", Key="a", Body=b"") == denied
    assert refused(theirs.get_object, Bucket="nobodys", Key="a") == ("NoSuchBucket", 404)


def test_a_user_may_what_its_policy_says(enforced: Segue) -> None:
    root, iam = enforced.client("s3"), enforced.client("iam")
    root.create_bucket(Bucket="mine")
    iam.create_user(UserName="u")
    policy = statement("Allow", "s3:*Object", "arn:aws:s3:::mine/u/*")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    secrets = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = enforced.client("s3", **secrets)
    s3.put_object(Bucket="mine", Key="u/a", Body=b"x")
    assert refused(s3.put_object, Bucket="mine", Key="v/a", Body=b"x") == ("AccessDenied", 403)
    objects = [{"Key": "u/a"}, {"Key": "v/a"}]
    answer = s3.delete_objects(Bucket="mine", Delete={"Objects": objects})
    assert [item["Key"] for item in answer["Deleted"]] == ["u/a"]
    assert [(item["Key"], item["Code"]) for item in answer["Errors"]] == [("v/a", "AccessDenied")]


def test_what_buckets_tell_the_bus_nobody_has_to_allow(enforced: Segue) -> None:
    s3, events, sqs = enforced.client("s3"), enforced.client("events"), enforced.client("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    leave = statement("Allow", "sqs:SendMessage", queue, Principal={"Service": "events.amazonaws.com"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": leave})
    events.put_rule(Name="s3", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="s3", Targets=[{"Id": "1", "Arn": queue}])
    s3.create_bucket(Bucket="mine")
    s3.put_bucket_notification_configuration(Bucket="mine", NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket="mine", Key="a", Body=b"x")
    enforced.settle()
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "a"
