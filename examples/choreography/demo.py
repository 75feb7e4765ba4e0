"""The choreography before your eyes: a server, cdk bootstrap and deploy, one start event, what flows, cdk destroy.

    make choreography

Uses a free port and a temporary directory. Needs Node.js; what package.json names comes from npm the first time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import boto3

from segue.arn import is_arn
from segue.cli.deliveries import hops, short

HERE = Path(__file__).parent
STACK = "Choreography"
BOLD, DIM, GREEN, RED, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
if not sys.stdout.isatty():
    BOLD = DIM = GREEN = RED = PLAIN = ""


def main() -> int:
    """Run the demo; 0 when everything came out right."""
    ok = False
    install()
    with tempfile.TemporaryDirectory(prefix="segue-choreography-") as data:
        server, endpoint = start_server(Path(data))
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1",
        )
        try:
            ok = show(endpoint)
        finally:
            server.terminate()
            server.wait(20)
            if not ok:
                print((Path(data) / "server.log").read_text(), file=sys.stderr)
    print(f"\n{DIM}The server is stopped, nothing is left running.{PLAIN}")
    return 0 if ok else 1


def install() -> None:
    """Have what package.json names, once."""
    if shutil.which("npx") is None:
        raise SystemExit("There is no npx here: CDK needs Node.js with npm (version 20 or later).")
    if not (HERE / "node_modules" / "aws-cdk-lib").is_dir():
        command("npm", "ci")


def start_server(data: Path) -> tuple[subprocess.Popen[str], str]:
    """A server of our own, on a free port."""
    program = Path(sys.executable).with_name("segue")
    with (data / "server.log").open("w") as log:
        server = subprocess.Popen(
            [program, "serve", "--port", "0", "--data", data], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"http://\S+:\d+", line)
    if found is None:
        raise SystemExit(f"The server did not start: {line}{(data / 'server.log').read_text()}")
    print(f"{BOLD}A server is up at {found[0]}{PLAIN}")
    return server, found[0]


def command(*words: str, **environment: str) -> None:
    """Run a command where the application is, with all that it says, and how long it took."""
    print(f"\n{BOLD}$ {' '.join(words)}{PLAIN}", flush=True)
    began = time.monotonic()
    done = subprocess.run(words, cwd=HERE, env={**os.environ, **environment}, check=False)
    print(f"{DIM}  {time.monotonic() - began:.1f} s{PLAIN}", flush=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}")


def show(endpoint: str) -> bool:
    """Deploy, start, tell what moves, show the report, destroy; whether all of it is right."""
    command("npx", "cdk", "bootstrap")
    command("npx", "cdk", "synth", "--quiet", MAX_SLEEP_MS="0", NUMBER_OF_NAMES="10")
    command("npx", "cdk", "deploy", "--app", "cdk.out")
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    print(f"\n{BOLD}What flows{PLAIN}, from one event that says start")
    rights = [cookies(endpoint, outputs, tell_all=True)]
    print(f"\n{BOLD}Again{PLAIN}, now that the functions are warm")
    rights.append(cookies(endpoint, outputs, tell_all=False))
    command("npx", "cdk", "destroy", "--force", "--app", "cdk.out")
    left = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    print(f"  buckets that are left: {', '.join(left)} (CDK's own)")
    return all(rights) and outputs["BucketName"] not in left


def cookies(endpoint: str, outputs: dict[str, str], *, tell_all: bool) -> bool:
    """Start by an event, wait for the report, print it; whether its sum is that of its parts."""
    states, s3 = boto3.client("stepfunctions"), boto3.client("s3")
    earlier = {one["executionArn"] for one in executions(states, outputs)}
    done = threading.Event()
    teller = threading.Thread(target=tell, args=(endpoint, done))
    if tell_all:
        teller.start()
    began = time.monotonic()
    entry = {"Source": "project", "DetailType": "start", "EventBusName": "default", "Detail": "{}"}
    boto3.client("events").put_events(Entries=[entry])
    while not (new := [one for one in executions(states, outputs) if one["executionArn"] not in earlier]):
        time.sleep(0.01)
    arn = new[0]["executionArn"]
    while (ended := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.01)
    took = time.monotonic() - began
    if tell_all:
        done.set()
        teller.join()
    mark = f"{GREEN}✓{PLAIN}" if ended["status"] == "SUCCEEDED" else f"{RED}✗{PLAIN}"
    print(f"{mark} {ended['status']} {took:.2f} s after the event")
    if ended["status"] != "SUCCEEDED":
        return False
    report = read(s3, outputs, f"{arn}/0-cookies.json")
    if tell_all:
        print(f"\n{BOLD}0-cookies.json{PLAIN}\n{json.dumps(report, indent=2)}")
    eaten = [read(s3, outputs, f"{arn}/final-{name}.json")["numberOfCookiesConsumed"] for name in report["names"]]
    return bool(report["totalCookiesConsumed"] == sum(eaten) and report["numberOfPeople"] == len(eaten))


def executions(states: Any, outputs: dict[str, str]) -> list[dict[str, Any]]:
    """The machine's executions, newest first."""
    found: list[dict[str, Any]] = states.list_executions(stateMachineArn=outputs["StateMachineArn"])["executions"]
    return found


def read(s3: Any, outputs: dict[str, str], key: str) -> dict[str, Any]:
    """An object that is JSON."""
    content: dict[str, Any] = json.load(s3.get_object(Bucket=outputs["BucketName"], Key=key)["Body"])
    return content


def tell(endpoint: str, done: threading.Event) -> None:
    """Print every hop as it happens."""
    began = time.time()
    for hop in hops(endpoint, follow=lambda: not done.is_set()):
        seconds = hop["at"] / 1000 - began
        if seconds < -1 or hop["status"] in ("audit", "ignored"):
            continue
        arrow = f"{GREEN}→{PLAIN}" if hop["status"] == "delivered" else f"{RED}✗ {hop['status']}{PLAIN}"
        reason = f"  {hop['reason'][:100]}" if hop["reason"] else ""
        print(
            f"  {DIM}{max(seconds, 0):5.2f} s{PLAIN}  {place(hop['source']):30} {arrow} {place(hop['target'])}"
            f"{DIM}{reason}{PLAIN}",
            flush=True,
        )


def place(arn: str) -> str:
    """A resource in few words, without the endings that CloudFormation gives to names."""
    if not is_arn(arn):
        return arn if len(arn) < 40 else "its task's token"
    name = re.sub(rf"{STACK}-|-[A-Za-z0-9]{{12,13}}\b|Fn[0-9A-F]{{8}}|[0-9A-F]{{8}}\b", "", short(arn))
    name = re.sub(r"^states:(express|execution):(\w+).*", r"machine \2", name)
    name = re.sub(r"^sts:assumed-role/(\w+?)(Role)?/.*", r"machine \1", name)
    name = name.replace("lambda:function:", "function ").replace("events:rule/", "rule ").replace("events:event-", "")
    return name.replace("states:stateMachine:", "machine ")


if __name__ == "__main__":
    sys.exit(main())
