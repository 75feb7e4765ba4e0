"""Amazon EventBridge.

In: buses with policies (both forms of PutPermission), rules with patterns and schedules, targets with inputs, paths
and transformers, retries and dead letters; putting events, within an account and across accounts and regions;
testing patterns; archives and replays; tags. Targets: queues, topics, functions, state machines, log groups, other
buses; a target of any other service is accepted, and the record of deliveries says that nothing went there.
Connections and API destinations are kept, not called. Left out: partner event sources, global endpoints.
"""

from segue.services.events import (
    archives,
    buses,
    connections,
    firing,
    permissions,
    put_events,
    replays,
    rules,
    tags,
    targets,
)
from segue.services.events.service import SERVICE

__all__ = [
    "SERVICE",
    "archives",
    "buses",
    "connections",
    "firing",
    "permissions",
    "put_events",
    "replays",
    "rules",
    "tags",
    "targets",
]
