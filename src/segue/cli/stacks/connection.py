"""The server that the commands talk to."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from typing import Any

DEFAULT_ENDPOINT_URL = "http://127.0.0.1:4566"
_ATTEMPTS = 2


class CommandFailed(Exception):
    """Something that people have to know: the words are shown, and the command ends with ``status``."""

    def __init__(self, words: str, status: int = 1) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which server, and which region of it."""
    parser.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL", DEFAULT_ENDPOINT_URL),
        help="the server (default: AWS_ENDPOINT_URL, or %(default)s)",
    )
    parser.add_argument(
        "--region",
        default=os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION")),
        help="the region (default: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1)",
    )


@dataclass(slots=True)
class Connection:
    """Clients of the server's services, made when they are needed.

    Args:
        endpoint_url: where the server is.
        region: of which region.
    """

    endpoint_url: str = DEFAULT_ENDPOINT_URL
    region: str = "us-east-1"
    _session: Any = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The boto3 client of a service. Any credentials do where none are set; nothing is ever sent to AWS."""
        if service not in self._clients:
            from botocore.config import Config

            config = Config(
                retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
                connect_timeout=5,
                read_timeout=120,
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
                max_pool_connections=8,
            )
            self._clients[service] = self._made_session().client(
                service, endpoint_url=self.endpoint_url, region_name=self.region, config=config
            )
        return self._clients[service]

    def _made_session(self) -> Any:
        if self._session is None:
            import boto3

            given = os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE")
            keys = {} if given else {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            self._session = boto3.Session(region_name=self.region, **keys)
        return self._session


def connect(arguments: argparse.Namespace, region: str | None = None) -> Connection:
    """The connection that the arguments ask for; ``region`` where they ask for none."""
    return Connection(arguments.endpoint_url.rstrip("/"), arguments.region or region or "us-east-1")


def in_words(error: Exception, connection: Connection) -> str:
    """What people should read when a request fails."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    if isinstance(error, ClientError):
        about = error.response.get("Error", {})
        return f"{error.operation_name}: {about.get('Message') or about.get('Code')}"
    if isinstance(error, EndpointConnectionError):
        return f"no server answers at {connection.endpoint_url}. Start one: segue serve"
    return f"{connection.endpoint_url} does not answer as it should: {error}"


def code_of(error: Exception) -> str:
    """The error code of AWS's that an exception carries, or nothing."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
