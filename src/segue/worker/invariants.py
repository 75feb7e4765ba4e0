"""What must be true of a store between any two transactions, whatever has happened to the processes that wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from segue.api import Api
from segue.store import Transaction
from segue.worker.run_job import handler_of


def violations(api: Api, tx: Transaction) -> Iterator[str]:
    """What is not as it must be, in words that name the service: nothing, in a store that is well."""
    for kind, count in tx.all("SELECT kind, COUNT(*) FROM jobs GROUP BY kind ORDER BY kind"):
        if handler_of(api, kind) is None:
            yield f"jobs: {count} of kind {kind}, which nobody runs"
    for name, service in api.services.items():
        for check in service.invariants:
            for violation in check(tx):
                yield f"{name}: {violation}"
