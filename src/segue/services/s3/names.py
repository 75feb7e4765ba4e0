"""Names of buckets and keys, ARNs, and the owner's canonical id."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from segue.api import Call
from segue.arn import partition_of
from segue.errors import AwsError

MAX_KEY_BYTES = 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


def check_bucket_name(name: str) -> None:
    """Raise ``AwsError`` where nothing can be called so.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    broken = not _BUCKET.fullmatch(name) or ".." in name or name.startswith(("xn--", "sthree-")) or _is_address(name)
    if broken:
        members = {"BucketName": name}
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", members=members)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def check_key(key: str) -> None:
    """Raise ``AwsError`` for a key that is too long."""
    size = len(key.encode("utf-8", "surrogatepass"))
    if size > MAX_KEY_BYTES:
        members = {"Size": size, "MaxSizeAllowed": MAX_KEY_BYTES}
        raise AwsError("KeyTooLongError", "Your key is too long", members=members)


def bucket_arn(call: Call, name: str) -> str:
    """``arn:aws:s3:::name``; a name may also be given as its ARN (access points are not built)."""
    return f"arn:{partition_of(call.region)}:s3:::{name}"


def of_bucket(call: Call, params: dict[str, Any]) -> str:
    """The ARN that an operation on a bucket is about."""
    return bucket_arn(call, params["Bucket"])


def of_object(call: Call, params: dict[str, Any]) -> str:
    """The ARN that an operation on an object is about."""
    return f"{bucket_arn(call, params['Bucket'])}/{params['Key']}"


Resource = Callable[[Call, dict[str, Any]], str]


@lru_cache(maxsize=256)
def canonical_id(account: str) -> str:
    """The id under which S3 names an account: 64 hexadecimal digits."""
    return hashlib.sha256(f"canonical user {account}".encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    """An account as the owner of something."""
    return {"ID": canonical_id(account)}
