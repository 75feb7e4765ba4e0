"""``examples/webhooks``: both models deployed as their README says, asked by a client that signs as GitHub does.

Every policy is enforced: what the templates grant is enough.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.aws_cli import AwsCli
from tests.served import Served

EXAMPLE = Path(__file__).parents[2] / "examples" / "webhooks"
PAYLOADS = EXAMPLE / "payloads"
ACCOUNT = "000000000000"
SECRET = "It's a Secret to Everybody"

_spec = importlib.util.spec_from_file_location("deliver", EXAMPLE / "deliver.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
deliver: Callable[..., tuple[int, str]] = _module.deliver


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--iam", "enforce") as running:
        yield running


class Application:
    """One of the two stacks on one server."""

    def __init__(self, served: Served, stack: str) -> None:
        self.served = served
        self.stack = stack
        self.environment = {
            **AwsCli(served.endpoint_url, ACCOUNT, EXAMPLE).environment,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def segue(self, *words: str, folder: Path = EXAMPLE, status: int = 0) -> str:
        """A command of ours; what it prints."""
        command = [sys.executable, "-m", "segue.cli.main", *words]
        done = subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def deploy(self, folder: Path = EXAMPLE, **parameters: str) -> str:
        """``segue deploy``."""
        words = [word for name, value in parameters.items() for word in ("--parameter", f"{name}={value}")]
        return self.segue("deploy", f"{self.stack}.yaml", "--stack-name", self.stack, *words, folder=folder)

    def output(self, name: str) -> str:
        """One of the stack's outputs."""
        (stack,) = self.served.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == name)

    def deliver(self, payload: str, **options: str) -> tuple[int, dict[str, Any]]:
        """A webhook; status and answer."""
        status, said = deliver(self.output("Url"), PAYLOADS / f"{payload}.json", **options)
        return status, json.loads(said)

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """The items of a table by the first of their values, their texts as they are."""
        pages = self.served.client("dynamodb").get_paginator("scan").paginate(TableName=self.output(table))
        plain = [
            {key: next(iter(value.values())) for key, value in item.items()} for page in pages for item in page["Items"]
        ]
        return {str(item["id"]) if "id" in item else f"{item['user']} {item['change']}": item for item in plain}


