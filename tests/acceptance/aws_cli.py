"""The AWS CLI as people type it, against a server of ours."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent


class AwsCli:
    """The program ``aws`` with an account, a region and an endpoint in its environment, and nothing else.

    Args:
        endpoint_url: the server.
        account: the account, by way of the access key.
        folder: where commands run, so that ``fileb://bank.zip`` is a file there.
        names: what ``{name}`` in a command stands for, beside ``{account}``.
    """

    def __init__(self, endpoint_url: str, account: str, folder: Path, **names: str) -> None:
        self.endpoint_url = endpoint_url
        self.folder = folder
        self.names = {"account": account, **names}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {
            **kept,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-2",
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    def __call__(self, command: str) -> Any:
        """Run a command that succeeds; its answer, parsed where it is JSON."""
        done = self._run(command)
        assert done.returncode == 0, f"aws {command}\n{done.stderr}"
        try:
            return json.loads(done.stdout) if done.stdout else None
        except ValueError:
            return done.stdout

    def refused(self, command: str) -> str:
        """Run a command that fails; what it says (``An error occurred (Code) when calling …: words``)."""
        done = self._run(command)
        assert done.returncode != 0, f"aws {command}\n{done.stdout}"
        return done.stderr.strip()

    def all(self, commands: Iterable[str]) -> list[Any]:
        """Run commands that do not need each other, at the same time; their answers in order."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self, commands))

    def all_refused(self, commands: Iterable[str]) -> list[str]:
        """Run commands that fail, at the same time; what each says."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self.refused, commands))

    def deliveries(self, *options: str) -> list[str]:
        """The lines of ``segue deliveries``."""
        command = [sys.executable, "-m", "segue.cli.main", "deliveries", *options]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        for name, value in self.names.items():  # not str.format: commands are full of braces
            command = command.replace(f"{{{name}}}", value)
        arguments = shlex.split(command)
        if arguments[0] == "sqs":
            # Version 1 of the CLI names an endpoint of its own for SQS, which AWS_ENDPOINT_URL does not override.
            arguments = ["--endpoint-url", self.endpoint_url, *arguments]
        return subprocess.run(
            [str(BIN / "aws"), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
