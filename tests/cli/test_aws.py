"""``segue aws``: the AWS CLI with the server's endpoint, and defaults only where nothing is set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.cli import aws
from segue.cli.main import main
from segue.testing import Segue
from tests.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data") as server:
        yield server


def test_sqs_goes_to_the_server_although_version_1_of_the_cli_does_not_look_at_the_environment(
    served: Served,
) -> None:
    program = Path(sys.executable).with_name("segue")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [program, "aws", "sqs", "create-queue", "--queue-name", "orders"],
        env={**kept, "AWS_ENDPOINT_URL": served.endpoint_url, "AWS_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["QueueUrl"].endswith("/000000000000/orders")


def test_what_is_set_stays() -> None:
    command, environment = aws.invocation(
        ["sqs", "list-queues", "--endpoint-url=http://other"], {"AWS_ACCESS_KEY_ID": "123456789012"}
    )
    assert command == ["sqs", "list-queues", "--endpoint-url=http://other"]
    assert environment["AWS_ACCESS_KEY_ID"] == "123456789012"
    assert environment["AWS_DEFAULT_REGION"] == "us-east-1"


def test_the_region_of_version_2_holds_for_version_1() -> None:
    _, environment = aws.invocation(["s3", "ls"], {"AWS_REGION": "eu-central-1"})
    assert environment["AWS_DEFAULT_REGION"] == "eu-central-1"


def test_a_profile_brings_its_own_credentials() -> None:
    _, environment = aws.invocation(["s3", "ls"], {"AWS_PROFILE": "mine"})
    assert environment == {"AWS_PROFILE": "mine"}


def test_without_an_aws_cli_it_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(aws, "_program", lambda: None)
    assert main(["aws", "sqs", "list-queues", "--max-items", "1"]) == 127
    assert "pip install awscli" in capsys.readouterr().err


def test_commands_with_a_host_prefix_find_the_server() -> None:
    """``sync-127.0.0.1`` is no name that could be resolved."""
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    with Segue() as segue:
        states = segue.client("stepfunctions")
        machine = states.create_state_machine(
            name="m", definition=definition, roleArn="arn:aws:iam::000000000000:role/r", type="EXPRESS"
        )["stateMachineArn"]
        assert states.start_sync_execution(stateMachineArn=machine)["status"] == "SUCCEEDED"
        command = [sys.executable, "-m", "segue.cli.main", "aws", "stepfunctions", "start-sync-execution"]
        ran = subprocess.run(
            [*command, "--state-machine-arn", machine, "--input", "[1]", "--query", "output", "--output", "text"],
            env={**os.environ, "AWS_ENDPOINT_URL": segue.endpoint_url},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (ran.stdout.strip(), ran.stderr) == ("[1]", "")
