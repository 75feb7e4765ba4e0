"""The service's declaration; a role's trust policy is the resource policy of assuming it."""

from __future__ import annotations

from segue.api import Service
from segue.api.service import Params
from segue.services.sts.records import MIGRATIONS, resource_policy_of


def _conditions(operation: str, params: Params) -> dict[str, str]:
    return {"sts:ExternalId": params["ExternalId"]} if params.get("ExternalId") else {}


SERVICE = Service("sts", migrations=MIGRATIONS, resource_policy=resource_policy_of, conditions=_conditions)
