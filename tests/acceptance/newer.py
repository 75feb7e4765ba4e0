"""A Segue of a later version, for tests: a service, jobs, a table and a column that this one does not know.

``python -m tests.acceptance.newer serve …`` is its ``segue serve …``.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import segue

VERSION = "99.0"
KIND = "mq:later"
ADDRESS = "/_aws/newer/jobs/"
"""Who visits it has as many jobs made as the path says."""


def main() -> int:
    """Run a command of the later version."""
    segue.__version__ = VERSION
    from segue import server
    from segue.api import Call, Service
    from segue.api.endpoint import Visit
    from segue.jobs import Job, enqueue, queue
    from segue.wire.request import Response

    service = Service("mq", migrations=("CREATE TABLE newer_done (id TEXT PRIMARY KEY, node TEXT NOT NULL);",))

    @service.job("later")
    def later(call: Call, job: Job) -> None:
        call.tx.run("INSERT INTO newer_done (id, node) VALUES (?, ?)", str(job.id), call.api.node)

    @service.endpoint("newer")
    def visited(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        visit: Visit = params["visit"]
        for _ in range(int(visit.path.strip("/"))):
            enqueue(call.tx, KIND, "newer", None)
        return {"response": Response(200, {}, call.api.node.encode())}

    module = ModuleType("segue.services.newer")
    module.__spec__ = ModuleSpec(module.__name__, None)
    module.SERVICE = service  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    server._SERVICES += ("newer",)  # type: ignore[assignment]
    queue.MIGRATIONS += ("ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';",)  # type: ignore[assignment]
    from segue.cli.main import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
