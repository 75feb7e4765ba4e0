"""Buckets, and what they are told to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.s3.conftest import refused

PUBLIC = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"},
    }
)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-a-", "a..b", "192.168.0.1", "xn--abc"])
def test_names_that_no_bucket_can_have(s3: Any, name: str) -> None:
    s3.meta.events.unregister("before-parameter-build.s3", "validate_bucket_name")
    assert refused(s3.create_bucket, Bucket=name) in {("InvalidBucketName", 400), ("MethodNotAllowed", 405)}


def test_buckets_belong_to_an_account_and_a_region(served: Segue) -> None:
    here = served.client("s3")
    there = served.client("s3", account="111111111111", region="eu-west-1")
    made = there.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert made["Location"] == "http://theirs.s3.amazonaws.com/"
    assert there.get_bucket_location(Bucket="theirs")["LocationConstraint"] == "eu-west-1"
    assert there.head_bucket(Bucket="theirs")["BucketRegion"] == "eu-west-1"
    again = {"Bucket": "theirs", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert refused(there.create_bucket, **again) == ("BucketAlreadyOwnedByYou", 409)
    assert refused(here.create_bucket, Bucket="theirs") == ("BucketAlreadyExists", 409)
    assert refused(there.create_bucket, Bucket="other") == ("IllegalLocationConstraintException", 400)
    assert [item["Name"] for item in there.list_buckets()["Buckets"]] == ["theirs"]
    assert "theirs" not in [item["Name"] for item in here.list_buckets()["Buckets"]]
    owned = {"Bucket": "theirs", "ExpectedBucketOwner": "111111111111"}
    assert there.head_bucket(**owned)["BucketRegion"] == "eu-west-1"
    assert refused(there.list_objects_v2, **{**owned, "ExpectedBucketOwner": "2" * 12}) == ("AccessDenied", 403)


def test_making_ones_own_bucket_again_does_nothing(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.create_bucket(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_buckets_are_listed_page_by_page(served: Segue) -> None:
    s3 = served.client("s3", account="222222222222")
    for number in range(5):
        s3.create_bucket(Bucket=f"paged-{number}")
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2}, Prefix="paged-"))
    assert [len(page["Buckets"]) for page in pages] == [2, 2, 1]


CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], "MaxAgeSeconds": 5}]}
LIFECYCLE = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}]}
KMS = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
WEBSITE = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}


@pytest.mark.parametrize(
    ("what", "member", "value", "told", "missing"),
    [
        ("cors", "CORSConfiguration", CORS, "", "NoSuchCORSConfiguration"),
        ("website", "WebsiteConfiguration", WEBSITE, "", "NoSuchWebsiteConfiguration"),
        ("tagging", "Tagging", {"TagSet": [{"Key": "a", "Value": "b"}]}, "", "NoSuchTagSet"),
        (
            "ownership_controls",
            "OwnershipControls",
            {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            "OwnershipControls",
            "OwnershipControlsNotFoundError",
        ),
    ],
)
def test_what_is_set_is_told_until_it_is_deleted(
    s3: Any, bucket: str, what: str, member: str, value: dict[str, Any], told: str, missing: str
) -> None:
    getattr(s3, f"put_bucket_{what}")(Bucket=bucket, **{member: value})
    answer = getattr(s3, f"get_bucket_{what}")(Bucket=bucket)
    answer.pop("ResponseMetadata")
    assert (answer[told] if told else answer) == value
    getattr(s3, f"delete_bucket_{what}")(Bucket=bucket)
    assert refused(getattr(s3, f"get_bucket_{what}"), Bucket=bucket) == (missing, 404)


def test_configurations_that_have_defaults(s3: Any, bucket: str) -> None:
    def algorithm() -> str:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        return str(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])

    assert algorithm() == "AES256"
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [KMS]})
    assert algorithm() == "aws:kms"
    s3.delete_bucket_encryption(Bucket=bucket)
    assert algorithm() == "AES256"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


def test_lifecycle_rules_are_kept(s3: Any, bucket: str) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == LIFECYCLE["Rules"]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    wanted = ("NoSuchLifecycleConfiguration", 404)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == wanted
    none = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": []}}
    assert refused(s3.put_bucket_lifecycle_configuration, **none) == ("MalformedXML", 400)


def test_policies(s3: Any, bucket: str) -> None:
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="x") == ("MalformedPolicy", 400)
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=PUBLIC) == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket=bucket)
    assert refused(s3.get_public_access_block, Bucket=bucket) == ("NoSuchPublicAccessBlockConfiguration", 404)
    s3.put_bucket_policy(Bucket=bucket, Policy=PUBLIC)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(PUBLIC)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)


def test_acls_only_where_a_bucket_allows_them(s3: Any, bucket: str) -> None:
    assert refused(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == ("AccessControlListNotSupported", 400)
    s3.put_object(Bucket=bucket, Key="a", Body=b"", ACL="bucket-owner-full-control")
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    for told in (s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="a")):
        assert [grant["Permission"] for grant in told["Grants"]] == ["FULL_CONTROL", "READ"]
        assert told["Grants"][1]["Grantee"] == {
            "Type": "Group",
            "URI": "http://acs.amazonaws.com/groups/global/AllUsers",
        }
    assert s3.get_object(Bucket=bucket, Key="a")["ContentLength"] == 0
