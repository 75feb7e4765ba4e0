"""Amazon SNS.

In: standard and FIFO topics with their attributes and policies; subscriptions with filter policies, raw delivery,
dead-letter queues and AWS's confirmation, of queues, functions, HTTP and HTTPS endpoints (delivery policies,
throttles), mail, mail in JSON and text messages (these into the outbox, and to a mail server where there is one);
publishing one message or ten; deduplication; RSA signatures that verify by our own certificate; delivery status logs;
archive and replay of FIFO topics; tags; mobile push applications and devices, SMS settings and sandbox as records.

Left out: push notifications (recorded as failed, with what the device would have got), Firehose (refused), what data
protection policies say (they are kept), the jitter of retries.
"""

from segue.services.sns import (
    archive,
    confirmations,
    data_protection,
    http_endpoints,
    invariants,
    mobile,
    publish,
    resource_types,
    sms,
    subscriptions,
    topics,
)
from segue.services.sns.service import SERVICE

__all__ = [
    "SERVICE",
    "archive",
    "confirmations",
    "data_protection",
    "http_endpoints",
    "invariants",
    "mobile",
    "publish",
    "resource_types",
    "sms",
    "subscriptions",
    "topics",
]
