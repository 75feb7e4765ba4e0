"""Amazon CloudWatch Logs.

In: groups and streams with tags, keys, retention (enforced) and deletion protection; putting events with AWS's rules
of order, age and size; getting them from a stream in both directions, filtering them from a group by terms, JSON
properties and fields between spaces; metric filters and the embedded metric format; subscription filters to functions;
account resource policies.

Left out: live tail (``aws logs tail --follow`` does not use it), Insights queries, exports, deliveries,
destinations, transformers, data protection, subscription filters to anything but functions. What a service writes
makes the stream that is missing, and except for EventBridge the group too.
"""

from segue.services.logs import (
    events,
    groups,
    metric_filters,
    policies,
    resource_types,
    streams,
    subscriptions,
)
from segue.services.logs.service import SERVICE

__all__ = ["SERVICE", "events", "groups", "metric_filters", "policies", "resource_types", "streams", "subscriptions"]
