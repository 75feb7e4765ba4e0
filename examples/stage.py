"""What demos share: a server of their own, which may be killed and started again; commands as a reader types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segue.cli.deliveries import hops

BOLD, DIM, GREEN, RED, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
if not sys.stdout.isatty():
    BOLD = DIM = GREEN = RED = PLAIN = ""

SEGUE = Path(sys.executable).with_name("segue")


class Server:
    """A server on a free port, whose data outlives it."""

    def __init__(self, data: Path) -> None:
        self._data, self._port = data, "0"
        self.endpoint_url = ""

    def start(self) -> None:
        """Start, or start again, and wait until it answers."""
        command = [str(SEGUE), "serve", "--port", self._port, "--data", str(self._data)]
        with (self._data / "server.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)", line)
        if found is None:
            raise SystemExit(f"The server did not start: {line}{self.log()}")
        self.endpoint_url, self._port = found[0], found[1]

    def kill(self) -> None:
        """``kill -9``."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(20)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self._process.terminate()
        self._process.wait(20)

    def log(self) -> str:
        """What it has written to standard error."""
        return (self._data / "server.log").read_text()


@contextmanager
def served(name: str) -> Iterator[Server]:
    """A server in a temporary directory; AWS clients find it. If what is done with it raises, its log is shown."""
    with tempfile.TemporaryDirectory(prefix=f"segue-{name}-") as data:
        server = Server(Path(data))
        server.start()
        region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        os.environ.update(region, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        os.environ["AWS_ENDPOINT_URL"] = server.endpoint_url
        print(f"{BOLD}A server is up at {server.endpoint_url}{PLAIN}")
        try:
            yield server
        except BaseException:
            print(server.log(), file=sys.stderr)
            raise
        finally:
            server.stop()
    print(f"\n{DIM}The server is stopped, nothing is left running.{PLAIN}")


def heading(text: str) -> None:
    """Begin a part."""
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def tell(text: str) -> None:
    """Say what happens."""
    print(f"  {text}", flush=True)


def check(right: bool, text: str) -> None:
    """Say what came of it; ends the demo if it is wrong."""
    print(f"  {GREEN}✓{PLAIN} {text}" if right else f"  {RED}✗{PLAIN} {text}", flush=True)
    if not right:
        raise SystemExit(1)


def segue(*words: str, status: int = 0) -> None:
    """Run a command of ``segue``, with all that it says; ends the demo if it ends with another status."""
    print(f"{BOLD}$ segue {' '.join(words)}{PLAIN}", flush=True)
    done = subprocess.run([str(SEGUE), *words], stdout=subprocess.PIPE, text=True, check=False)
    print("".join(f"  {line}\n" for line in done.stdout.splitlines()), end="", flush=True)
    if done.returncode != status:
        raise SystemExit(f"segue {' '.join(words)} ended with {done.returncode}")


def deploy(folder: Path, *more: str) -> dict[str, str]:
    """``segue deploy``, of which only the end is shown; the stack's outputs."""
    import boto3

    print(f"{BOLD}$ segue deploy examples/{folder.name}{PLAIN}", flush=True)
    command = [str(SEGUE), "deploy", str(folder), "--stack-name", folder.name, *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout)
    resources = re.findall(r"CREATE_COMPLETE +AWS::", done.stdout)
    tell(f"{DIM}… {len(resources)} resources …{PLAIN}")
    tell(next(line for line in done.stdout.splitlines() if line.startswith(f"{folder.name}: ")))
    stack = boto3.client("cloudformation").describe_stacks(StackName=folder.name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def http(method: str, url: str, body: Any = None) -> tuple[int, Any, float]:
    """A request; the status, the JSON of the answer, and how many milliseconds it took."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    began = time.monotonic()
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        text = answer.read()
        return answer.status, json.loads(text) if text else None, 1000 * (time.monotonic() - began)


def eventually(look: Callable[[], Any], seconds: float = 40) -> Any:
    """What ``look`` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise SystemExit("It did not come.")
        time.sleep(0.05)
    return found


def mailed(endpoint_url: str) -> list[str]:
    """To whom mail was sent, in order."""
    targets = [hop["target"] for hop in hops(endpoint_url)]
    return [target.removeprefix("mailto:") for target in targets if target.startswith("mailto:")]


def trace_to(endpoint_url: str, name: str) -> str:
    """The newest conversation in which a function of that name was called."""
    return next((hop["trace"] for hop in reversed(list(hops(endpoint_url))) if hop["target"].endswith(f":{name}")), "")
