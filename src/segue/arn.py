"""Amazon Resource Names: the keys of everything, so that account and region need no plumbing."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from segue.errors import AwsError


class Arn(NamedTuple):
    """The parts of ``arn:partition:service:region:account:resource`` (the resource may hold more colons)."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


@lru_cache(maxsize=4096)
def parse_arn(text: str) -> Arn:
    """The parts of an ARN; ``AwsError`` ``InvalidArn`` where it is none (services word it their way)."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        raise AwsError("InvalidArn", f"Invalid Arn: {text}")
    return Arn(*parts[1:])


def is_arn(text: str) -> bool:
    """Whether ``text`` has the form of an ARN."""
    return text.startswith("arn:") and text.count(":") >= 5


def is_account(text: str) -> bool:
    """Whether ``text`` is an account's id: 12 digits, or 10 as documentation shortens them (``1234567890``)."""
    return len(text) in (10, 12) and text.isascii() and text.isdigit()


def make_arn(service: str, region: str, account: str, resource: str) -> str:
    """An ARN in the partition of its region."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account}:{resource}"


def partition_of(region: str) -> str:
    """The partition of a region, as the SDKs know it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
