"""Amazon SNS.

In: standard and FIFO topics with their attributes and policies, subscriptions with filter policies, raw delivery and
dead-letter queues, publishing one message or ten, to queues and functions; deduplication; tags; mobile push
applications, devices and SMS settings as records.

Left out: http, e-mail, SMS, push and Firehose deliveries (such subscriptions are made, those that must be confirmed
stay pending until ConfirmSubscription; each message that would go there is recorded as failed, with the reason), RSA
signatures (messages carry a keyed digest), archive and replay, data protection policies, delivery status logs.
"""

from segue.services.sns import (
    mobile,
    publish,
    resource_types,
    subscriptions,
    topics,
)
from segue.services.sns.service import SERVICE

__all__ = ["SERVICE", "mobile", "publish", "resource_types", "subscriptions", "topics"]
