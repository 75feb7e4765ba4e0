"""Who calls: an account's root, a user, a role's session, or an AWS service on behalf of a resource."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from segue.arn import parse_arn, partition_of
from segue.config import DEFAULT_ACCOUNT, DEFAULT_REGION

Kind = Literal["root", "user", "session", "service"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity under which an operation is performed.

    Attributes:
        account: 12 digits.
        region: where the operation happens.
        arn: the principal: ``arn:aws:iam::…:root``, a user's, or an assumed role's session
            (``arn:aws:sts::…:assumed-role/NAME/SESSION``); for a service its principal name.
        role_arn: of a session, the role behind it, whose policies speak.
        service: of a service, its principal (``sns.amazonaws.com``).
        source_arn: of a service, the resource on whose behalf it calls (``aws:SourceArn``).
        access_key: as presented.
        session_policies: policies that narrow a session.
    """

    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    kind: Kind = "root"
    arn: str = ""
    role_arn: str = ""
    service: str = ""
    source_arn: str = ""
    access_key: str = ""
    host: str = ""
    session_policies: tuple[dict[str, Any], ...] = field(default=(), hash=False)

    @property
    def principal_arn(self) -> str:
        """The principal's ARN, the account's root where none is named."""
        return self.arn or f"arn:{partition_of(self.region)}:iam::{self.account}:root"

    def in_region(self, region: str) -> Caller:
        """The same caller in another region."""
        return self if region == self.region else replace(self, region=region)


@lru_cache(maxsize=4096)
def service_caller(service: str, source_arn: str) -> Caller:
    """The caller that an AWS service is when it acts for a resource, in that resource's account and region."""
    source = parse_arn(source_arn)
    return Caller(
        account=source.account or DEFAULT_ACCOUNT,
        region=source.region or DEFAULT_REGION,
        kind="service",
        arn=service,
        service=service,
        source_arn=source_arn,
    )


def role_caller(role_arn: str, session: str, region: str) -> Caller:
    """The session of a role that a service has assumed to act for a resource."""
    role = parse_arn(role_arn)
    name = role.resource.rsplit("/", 1)[-1]
    return Caller(
        account=role.account or DEFAULT_ACCOUNT,
        region=region,
        kind="session",
        arn=f"arn:{role.partition}:sts::{role.account}:assumed-role/{name}/{session}",
        role_arn=role_arn,
    )
