"""The boto3 clients that a case gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from tests.conformance import sqs_query


class Clients:
    """What the machinery calls to get a client, made once each; they act in ``region`` and for ``account``."""

    def __init__(self, endpoint_url: str, account: str, region: str) -> None:
        self._endpoint_url = endpoint_url
        self.account = account
        self._made: dict[tuple[str, ...], Any] = {}
        self.region = ""
        self._home = region

    def __call__(self, service: str) -> Any:
        key = (service, self.region or self._home, self.account)
        if key not in self._made:
            make = partial(boto3.client, service) if service != "sqs-query" else sqs_query.client
            self._made[key] = make(
                endpoint_url=self._endpoint_url,
                region_name=key[1],
                aws_access_key_id=self.account,
                aws_secret_access_key="test",
                config=Config(
                    inject_host_prefix=False,
                    retries={"mode": "legacy", "total_max_attempts": 1},
                    read_timeout=70,
                    s3={"addressing_style": "path"},
                    parameter_validation=False,
                ),
            )
        return self._made[key]


class Accounts:
    """Clients for a case of two accounts: who owns a state machine creates it, starts it and asks about it."""

    def __init__(self, clients: Any, owners: list[str]) -> None:
        self._clients = clients
        self._owners = list(owners)

    def __call__(self, service: str) -> Any:
        return self if service == "stepfunctions" else self._clients(service)

    @contextmanager
    def acting(self, account: str) -> Iterator[None]:
        """Clients that are asked for meanwhile act for that account."""
        own, self._clients.account = self._clients.account, account
        try:
            yield
        finally:
            self._clients.account = own

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**params: Any) -> Any:
            arns = [value for value in params.values() if str(value).startswith("arn:aws:states:")]
            owner = self._owners.pop(0) if name == "create_state_machine" else arns[0].split(":")[4]
            with self.acting(owner):
                return getattr(self._clients("stepfunctions"), name)(**params)

        return call
