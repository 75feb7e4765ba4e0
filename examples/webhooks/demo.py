"""GitHub's webhooks before your eyes, both ways: a server, queues with a poisoned message, a thousand child executions.

    make webhooks

Uses a free port and a temporary directory; nothing stays behind.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from deliver import SECRET, deliver

HERE = Path(__file__).parent
SEGUE = Path(sys.executable).with_name("segue")
PAYLOADS = HERE / "payloads"
MENDED = ("change.author.login", "(change.author?.login ?? 'ghost')")
TRY_SECONDS = 5
MAIL = "webhooks@example.org"
BOLD, DIM, GREEN, RED, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
if not sys.stdout.isatty():
    BOLD = DIM = GREEN = RED = PLAIN = ""


def main() -> int:
    """Run the demo; 0 when everything came out right."""
    began = time.monotonic()
    ok = False
    with tempfile.TemporaryDirectory(prefix="segue-webhooks-") as scratch:
        server, endpoint = start_server(Path(scratch))
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="us-east-1",
        )
        try:
            ok = all([queues(Path(scratch)), workflow()])
        finally:
            server.terminate()
            server.wait(20)
            if not ok:
                print((Path(scratch) / "server.log").read_text(), file=sys.stderr)
    print(f"\n{DIM}Done in {time.monotonic() - began:.1f} s; the server is stopped, nothing is left running.{PLAIN}")
    return 0 if ok else 1


def start_server(scratch: Path) -> tuple[subprocess.Popen[str], str]:
    """A server of our own, on a free port."""
    with (scratch / "server.log").open("w") as log:
        server = subprocess.Popen(
            [SEGUE, "serve", "--port", "0", "--data", scratch / "data"], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"http://\S+:\d+", line)
    if found is None:
        raise SystemExit(f"The server did not start: {line}{(scratch / 'server.log').read_text()}")
    print(f"{BOLD}A server is up at {found[0]}{PLAIN}")
    return server, found[0]


def queues(scratch: Path) -> bool:
    """Model one."""
    title("Model one: functions with queues between them")
    segue("deploy", "queues.yaml", "--parameter", f"WebhookSecret={SECRET}", "--parameter", f"TrySeconds={TRY_SECONDS}")
    outputs = outputs_of("queues")
    rights = [
        sent("a push with three commits", outputs["Url"], "push", 202),
        sent("a pull request", outputs["Url"], "pull_request", 202),
        sent("the push again, as GitHub does", outputs["Url"], "push", 202),
        sent("a push that somebody else has signed", outputs["Url"], "push", 401, secret="guessed"),
        check("four rows in the table", lambda: len(rows(outputs["Table"])) == 4),
    ]
    for row in rows(outputs["Table"]):
        print(f"    {row['author']:8} {row['about']:14} {row['size']:7} {row['title']}")
    title("A poisoned message: whose account is deleted has none")
    rights.append(sent("a pull request of nobody", outputs["Url"], "pull_request.deleted_account", 202))
    print(f"  {DIM}it is tried twice, {TRY_SECONDS} seconds apart …{PLAIN}", flush=True)
    dead = outputs["DeadLetters"]
    rights.append(check("it is in the dead-letter queue", lambda: depth(dead) == 1))
    segue("queue")
    segue("queue", dead, "--peek", "--history")
    title("The function is mended, the message sent back")
    mended = shutil.copytree(HERE, scratch / "mended")
    code = mended / "functions" / "find_author" / "index.mjs"
    code.write_text(code.read_text().replace(*MENDED))
    print(f"  {DIM}{MENDED[0]} is now {MENDED[1]}{PLAIN}")
    segue("deploy", "queues.yaml", folder=mended)
    segue("queue", dead, "--redrive")
    rights.append(
        check("its row is in the table", lambda: "ghost" in [row["author"] for row in rows(outputs["Table"])])
    )
    return all(rights)


def workflow() -> bool:
    """Model two."""
    title("Model two: a state machine, and a thousand children of it")
    segue("deploy", "workflow.yaml", "--parameter", f"WebhookSecret={SECRET}")
    outputs = outputs_of("workflow")
    rights = [agree(), sent("a push", outputs["Url"], "push", 200), ends("SUCCEEDED")]
    segue("execution", "show", "webhook", lines=20)
    title("Again; by somebody else; and read back, without a function")
    rights += [sent("the push again", outputs["Url"], "push", 200), ends("SUCCEEDED", "it was seen before")]
    rights += [sent("somebody else's", outputs["Url"], "push", 200, secret="guessed"), ends("FAILED", "WrongSignature")]
    change = json.loads((PAYLOADS / "push.json").read_text())["head_commit"]["id"]
    url = f"{outputs['Url'].removesuffix('/webhooks')}/changes?id={change}"
    print(f"\n{BOLD}$ curl {url}{PLAIN}")
    with urllib.request.urlopen(url, timeout=30) as answer:
        print(f"    {json.load(answer)['output']}")
    title("One user of a thousand is unlucky")
    segue("deploy", "workflow.yaml", "--parameter", "UnluckyUser=user-0500", lines=0)
    rights += [sent("a pull request", outputs["Url"], "pull_request", 200), ends("FAILED", "States.TaskFailed")]
    found = newest()
    child = json.loads(found["cause"])["ExecutionArn"]
    segue("execution", "show", child)
    title("Whoever wants to hear how it went has had mail")
    rights.append(check("of what went well and what did not", lambda: len(mails()) == 3))
    segue("mail", "--to", MAIL)
    segue("mail", mails()[-1]["id"])
    return all(rights)


# --- what is done


def sent(what: str, url: str, payload: str, expected: int, **options: str) -> bool:
    """Deliver a webhook; whether it was answered as expected."""
    status, said = deliver(url, PAYLOADS / f"{payload}.json", **options)
    print(f"{mark(status == expected)} {what}: {status} {said[:110]}", flush=True)
    return status == expected


def agree() -> bool:
    """Follow the link in the mail that asks whether mail is wanted; whether there is one."""
    question = json.loads(segue_quietly("mail", mails()[0]["id"], "--json"))
    link = re.search(r"http\S+confirm\?\S+", question["text"])
    print(f"{mark(link is not None)} mail to {MAIL}: {question['subject']}; its link is followed", flush=True)
    if link is not None:
        urllib.request.urlopen(link[0], timeout=30).close()
    return link is not None


def mails() -> list[dict[str, Any]]:
    """What was sent to whoever wants to hear how it went, oldest first."""
    return [json.loads(line) for line in segue_quietly("mail", "--to", MAIL, "--json").splitlines()]


def ends(expected: str, why: str = "") -> bool:
    """Wait for the end of the newest execution; whether it is the expected one."""
    while (found := newest())["status"] == "RUNNING":
        time.sleep(0.02)
    took = (found["stopDate"] - found["startDate"]).total_seconds()
    words = f" ({why})" if why else ""
    print(f"{mark(found['status'] == expected)} {found['status']} after {took:.2f} s{words}", flush=True)
    return bool(found["status"] == expected)


def newest() -> dict[str, Any]:
    """The newest execution of the machine ``webhook``."""
    states = boto3.client("stepfunctions")
    machine = outputs_of("workflow")["Webhook"]
    (one,) = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"]
    found: dict[str, Any] = states.describe_execution(executionArn=one["executionArn"])
    return found


def check(what: str, look: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until it is so, and say whether it came."""
    end = time.monotonic() + seconds
    while not (right := look()) and time.monotonic() < end:
        time.sleep(0.1)
    print(f"{mark(right)} {what}", flush=True)
    return right


