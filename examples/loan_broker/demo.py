"""The loan broker before your eyes: a server, the deployment, each ending, and what flows where.

    make demo

Uses a free port and a temporary directory; nothing stays behind.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from deploy import LoanBroker

from segue.cli.deliveries import hops, short

ENDINGS = {
    "two-quotes": (
        "Two of three quotes complete it; one that comes late does no harm",
        {"SSN": "123-45-6789", "Amount": 500_000, "Term": 30},
    ),
    "one-quote": (
        "One bank answers: after five seconds the workflow fetches what there is",
        {"SSN": "123-45-6789", "Amount": 800_000, "Term": 30},
    ),
    "low-score": (
        "The credit score is too low for every bank",
        {"SSN": "111-11-1111", "Amount": 300_000, "Term": 20},
    ),
    "no-bank": (
        "No bank lends that much",
        {"SSN": "123-45-6789", "Amount": 5_000_000, "Term": 30},
    ),
    "malformed-ssn": (
        "The social security number is none",
        {"SSN": "12-345-6789", "Amount": 500_000, "Term": 30},
    ),
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-2"}
BOLD, DIM, GREEN, RED, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
if not sys.stdout.isatty():
    BOLD = DIM = GREEN = RED = PLAIN = ""


def main() -> int:
    """Run the demo; 0 when every ending was right."""
    began = time.monotonic()
    ok = False
    with tempfile.TemporaryDirectory(prefix="segue-demo-") as data:
        server, endpoint = start_server(Path(data))
        try:
            ok = show(endpoint)
        finally:
            server.terminate()
            server.wait(20)
            if not ok:
                print((Path(data) / "server.log").read_text(), file=sys.stderr)
    print(f"\n{DIM}Done in {time.monotonic() - began:.1f} s; the server is stopped, nothing is left running.{PLAIN}")
    print_how_to_go_on()
    return 0 if ok else 1


def start_server(data: Path) -> tuple[subprocess.Popen[str], str]:
    """A server of our own, on a free port."""
    program = Path(sys.executable).with_name("segue")
    command = [str(program), "serve", "--port", "0", "--data", str(data)]
    with (data / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"http://\S+:\d+", line)
    if found is None:
        raise SystemExit(f"The server did not start: {line}{(data / 'server.log').read_text()}")
    print(f"{BOLD}A server is up at {found[0]}{PLAIN}")
    return server, found[0]


def show(endpoint: str) -> bool:
    """Deploy, start every ending at once, tell what moves, and show how each came out."""
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=endpoint)
    print(f"{BOLD}Deploying the loan broker …{PLAIN}", flush=True)
    broker = LoanBroker()
    machine = broker.deploy()
    print("  a workflow, a topic, three banks, a bus, a rule, a queue, an aggregator, a table")
    states = broker.clients["stepfunctions"]
    print(f"\n{BOLD}What flows where{PLAIN}")
    done = threading.Event()
    told = threading.Thread(target=tell, args=(endpoint, done))
    told.start()
    arns = {
        name: states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(request))["executionArn"]
        for name, (_, request) in ENDINGS.items()
    }
    results = {name: wait_for_end(states, arn) for name, arn in arns.items()}
    done.set()
    told.join()
    rights = [report(name, results[name]) for name in ENDINGS]
    return all(rights)


def tell(endpoint: str, done: threading.Event) -> None:
    """Print every hop as it happens, until all is done and the late quotes are told."""
    began = time.time()
    for hop in hops(endpoint, follow=lambda: not done.is_set()):
        if hop["status"] == "audit" or hop["at"] / 1000 < began - 1:
            continue
        seconds = hop["at"] / 1000 - began
        arrow = {
            "delivered": f"{GREEN}→{PLAIN}",
            "ignored": f"{DIM}○{PLAIN}",
            "late": f"{DIM}→ late{PLAIN}",
        }.get(hop["status"], f"{RED}✗ {hop['status']}{PLAIN}")
        reason = f"  {hop['reason'][:100]}" if hop["reason"] else ""
        print(
            f"  {DIM}{max(seconds, 0):5.2f} s{PLAIN}  {place(hop['source']):34} {arrow} "
            f"{place(hop['target'])}{DIM}{reason}{PLAIN}",
            flush=True,
        )


def place(arn: str) -> str:
    """A resource in few words."""
    name = short(arn)
    name = re.sub(r"^(sts:assumed-role/[^/]+/|iam:)", "", name)
    name = name.replace("states:execution:LoanBroker-PubSub:", "workflow ").replace("lambda:function:", "function ")
    return name.replace("sns:", "topic ", 1).replace("sqs:", "queue ", 1).replace("events:", "", 1)[:60]


def wait_for_end(states: Any, arn: str) -> dict[str, Any]:
    """How an execution ended."""
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.1)
    result: dict[str, Any] = found
    return result


EXPECTED = {"two-quotes": 2, "one-quote": 1, "low-score": 0, "no-bank": 0, "malformed-ssn": None}


def report(name: str, result: dict[str, Any]) -> bool:
    """Show one ending; whether it is the right one."""
    took = (result["stopDate"] - result["startDate"]).total_seconds()
    quotes = json.loads(result["output"])["Quotes"] if "output" in result else None
    right = (
        (len(quotes) >= 2 if EXPECTED[name] == 2 else len(quotes) == EXPECTED[name])
        if quotes is not None
        else (EXPECTED[name] is None and result.get("error") == "InvalidSSN")
    )
    mark = f"{GREEN}✓{PLAIN}" if right else f"{RED}✗{PLAIN}"
    print(f"\n{mark} {BOLD}{ENDINGS[name][0]}{PLAIN}  {DIM}({name}: {result['status']} after {took:.2f} s){PLAIN}")
    if quotes is None:
        print(f"    {result.get('error')}: {json.loads(result['cause'])['errorMessage']}")
    elif not quotes:
        print("    no quotes")
    for quote in quotes or ():
        print(f"    {quote['bankId']:12} {quote['rate']} %")
    return right


def print_how_to_go_on() -> None:
    """What to type next."""
    print(f"""
{BOLD}Go on{PLAIN}
  .venv/bin/segue serve                                   a server that keeps its data in .segue
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-2
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  .venv/bin/python examples/loan_broker/deploy.py         this application, to play with
  .venv/bin/segue deliveries --follow                     what flows where, live, and why something did not
  .venv/bin/aws logs filter-log-events --log-group-name /aws/lambda/QuoteAggregator --query 'events[].message'
  http://127.0.0.1:4566/_segue/                           the console: every workflow, message and log, in a browser""")


if __name__ == "__main__":
    sys.exit(main())
