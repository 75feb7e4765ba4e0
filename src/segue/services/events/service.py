"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from segue.api import Service
from segue.services.events.records import policy_of
from segue.services.events.schema import MIGRATIONS, PARTITION_KEYS

SERVICE = Service("events", migrations=MIGRATIONS, partition_keys=PARTITION_KEYS, resource_policy=policy_of)
