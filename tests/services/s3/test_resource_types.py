"""Buckets and their policies as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.services.s3 import bucket_properties
from segue.testing import Segue
from tests.services.resources import Resources

BUCKET = "AWS::S3::Bucket"
OPEN = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def s3(segue: Segue) -> Any:
    return segue.client("s3")


def test_a_bucket_with_most_of_what_it_may_have(segue: Segue, resources: Resources, s3: Any) -> None:
    segue.client("sqs").create_queue(QueueName="orders")
    told = {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True},
        "QueueConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Queue": "arn:aws:sqs:us-east-1:000000000000:orders",
                "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".csv"}]}},
            }
        ],
    }
    made = resources.create(
        BUCKET,
        "Files",
        VersioningConfiguration={"Status": "Enabled"},
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        CorsConfiguration={
            "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": 5}]
        },
        LifecycleConfiguration={"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 3, "Prefix": "tmp/"}]},
        PublicAccessBlockConfiguration=OPEN,
        OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        AccessControl="PublicRead",
        WebsiteConfiguration={"IndexDocument": "index.html", "ErrorDocument": "error.html"},
        LoggingConfiguration={"LogFilePrefix": "x"},
        NotificationConfiguration=told,
        ReplicationConfiguration={"Role": "r", "Rules": []},
        Tags=[{"Key": "own", "Value": "x"}],
    )
    name = made.physical_id
    assert name == "app-files-abcdefghijkl"
    assert made.attributes["Arn"] == f"arn:aws:s3:::{name}"
    assert made.attributes["RegionalDomainName"] == f"{name}.s3.us-east-1.amazonaws.com"
    assert resources.notes == ["ReplicationConfiguration has no effect here"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["ExposeHeaders"] == ["ETag"]
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (rule["ID"], rule["Filter"], rule["Expiration"]) == ("old", {"Prefix": "tmp/"}, {"Days": 3})
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == OPEN
    assert len(s3.get_bucket_acl(Bucket=name)["Grants"]) == 2
    assert s3.get_bucket_website(Bucket=name)["ErrorDocument"] == {"Key": "error.html"}
    found = s3.get_bucket_notification_configuration(Bucket=name)
    assert found["EventBridgeConfiguration"] == {}
    assert found["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"] == [{"Name": "suffix", "Value": ".csv"}]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"own": "x", "team": "a", "aws:cloudformation:stack-name": "app"}


def test_a_bucket_changes_in_place(resources: Resources, s3: Any) -> None:
    cors = {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    told = {"NotificationConfiguration": {"EventBridgeConfiguration": {}}}
    given: dict[str, Any] = {"BucketName": "files", "VersioningConfiguration": {"Status": "Enabled"}}
    resources.create(BUCKET, "Files", **given, **told, CorsConfiguration=cors, PublicAccessBlockConfiguration=OPEN)
    resources.update("Files", BucketName="files", Tags=[{"Key": "own", "Value": "x"}])
    assert s3.get_bucket_versioning(Bucket="files")["Status"] == "Suspended"
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket="files")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="files")
    assert s3.get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    tags = {tag["Key"] for tag in s3.get_bucket_tagging(Bucket="files")["TagSet"]}
    assert tags == {"own", "team", "aws:cloudformation:stack-name"}
    s3.delete_bucket_tagging(Bucket="files")  # but not AWS's own
    assert [tag["Key"] for tag in s3.get_bucket_tagging(Bucket="files")["TagSet"]] == ["aws:cloudformation:stack-name"]


def test_only_an_empty_bucket_is_deleted(resources: Resources, s3: Any) -> None:
    resources.create(BUCKET, "Files", BucketName="files")
    s3.put_object(Bucket="files", Key="a", Body=b"x")
    with pytest.raises(AwsError, match="The bucket you tried to delete is not empty"):
        resources.delete("Files")
    s3.delete_object(Bucket="files", Key="a")
    resources.delete("Files")
    resources.delete("Files")
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_that_is_there_is_not_taken_over(resources: Resources, s3: Any) -> None:
    s3.create_bucket(Bucket="taken")
    with pytest.raises(AwsError, match="taken' already exists"):
        resources.create(BUCKET, "Files", BucketName="taken")


def test_an_access_control_list_needs_an_owner_who_allows_it(resources: Resources) -> None:
    resources.create(BUCKET, "Files", AccessControl="PublicRead")
    assert "AccessControl: PublicRead has no effect here" in resources.notes[0]
    with pytest.raises(AwsError, match="AccessControl: Anything is no access control list"):
        resources.create(BUCKET, "More", AccessControl="Anything")


def test_a_bucket_policy(resources: Resources, s3: Any) -> None:
    resources.create(BUCKET, "Files", BucketName="files")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::files/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    made = resources.create("AWS::S3::BucketPolicy", "P", Bucket="files", PolicyDocument=document)
    assert made.physical_id == "files"
    assert json.loads(s3.get_bucket_policy(Bucket="files")["Policy"]) == document
    resources.delete("P")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="files")
    resources.delete("Files")
    resources.delete("P")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"Filter": {"Prefix": ""}}),
        ({"Prefix": "a/"}, {"Filter": {"Prefix": "a/"}}),
        ({"TagFilters": [{"Key": "k", "Value": "v"}]}, {"Filter": {"Tag": {"Key": "k", "Value": "v"}}}),
        (
            {"Prefix": "a", "TagFilters": [{"Key": "k", "Value": "v"}]},
            {"Filter": {"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}]}}},
        ),
        ({"ExpirationDate": "2030-01-01T00:00:00Z"}, {"Expiration": {"Date": 1_893_456_000_000}}),
        ({"ExpirationDate": "2030-01-01"}, {"Expiration": {"Date": 1_893_456_000_000}}),
        (
            {"Transition": {"StorageClass": "GLACIER", "TransitionInDays": 1}},
            {"Transitions": [{"StorageClass": "GLACIER", "Days": 1}]},
        ),
        ({"NoncurrentVersionExpirationInDays": 4}, {"NoncurrentVersionExpiration": {"NoncurrentDays": 4}}),
    ],
)
def test_lifecycle_rules(given: dict[str, Any], expected: dict[str, Any]) -> None:
    rule = bucket_properties.lifecycle({"Rules": [{"Status": "Enabled", **given}]})["Rules"][0]
    assert expected.items() <= rule.items()


def test_a_date_must_be_one() -> None:
    with pytest.raises(AwsError, match="tomorrow is no date"):
        bucket_properties.lifecycle({"Rules": [{"Status": "Enabled", "ExpirationDate": "tomorrow"}]})
