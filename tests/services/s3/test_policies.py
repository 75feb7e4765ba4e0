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
