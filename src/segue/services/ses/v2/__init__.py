"""Amazon SES v2: the newer API.

In: identities, sending mail simple, raw, of templates kept or given along, with attachments, and in bulk; templates,
configuration sets with event destinations, contact lists, the suppression list, the account, tags. What is made here is
there for the older API, and the other way round.

Left out: dedicated IP pools, tenants, multi-region endpoints, import and export jobs, deliverability tests, insights,
custom verification mails, archiving.
"""

from segue.services.ses.v2 import accounts, configuration_sets, contacts, identities, sending, templates
from segue.services.ses.v2.service import SERVICE

__all__ = ["SERVICE", "accounts", "configuration_sets", "contacts", "identities", "sending", "templates"]
