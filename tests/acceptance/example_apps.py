"""The applications of ``examples/`` that are templates: deployed by ``segue deploy``, looked at by an AWS SDK."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from segue.cli.deliveries import hops as recorded
from segue.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
ACCOUNT = "000000000000"


class Server(Protocol):
    """A server in a test, on a manual clock or in a process of its own."""

    @property
    def endpoint_url(self) -> str: ...

    def client(self, service: str) -> Any: ...


def deploy(server: Server, name: str, *more: str) -> dict[str, str]:
    """Deploy an example as a stack of its name; the stack's outputs."""
    arguments = ["deploy", str(EXAMPLES / name), "--stack-name", name, "--endpoint-url", server.endpoint_url, *more]
    assert main(arguments) == 0
    stack = server.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def http(method: str, url: str, body: Any = None) -> tuple[int, Any]:
    """A request as a browser makes it; the status and the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def hops(server: Server, *, to: str, status: str = "") -> list[dict[str, Any]]:
    """What moved to a resource whose name ends so, oldest first."""
    return [
        hop for hop in recorded(server.endpoint_url) if hop["target"].endswith(to) and status in ("", hop["status"])
    ]


def verify(server: Server, address: str) -> None:
    """Let an address send mail."""
    server.client("ses").verify_email_identity(EmailAddress=address)


def mailed(server: Server) -> list[str]:
    """To whom mail was sent, in order."""
    prefix = "mailto:"
    every = recorded(server.endpoint_url)
    return [hop["target"].removeprefix(prefix) for hop in every if hop["target"].startswith(prefix)]


def logged(server: Server, function: str, pattern: str = "") -> list[str]:
    """What a function has written."""
    events = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern=pattern)
    return [event["message"] for event in events["events"]]
