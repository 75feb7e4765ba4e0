"""Applications as people write them, from their folder to what they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main
from segue.testing import Segue

FOLDER = Path(__file__).parent / "applications"
Deploy = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue(iam="enforce") as server:
        yield server


@pytest.fixture
def deploy(segue: Segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Deploys one of the applications; its outputs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def deployed(name: str, *arguments: str) -> dict[str, str]:
        assert main(["deploy", str(FOLDER / name), "--endpoint-url", segue.endpoint_url, *arguments]) == 0
        stack = segue.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    return deployed


def delete(segue: Segue, name: str) -> int:
    return main(["delete", name, "--yes", "--endpoint-url", segue.endpoint_url])


def received(segue: Segue, queue: str) -> list[Any]:
    sqs = segue.client("sqs")
    found: list[Any] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_a_file_becomes_items_and_messages(segue: Segue, deploy: Deploy) -> None:
    outputs = deploy("uploads")
    s3 = segue.client("s3")
    s3.put_object(Bucket=outputs["Files"], Key="prices.txt", Body=b"id,price\nignored,900\n")
    s3.put_object(Bucket=outputs["Files"], Key="prices.csv", Body=b"id,price\npen,3\npiano,4000\nbike,100\n")
    segue.settle()
    told = sorted(received(segue, outputs["Expensive"]), key=lambda message: str(message["id"]))
    assert told == [{"id": "bike", "price": 100}, {"id": "piano", "price": 4000}]
    assert delete(segue, "uploads") == 1  # a bucket with objects in it stays, as on AWS
    for key in ("prices.txt", "prices.csv"):
        s3.delete_object(Bucket=outputs["Files"], Key=key)
    assert delete(segue, "uploads") == 0


def test_an_order_is_taken_and_delivered(segue: Segue, deploy: Deploy) -> None:
    outputs = deploy("orders", "--parameter", "Currency=USD")
    states = segue.client("stepfunctions")
    started = states.start_execution(stateMachineArn=outputs["Take"], input='{"id": "o1", "pieces": 6}')
    segue.settle()
    taken = states.describe_execution(executionArn=started["executionArn"])
    assert taken["status"] == "SUCCEEDED"
    assert json.loads(taken["output"])["price"] == {"total": 42, "currency": "USD"}
    table = segue.client("dynamodb")
    order = table.get_item(TableName=outputs["Orders"], Key={"id": {"S": "o1"}})["Item"]
    assert (order["total"], order["status"]) == ({"N": "42"}, {"S": "sent"})
    logged = segue.client("logs").filter_log_events(logGroupName=outputs["Log"])["events"]
    assert any('"ExecutionSucceeded"' in event["message"] for event in logged)
    segue.advance(minutes=5)
    standing = table.get_item(TableName=outputs["Orders"], Key={"id": {"S": "standing"}})["Item"]
    assert standing["status"] == {"S": "sent"}
    assert delete(segue, "orders") == 0


def test_a_platform_of_several_stacks(segue: Segue, deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = deploy("platform")
    assert outputs["Where"] == "stage-dev|me"
    assert outputs["Site"].endswith("domainname.invalid")
    assert "no effect here" in capsys.readouterr().out
    parameter = segue.client("ssm").get_parameter(Name="/platform/where")["Parameter"]["Value"]
    assert parameter == "stage-dev|me"
    assert deploy("platform", "--parameter", "Stage=prod")["Where"] == "stage-prod|me"
    tables = segue.client("dynamodb").list_tables()["TableNames"]
    assert "stage-prod" in tables
    assert "stage-dev" not in tables
    assert delete(segue, "platform") == 0
    assert segue.client("dynamodb").list_tables()["TableNames"] == []
