"""The service's declaration; a role's trust policy is the resource policy of assuming it."""

from __future__ import annotations

from segue.api import Service
from segue.services.sts.records import MIGRATIONS, resource_policy_of

SERVICE = Service("sts", migrations=MIGRATIONS, resource_policy=resource_policy_of)
