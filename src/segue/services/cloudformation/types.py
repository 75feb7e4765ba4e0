"""Which declaration a resource's type has."""

from __future__ import annotations

from segue.api import Api
from segue.api.resource_types import ResourceType
from segue.services.cloudformation.placeholders import placeholder

CUSTOM = "AWS::CloudFormation::CustomResource"


def declaration(api: Api, type_name: str) -> ResourceType | None:
    """What declares a type; ``None`` where nothing does."""
    if type_name.startswith("Custom::"):
        return api.resource_types.get(CUSTOM)
    return api.resource_types.get(type_name) or placeholder(type_name, api.resource_types)
