"""The settings of a server, and AWS's quotas that shape programs, in one table with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

IamMode = Literal["off", "audit", "enforce"]
SesVerification = Literal["auto", "link"]

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


def content_endpoint(environment: Mapping[str, str]) -> tuple[str, str]:
    """The S3 endpoint (empty: AWS's own) and the region, as AWS's tools are told."""
    url = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    return url, environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


@dataclass(frozen=True, slots=True)
class Limits:
    """AWS's published quotas; a server can raise them. Units stand last in the names."""

    # Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    execution_payload_bytes: int = 262_144
    state_machines: int = 100_000
    activities: int = 100_000
    state_machine_versions: int = 1_000
    state_machine_aliases: int = 100
    # Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    invoke_payload_bytes: int = 6_291_456
    async_invoke_payload_bytes: int = 1_048_576
    function_zip_bytes: int = 52_428_800
    function_unzipped_bytes: int = 262_144_000
    account_concurrency: int = 1_000
    # SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    message_bytes: int = 1_048_576
    queue_in_flight_messages: int = 120_000
    queue_name_rest_seconds: int = 0  # 60 on AWS; scripts and tests that make the same queue anew need not wait here
    # SNS: https://docs.aws.amazon.com/general/latest/gr/sns.html
    publish_bytes: int = 262_144
    # EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    put_events_bytes: int = 1_048_576
    targets_per_rule: int = 5
    # DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    item_bytes: int = 409_600


@dataclass(frozen=True, slots=True)
class Kept:
    """How long what is over is kept; what is older is deleted, and its space used again.

    Attributes:
        executions_ms: Standard executions and their histories, from their end. AWS keeps them 90 days: developer guide,
            "Quotas related to state machine executions".
        deliveries_ms: the record of what went from whom to whom.
        logs_ms: log events of groups that say nothing of it themselves; 0: for ever, as on AWS.
    """

    executions_ms: int = 90 * 86_400_000
    deliveries_ms: int = 7 * 86_400_000
    logs_ms: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is told at its start.

    Attributes:
        data: where everything is kept; with ``store``, what this node keeps for itself.
        store: the database that keeps everything, for many nodes: ``postgresql://…``; empty for ``data``.
        blobs: where packages and objects are kept: a folder, shared by all nodes, or ``s3://BUCKET/PREFIX``. Empty: in
            files below ``data``; with ``store``, in the database.
        blobs_endpoint, blobs_region: of that bucket; AWS's own endpoint unless told.
        host, port: where to listen.
        iam: whether policies are ignored, audited or enforced.
        secret_access_key: what root keys sign with. Given, every request's signature is verified; without one, a server
            listens on the loopback interface only.
        forward: services that are sent elsewhere, ``SERVICE=TARGET`` each (see ``segue.api.forward.parse_forward``).
        mock_config: the text of a mock configuration file of Step Functions Local; empty for none.
        smtp: the mail server that mail goes to (``smtp://user:password@host:port``); empty: it stays in the outbox.
        ses_verification: whether identities of SES are verified at once, or by a link in a mail.
        ses_sandbox: whether mail goes to verified recipients only, as from a new account.
        stack_wait_ms: how long after its begin an operation on a stack is waited for by who describes the stack: tools
            that look every five seconds are told of its end at once. With virtual time nobody should wait.
        stuck_after_ms: after how long the default event bus is told of a task that waits for a token or an activity's
            worker and has no timeout; 0: it is not.
        kept: how long what is over is kept.
        limits: the quotas in force.
    """

    data: Path | None = None
    store: str = field(default="", repr=False)
    blobs: str = ""
    blobs_endpoint: str = ""
    blobs_region: str = DEFAULT_REGION
    host: str = "127.0.0.1"
    port: int = 4566
    iam: IamMode = "audit"
    secret_access_key: str = field(default="", repr=False)
    forward: tuple[str, ...] = field(default=(), repr=False)
    mock_config: str = field(default="", repr=False)
    smtp: str = field(default="", repr=False)
    ses_verification: SesVerification = "auto"
    ses_sandbox: bool = False
    stack_wait_ms: int = 3_000
    stuck_after_ms: int = 0
    kept: Kept = field(default_factory=Kept)
    limits: Limits = field(default_factory=Limits)

    @property
    def endpoint_url(self) -> str:
        """Where functions and clients on this machine reach the server."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"
