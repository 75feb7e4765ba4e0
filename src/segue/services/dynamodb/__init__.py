"""Amazon DynamoDB.

In: tables (both billing modes) with global and local secondary indexes, active at once; items by key, Query and Scan
with pages, filters, projections, segments; conditions and updates by expressions and by the older parameters; batches;
transactions with cancellation reasons and idempotency tokens; time to live, tags, resource policies, consumed capacity;
streams, which ``dynamodbstreams`` reads; PartiQL statements, batches and transactions of them; backups
on demand.

Left out: point-in-time recovery, global tables, exports and imports, vector indexes, throughput limits (nothing is
throttled). An index's items are read through the table, so reads of global indexes are never behind.
"""

from segue.services.dynamodb import (
    backups,
    batches,
    indexes,
    items,
    query,
    resource_types,
    settings,
    statements,
    tables,
    transactions,
)
from segue.services.dynamodb.service import SERVICE

__all__ = [
    "SERVICE",
    "backups",
    "batches",
    "indexes",
    "items",
    "query",
    "resource_types",
    "settings",
    "statements",
    "tables",
    "transactions",
]
