"""A pool of real processes, one for a whole module: functions are written as text, each in a folder of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from segue.runtimes import CodeRef, FunctionSpec, Invocation, Outcome, Pool, PoolSettings
from segue.runtimes.installer import Installer
from segue.runtimes.node_sdk import NodeSdk

T = TypeVar("T")


class Place:
    """The pool, its event loop, and a folder for the code of functions."""

    def __init__(self, directory: Path, settings: PoolSettings) -> None:
        self.runner = asyncio.Runner()
        self.late: list[str] = []
        self._code = directory / "functions"
        self._numbers = itertools.count()
        self.pool = self.run(self._pool(directory / "pool", settings))

    async def _pool(self, directory: Path, settings: PoolSettings) -> Pool:
        no_registry = NodeSdk(
            Installer(directory / "sdk"), ("/bin/sh", "-c", "echo npm error network is gone >&2; exit 1")
        )
        late = lambda _, __, lines: self.late.extend(x.message for x in lines)  # noqa: E731
        pool = Pool(directory, settings, on_late_lines=late, sdk=no_registry)
        await pool.start()
        return pool

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def function(self, files: dict[str, str], **settings: Any) -> FunctionSpec:
        """A function of its own, of ``files``; ``runtime``, ``handler`` and the rest as FunctionSpec has them."""
        folder = self._code / str(next(self._numbers))
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if name == "bootstrap":
                path.chmod(0o755)
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:f-{folder.name}:$LATEST"
        defaults: dict[str, Any] = {"runtime": "python3.11", "handler": "app.handler", "timeout_seconds": 5}
        defaults |= {"memory_mb": 256, "code": CodeRef(directory=folder), "name": f"f-{folder.name}"}
        return FunctionSpec(arn=arn, **(defaults | settings))

    def python(self, body: str, **settings: Any) -> FunctionSpec:
        return self.function({"app.py": body}, **settings)

    def node(self, body: str, name: str = "index.mjs", **settings: Any) -> FunctionSpec:
        return self.function({name: body}, **({"runtime": "nodejs20.x", "handler": "index.handler"} | settings))

    def invoke(self, spec: FunctionSpec, event: object = None, **more: Any) -> Outcome:
        return self.run(self.pool.invoke(spec, invocation(event, **more)))


def invocation(event: object = None, **more: Any) -> Invocation:
    return Invocation(str(uuid.uuid4()), json.dumps(event).encode(), **more)


def text(outcome: Outcome) -> str:
    """The whole log."""
    return "".join(line.message for line in outcome.logs)
