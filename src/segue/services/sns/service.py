"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from segue.api import Service
from segue.services.sns import records

PRINCIPAL = "sns.amazonaws.com"
SERVICE = Service(
    "sns", migrations=records.MIGRATIONS, partition_keys=records.PARTITION_KEYS, resource_policy=records.policy_of
)
