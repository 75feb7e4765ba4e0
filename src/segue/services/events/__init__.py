"""Amazon EventBridge.

In: buses with policies (both forms of PutPermission), rules with patterns and schedules, targets with inputs, paths
and transformers, retries and dead letters; putting events, within an account and across accounts and regions; testing
patterns; tags. Targets: queues, topics, functions, state machines, log groups, other buses; a target of any
other service is accepted, and the record of deliveries says that nothing went there.
Left out: archives and replays, connections and API destinations, partner event sources, endpoints.
"""

from segue.services.events import buses, firing, permissions, put_events, rules, tags, targets
from segue.services.events.service import SERVICE

__all__ = ["SERVICE", "buses", "firing", "permissions", "put_events", "rules", "tags", "targets"]
