"""Webhooks end to end, both models of ``examples/webhooks``: from GitHub's request to the row in the table."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from client import median_ms
from measuring import Bench, measurement, until

_EXAMPLE = Path(__file__).parent.parent / "examples" / "webhooks"
_SECRET = "bench"
_PAYLOAD = json.loads((_EXAMPLE / "payloads" / "pull_request.json").read_text())
_NUMBERS = itertools.count(1000)


@measurement()
async def webhook_queues(bench: Bench) -> None:
    """Six functions and five queues lie on the way."""
    outputs = await asyncio.to_thread(_deploy, bench.client.endpoint_url, "queues")
    _, rows = await _delivered(bench, outputs["Url"], outputs["Table"])
    bench.record("webhook_queues", median_ms(rows))


@measurement()
async def webhook_workflow(bench: Bench) -> None:
    """Two functions and one execution, which the API has started."""
    outputs = await asyncio.to_thread(_deploy, bench.client.endpoint_url, "workflow", "NumberOfUsers=0")
    answers, rows = await _delivered(bench, outputs["Url"], outputs["Changes"])
    bench.record("http_start", median_ms(answers))
    bench.record("webhook_workflow", median_ms(rows))


async def _delivered(bench: Bench, url: str, table: str) -> tuple[list[float], list[float]]:
    """Webhooks, one after the other, functions warm: seconds to the answer, and to the row."""
    for _ in range(5):
        await _once(bench, url, table)
    durations = [await _once(bench, url, table) for _ in range(bench.times(30))]
    return [answer for answer, _ in durations], [row for _, row in durations]


async def _once(bench: Bench, url: str, table: str) -> tuple[float, float]:
    number = next(_NUMBERS)
    pull_request = {**_PAYLOAD["pull_request"], "number": number}
    body = json.dumps({**_PAYLOAD, "number": number, "pull_request": pull_request}, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": str(number),
        "X-Hub-Signature-256": f"sha256={hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()}",
    }
    key = {"id": {"S": f"{_PAYLOAD['repository']['full_name']}#{number}/opened"}}
    look = bench.client.json("dynamodb", "GetItem", TableName=table, Key=key, ConsistentRead=True)

    async def there() -> bool:
        return "Item" in await bench.client.call(look)

    began = time.perf_counter()
    await bench.client.call(bench.client.http("POST", urlsplit(url).path, "execute-api", headers, body))
    answered = time.perf_counter() - began
    await until(there, 20, 0.001)
    return answered, time.perf_counter() - began


def _deploy(endpoint_url: str, stack: str, *parameters: str) -> dict[str, str]:
    import boto3

    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    words = [word for one in (f"WebhookSecret={_SECRET}", *parameters) for word in ("--parameter", one)]
    subprocess.run(
        [sys.executable, "-m", "segue.cli.main", "deploy", f"{stack}.yaml", *words, "--endpoint-url", endpoint_url],
        cwd=_EXAMPLE,
        env={**os.environ, **credentials},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    given: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    described = boto3.client("cloudformation", endpoint_url=endpoint_url, **given).describe_stacks(StackName=stack)
    return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0]["Outputs"]}