def eventually(look: Callable[[], Any], seconds: float = 40) -> Any:
    """What ``look`` returns as soon as it is true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


@pytest.mark.timeout(240)
def test_queues_between_functions(served: Served, tmp_path: Path) -> None:
    app = Application(served, "queues")
    said = app.deploy(WebhookSecret=SECRET, TrySeconds="4")
    for kind in ("Route53::RecordSet", "CloudFront::Distribution", "CertificateManager::Certificate"):
        assert f"AWS::{kind} has no effect here" in said
    app.environment["AWS_ENDPOINT_URL"] = served.endpoint_url
    what_is_signed_is_saved_once(app)
    only_what_is_signed_gets_in(app)
    a_poisoned_message_comes_back(app, tmp_path)
    app.segue("delete", "queues", "--yes")
    assert served.client("sqs").list_queues().get("QueueUrls", []) == []


def what_is_signed_is_saved_once(app: Application) -> None:
    """Three commits and a pull request are four rows, however often GitHub sends them."""
    for _ in range(2):
        assert app.deliver("push", delivery="72d3162e")[0] == 202
        assert app.deliver("pull_request") == (202, {"message": "accepted"})
    rows = eventually(lambda: len(found := app.rows("Table")) == 4 and found)
    about = {row["title"]: (row["about"], row["author"], row["size"]) for row in rows.values()}
    assert about == {
        "fix: spring tides in February": ("repair", "ines-f", "small"),
        "docs: how to read a table": ("documentation", "bolind", "small"),
        "feat: Saint-Malo, with its 13 m": ("feature", "ines-f", "medium"),
        "Round depths to the centimetre": ("change", "bolind", "medium"),
    }
    eventually(lambda: sum(depths(app).values()) == 0)
    assert len(app.rows("Table")) == 4
    logs = app.served.client("logs")
    group = next(
        one["logGroupName"] for one in logs.describe_log_groups()["logGroups"] if "-Save-" in one["logGroupName"]
    )

    def passed_over() -> int:  # what a function logs is there soon after what it did
        return len(logs.filter_log_events(logGroupName=group, filterPattern='"is there already"')["events"])

    eventually(lambda: passed_over() >= 4)


def only_what_is_signed_gets_in(app: Application) -> None:
    assert app.deliver("push", secret="guessed") == (401, {"message": "wrong signature"})
    for headers in ({}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": "sha256=é".encode().decode("latin-1")}):
        request = urllib.request.Request(app.output("Url"), b"{}", {"X-GitHub-Event": "push", **headers})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code == 401


def a_poisoned_message_comes_back(app: Application, tmp_path: Path) -> None:
    """Whose account is deleted is null: the function fails, is mended, and the message goes its way."""
    assert app.deliver("pull_request.deleted_account")[0] == 202
    dead = app.output("DeadLetters")
    eventually(lambda: depths(app)[dead] == 1)
    table = app.segue("queue")
    assert any(line.split()[:4] == [dead, "1", "0", "0"] for line in table.splitlines()), table
    peeked = app.segue("queue", dead, "--peek")
    assert "Harbours of the Baltic" in peeked
    assert f"from {app.output('Authors')}" in peeked
    assert "Cannot read properties of null" in app.segue("deliveries", "--failed")
    assert depths(app)[dead] == 1, "nothing was received"

    mended = shutil.copytree(EXAMPLE, tmp_path / "mended")
    code = mended / "functions" / "find_author" / "index.mjs"
    code.write_text(code.read_text().replace("change.author.login", "(change.author?.login ?? 'ghost')"))
    assert "FindAuthor" in app.deploy(mended)
    assert "1 messages were moved back" in app.segue("queue", dead, "--redrive")
    row = eventually(lambda: app.rows("Table").get("harbour-works/tide-tables#8/opened"))
    assert (row["author"], row["size"]) == ("ghost", "large")
    assert depths(app)[dead] == 0


def depths(app: Application) -> dict[str, int]:
    """How many messages each queue holds, those in flight included."""
    sqs = app.served.client("sqs")
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = {}
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        found[url.rpartition("/")[2]] = sum(int(attributes[name]) for name in names)
    return found


@pytest.mark.timeout(240)
def test_a_state_machine_with_a_child_for_each_user(served: Served, tmp_path: Path) -> None:
    app = Application(served, "workflow")
    deployed_by_the_aws_cli(app, tmp_path, WebhookSecret=SECRET, NumberOfUsers="120", UnluckyUser="user-0007")
    whoever_is_told_has_agreed(app)
    who_is_unlucky_fails_the_whole(app)
    app.deploy(UnluckyUser="nobody")
    parent = everybody_is_told(app)
    the_parent_names_its_children(app, parent)
    what_was_seen_before_is_left_alone(app)
    nobody_else_is_let_in(app)
    the_table_is_read_without_a_function(app)
    app.segue("delete", "workflow", "--yes")
    assert served.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert [one["subject"] for one in mails(app)] == [
        "AWS Notification - Subscription Confirmation",
        "A webhook came to grief",
        "pull request of harbour-works/tide-tables",
    ]


def deployed_by_the_aws_cli(app: Application, tmp_path: Path, **parameters: str) -> None:
    aws = AwsCli(app.served.endpoint_url, ACCOUNT, tmp_path)
    aws.environment["AWS_DEFAULT_REGION"] = "us-east-1"
    aws("s3 mb s3://artifacts")
    aws(
        f"cloudformation package --template-file {EXAMPLE / 'workflow.yaml'} --s3-bucket artifacts"
        " --output-template-file packaged.yaml"
    )
    given = " ".join(f'"{name}={value}"' for name, value in parameters.items())
    aws(
        "cloudformation deploy --stack-name workflow --template-file packaged.yaml --capabilities CAPABILITY_IAM"
        f" --parameter-overrides {given}"
    )


def mails(app: Application) -> list[dict[str, Any]]:
    """What was sent to whoever wants to hear how it went, oldest first, whole."""
    lines = app.segue("mail", "--to", "webhooks@example.org", "--json").splitlines()
    return [json.loads(app.segue("mail", json.loads(line)["id"], "--json")) for line in lines]


def whoever_is_told_has_agreed(app: Application) -> None:
    """Nobody gets mail before following the link in the first."""
    (question,) = mails(app)
    link = re.search(r"http\S+confirm\?\S+Token=\S+", question["text"])
    assert link is not None, question["text"]
    with urllib.request.urlopen(link[0], timeout=30) as answer:
        assert answer.status == 200


def ended(app: Application, arn: str) -> dict[str, Any]:
    states = app.served.client("stepfunctions")
    eventually(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING", 60)
    described: dict[str, Any] = states.describe_execution(executionArn=arn)
    return described


def delivered(app: Application, payload: str, **options: str) -> dict[str, Any]:
    """A webhook; the execution that it has started, when that has ended."""
    status, said = app.deliver(payload, **options)
    assert (status, sorted(said)) == (200, ["executionArn", "startDate"])
    return ended(app, said["executionArn"])


def who_is_unlucky_fails_the_whole(app: Application) -> None:
    """One child fails, so does the Map; what failed is told with the reason that the function gave."""
    found = delivered(app, "pull_request")
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    child = json.loads(found["cause"])
    assert (child["Status"], child["Error"]) == ("FAILED", "KeyError")
    assert child["Input"]["UserDetails"]["name"] == "user-0007"
    shown = app.segue("execution", "show", child["ExecutionArn"])
    assert f"started by {found['executionArn']}" in shown
    assert "'en-x-unknown'" in shown
    told = eventually(lambda: mails(app)[1:])
    assert told[0]["subject"] == "A webhook came to grief"
    assert f"{found['executionArn']} failed with States.TaskFailed" in told[0]["text"]
    table = app.served.client("dynamodb")
    table.delete_item(TableName=app.output("Changes"), Key={"id": {"S": "harbour-works/tide-tables#7/opened"}})


def everybody_is_told(app: Application) -> str:
    found = delivered(app, "pull_request", delivery="5f1c8a20")
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"count": 120})
    row = app.rows("Changes")["harbour-works/tide-tables#7/opened"]
    assert (row["author"], row["commits"], row["delivery"]) == ("bolind", "2", "5f1c8a20")
    assert row["execution"] == found["executionArn"]
    mail = eventually(lambda: mails(app)[2:])[0]
    assert "Round depths to the centimetre. 120 users were told." in mail["text"]
    told = app.rows("Told")
    assert len(told) == 120
    words = {row["user"]: row["words"] for row in told.values()}
    assert words["user-0000"] == "bolind alterou harbour-works/tide-tables: Round depths to the centimetre"
    assert words["user-0001"] == "bolind has changed harbour-works/tide-tables: Round depths to the centimetre"
    return str(found["executionArn"])


def the_parent_names_its_children(app: Application, parent: str) -> None:
    told = json.loads(app.segue("execution", "show", parent, "--json"))
    tasks = [one for one in told["states"] if one["name"] == "Invoke Worker State Machine Task"]
    children = [one["links"][0] for one in tasks]
    assert len(set(children)) == 120
    assert told["events"] == 120 * 8 + 33
    child = json.loads(app.segue("execution", "show", children[70], "--json"))
    assert (child["startedBy"], child["status"]) == (parent, "SUCCEEDED")
    assert f"{told['events']:,} of 25,000 events" in app.segue("execution", "show", parent)


def what_was_seen_before_is_left_alone(app: Application) -> None:
    events = app.served.client("stepfunctions").get_execution_history
    found = delivered(app, "pull_request")
    assert found["status"] == "SUCCEEDED"
    names = [
        one["stateEnteredEventDetails"]["name"]
        for one in events(executionArn=found["executionArn"])["events"]
        if "stateEnteredEventDetails" in one
    ]
    assert names[-2:] == ["Save", "Seen Before"]


def nobody_else_is_let_in(app: Application) -> None:
    found = delivered(app, "push", secret="guessed")
    assert (found["status"], found["error"]) == ("FAILED", "WrongSignature")
    request = urllib.request.Request(app.output("Url"), b"no JSON", {"X-GitHub-Event": "push"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 400


def the_table_is_read_without_a_function(app: Application) -> None:
    url = app.output("Url").removesuffix("/webhooks") + "/changes?id="
    with urllib.request.urlopen(url + "harbour-works/tide-tables%237/opened", timeout=30) as answer:
        told = json.load(answer)
    assert (told["status"], json.loads(told["output"])["author"]) == ("SUCCEEDED", "bolind")
    with urllib.request.urlopen(url + "nothing", timeout=30) as answer:
        told = json.load(answer)
    assert (told["status"], told["error"]) == ("FAILED", "NotFound")
