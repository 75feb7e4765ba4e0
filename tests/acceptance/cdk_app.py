"""``examples/choreography`` as its README has it: npm and the CDK CLI, against a server of ours."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.acceptance.aws_cli import AwsCli

EXAMPLE = Path(__file__).parents[2] / "examples" / "choreography"
STACK = "Choreography"
ACCOUNT = "210987654321"
REGION = "eu-central-1"


def cloud_assembly(scratch: Path, **settings: str) -> Path:
    """Synthesize the application into a folder under ``scratch``, with what package.json names (from npm, once).

    Workers that want it at the same time take turns.
    """
    if shutil.which("npm") is None:
        reason = "examples/choreography was NOT tested: there is no npm here (Node.js 20 brings it)"
        warnings.warn(reason, stacklevel=1)  # a skip alone is one letter among thousands
        pytest.skip(reason)
    out = scratch / "cdk.out"
    with (scratch / "choreography.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed, wanted = EXAMPLE / "node_modules" / ".package-lock.json", EXAMPLE / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            run(["npm", "ci"], dict(os.environ))
        if not (out / "manifest.json").exists():
            run(["npx", "cdk", "synth", "--quiet", "--output", str(out)], {**quiet(), **settings})
    return out


def changed(assembly: Path, copy: Path, function: str, line: str) -> Path:
    """A copy of the assembly in which a function's code begins with another line, as if that had been written."""
    shutil.copytree(assembly, copy)
    resources = json.loads((copy / f"{STACK}.template.json").read_text())["Resources"]
    (old,) = (
        resource["Metadata"]["aws:asset:path"].removeprefix("asset.")
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function" and name.startswith(f"{function}Fn")
    )
    new = hashlib.sha256(f"{old}{line}".encode()).hexdigest()
    code = (copy / f"asset.{old}").rename(copy / f"asset.{new}") / "index.js"
    code.write_text(f"{line}\n{code.read_text()}")
    for file in copy.glob("*.json"):
        file.write_text(file.read_text().replace(old, new))
    return copy


def quiet() -> dict[str, str]:
    """The environment of a CDK that asks no other host."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    return {**kept, "CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true"}


def run(command: list[str], environment: dict[str, str], seconds: float = 180) -> str:
    """Run a command where the application is; what it says. Fails with that."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=EXAMPLE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    print(f"{' '.join(command)}: {time.monotonic() - began:.1f} s\n{done.stdout}")
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


class CdkApp:
    """The application on one server.

    Args:
        endpoint_url: the server.
        assembly: what ``cloud_assembly`` made.
        scratch: where files of this run go.
    """

    def __init__(self, endpoint_url: str, assembly: Path, scratch: Path) -> None:
        self.assembly = assembly
        self.scratch = scratch
        self.aws = AwsCli(endpoint_url, ACCOUNT, scratch)
        self.aws.environment["AWS_DEFAULT_REGION"] = REGION
        credentials = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": REGION}
        none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
        self.environment = {**quiet(), **credentials, **none, "AWS_ENDPOINT_URL": endpoint_url}
        self.endpoint_url = endpoint_url
        self.outputs: dict[str, str] = {}

    def client(self, service: str) -> Any:
        """A client of a service, as the account's root."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="any",
        )

    def cdk(self, *words: str) -> str:
        """Run the CDK CLI on the assembly."""
        return run(["npx", "cdk", *words, "--app", str(self.assembly)], self.environment)

    def deploy(self, *words: str) -> str:
        """``cdk deploy``; the stack's outputs are in ``outputs`` afterwards."""
        file = self.scratch / "outputs.json"
        said = self.cdk("deploy", "--require-approval", "never", "--outputs-file", str(file), *words)
        self.outputs = json.loads(file.read_text())[STACK]
        return said

    def start(self) -> str:
        """Put the event that says start, as the article types it; the execution's ARN."""
        earlier = {one["executionArn"] for one in self.executions()}
        entry = r"Source=project,DetailType=start,EventBusName=default,Detail=\"{}\""
        assert self.aws(f"events put-events --entries {entry}")["FailedEntryCount"] == 0
        new = eventually(lambda: [one for one in self.executions() if one["executionArn"] not in earlier])
        return str(new[0]["executionArn"])

    def executions(self) -> list[dict[str, Any]]:
        """The machine's executions, newest first."""
        machine = self.outputs["StateMachineArn"]
        found: list[dict[str, Any]] = self.client("stepfunctions").list_executions(stateMachineArn=machine)[
            "executions"
        ]
        return found

    def ended(self, arn: str) -> dict[str, Any]:
        """An execution, when it runs no longer."""
        states = self.client("stepfunctions")
        eventually(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING", 60)
        described: dict[str, Any] = states.describe_execution(executionArn=arn)
        return described

    def read(self, key: str) -> dict[str, Any]:
        """An object of the bucket, which is JSON."""
        content: dict[str, Any] = json.load(
            self.client("s3").get_object(Bucket=self.outputs["BucketName"], Key=key)["Body"]
        )
        return content

    def function(self, name: str) -> str:
        """The name that CloudFormation gave to a function of the application."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        names = [str(one["FunctionName"]) for page in pages for one in page["Functions"]]
        return next(found for found in names if f"-{name}Fn" in found)

    def set_variables(self, name: str, **variables: str) -> None:
        """Add to a function's environment."""
        lambda_, function = self.client("lambda"), self.function(name)
        given = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {**given, **variables}})
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)

    def failures(self) -> list[str]:
        """Deliveries that did not arrive, or came back; what nobody asked for aside."""
        lines = self.aws.deliveries("--failed")
        return [line for line in lines if "no rule matches" not in line]


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What ``look`` returns as soon as it is true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)
    return found