def outputs_of(stack: str) -> dict[str, str]:
    """A stack's outputs."""
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def rows(table: str) -> list[dict[str, Any]]:
    """The items of a table."""
    items: list[dict[str, Any]] = boto3.resource("dynamodb").Table(table).scan()["Items"]
    return sorted(items, key=lambda row: str(row["title"]))


def depth(queue: str) -> int:
    """How many messages wait in a queue."""
    sqs = boto3.client("sqs")
    name = "ApproximateNumberOfMessages"
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def segue(*words: str, folder: Path = HERE, lines: int = 60) -> None:
    """Run a command of ours, and print what it says, or the first lines of it."""
    print(f"\n{BOLD}$ segue {' '.join(words)}{PLAIN}", flush=True)
    said = segue_quietly(*words, folder=folder).splitlines()
    print("".join(f"    {line}\n" for line in said[:lines]), end="")
    if lines and len(said) > lines:
        print(f"    {DIM}…{PLAIN}")


def segue_quietly(*words: str, folder: Path = HERE) -> str:
    """Run a command of ours; what it says."""
    done = subprocess.run([SEGUE, *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"segue {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def title(words: str) -> None:
    print(f"\n{BOLD}{words}{PLAIN}", flush=True)


def mark(right: bool) -> str:
    return f"{GREEN}✓{PLAIN}" if right else f"{RED}✗{PLAIN}"


if __name__ == "__main__":
    sys.exit(main())
