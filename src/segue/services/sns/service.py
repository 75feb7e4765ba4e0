"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from segue.api import Service
from segue.services.sns import records

PRINCIPAL = "sns.amazonaws.com"
SERVICE = Service("sns", migrations=records.MIGRATIONS, resource_policy=records.policy_of)
