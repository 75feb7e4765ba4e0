"""Names as the SDK for Java 2 spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api.sdk.names import exception_name, member_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("executionArn", "ExecutionArn"),
        ("QueueUrl", "QueueUrl"),
        ("MD5OfBody", "Md5OfBody"),
        ("ETag", "ETag"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("SSEDescription", "SseDescription"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("ACL", "Acl"),
        ("S3Bucket", "S3Bucket"),
        ("VersionId", "VersionId"),
        ("BOOL", "Bool"),
        ("NULL", "Nul"),
        ("SS", "Ss"),
        ("x", "X"),
        ("", ""),
    ],
)
def test_members(name: str, shown: str) -> None:
    assert member_name(name) == shown


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("QueueDoesNotExist", "QueueDoesNotExistException"),
        ("ConditionalCheckFailedException", "ConditionalCheckFailedException"),
        ("InvalidToken", "InvalidTokenException"),
        ("KMSDisabledException", "KmsDisabledException"),
        ("EC2ThrottledException", "Ec2ThrottledException"),
        ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
        ("OverLimit", "OverLimitException"),
    ],
)
def test_exceptions(shape: str, name: str) -> None:
    assert exception_name(shape) == name


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,20}", fullmatch=True))
def test_only_case_changes(name: str) -> None:
    assert name == "NULL" or member_name(name).lower() == name.lower()
    assert member_name(name)[0].isupper()
