"""Amazon SES: the older API.

In: identities (addresses and domains) with verification, notification topics, DKIM and MAIL FROM settings and policies;
sending mail simple, raw, of templates and in bulk; templates with AWS's template language; configuration sets and their
event destinations (topics, the default bus, metrics); quota and statistics; the mailbox simulator. Mail goes to the
outbox (``segue mail``), and to a real mail server where one is configured. Everything is shared with the newer API.

Left out: receiving mail (receipt rules and filters), custom verification mails, SendBounce, open and click tracking
(so its options), Firehose destinations (made; each event is recorded as dropped), DNS: identities are verified at once,
or by a link.
"""

from segue.services.ses import (
    accounts,
    configuration_sets,
    identities,
    identity_settings,
    resource_types,
    send_operations,
    templates,
)
from segue.services.ses.service import SERVICE

__all__ = [
    "SERVICE",
    "accounts",
    "configuration_sets",
    "identities",
    "identity_settings",
    "resource_types",
    "send_operations",
    "templates",
]
