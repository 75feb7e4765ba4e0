"""The nodes that share the store, what waits, and how late it is: ``GET /_segue/cluster``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from segue.jobs.backlog import MOST, backlog
from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response


async def cluster_page(store: Store, knows: Callable[[str], bool], _: Request) -> Response:
    """One state of the rows, read when asked.

    Args:
        knows: whether this node runs jobs of a kind.
    """
    found = await store.look(lambda tx: cluster(store, knows, tx))
    return Response(200, {"content-type": "application/json", "cache-control": "no-store"}, orjson.dumps(found))


def cluster(store: Store, knows: Callable[[str], bool], tx: Transaction) -> dict[str, Any]:
    """What the page shows. A unit that reads."""
    waits = backlog(tx)
    nodes = [
        {
            "number": node.number,
            "name": node.name,
            "startedAt": node.started_at_ms,
            "seenAt": node.seen_at_ms,
            "here": node.is_here,
            "leased": waits.leased.get(node.number, 0),
            **node.told,
        }
        for node in store.nodes(tx)
    ]
    return {
        "now": tx.now_ms,
        "nodes": nodes,
        "jobs": waits.kinds,
        "jobsCountedAtMost": MOST,
        "unknownKinds": sorted({kind for kinds in waits.kinds.values() for kind in kinds if not knows(kind)}),
        "oldestDueMs": waits.oldest_due_ms,
        "database": store.facts(tx),
    }
