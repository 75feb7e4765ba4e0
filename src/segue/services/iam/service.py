"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from segue.api import Service
from segue.services.iam.schema import MIGRATIONS

SERVICE = Service("iam", migrations=MIGRATIONS)
