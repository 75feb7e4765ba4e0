"""Amazon EventBridge.

In: buses with policies (both forms of PutPermission), rules with patterns and schedules, targets with inputs, paths
and transformers, retries and dead letters; putting events, within an account and across accounts and regions;
testing patterns; archives and replays; tags; connections with their tokens by OAuth. Targets: queues, topics,
functions, state machines, log groups, other buses, API destinations (as often as they allow); a target of any other
service is accepted, and the record of deliveries says that nothing went there. Left out: private connections, partner
event sources, global endpoints.
"""

from segue.services.events import (
    api_destinations,
    archives,
    buses,
    connections,
    firing,
    permissions,
    put_events,
    replays,
    resource_types,
    resource_types_more,
    rules,
    tags,
    targets,
)
from segue.services.events.service import SERVICE

__all__ = [
    "SERVICE",
    "api_destinations",
    "archives",
    "buses",
    "connections",
    "firing",
    "permissions",
    "put_events",
    "replays",
    "resource_types",
    "resource_types_more",
    "rules",
    "tags",
    "targets",
]
