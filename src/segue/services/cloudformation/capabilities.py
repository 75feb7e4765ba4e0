"""What a caller must acknowledge before a template is deployed.

Source: CloudFormation API reference, CreateStack, ``Capabilities``; the names of resources that are IAM's from there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from segue.errors import AwsError

IAM = "CAPABILITY_IAM"
NAMED_IAM = "CAPABILITY_NAMED_IAM"
AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"
_NAMES = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}


def typed_resources(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of a template that may be malformed, the resources that have a type."""
    resources = document.get("Resources")
    found = resources.items() if isinstance(resources, dict) else ()
    return {name: each for name, each in found if isinstance(each, dict) and isinstance(each.get("Type"), str)}


def needed(document: dict[str, Any]) -> tuple[str, list[str]]:
    """The capability that a template's resources need (empty for none), and the types that need it."""
    kinds, named = [], False
    for resource in typed_resources(document).values():
        kind, properties = resource["Type"], resource.get("Properties")
        if kind in _NAMES:
            kinds.append(kind)
            named = named or bool(_NAMES[kind] and isinstance(properties, dict) and _NAMES[kind] in properties)
    if not kinds:
        return "", []
    return NAMED_IAM if named else IAM, sorted(set(kinds))


def check_capabilities(document: dict[str, Any], given: Collection[str], transforms: Collection[str] = ()) -> None:
    """Raise where a template needs what the caller does not acknowledge.

    Args:
        document: the template after its transforms.
        given: the capabilities acknowledged.
        transforms: those that the template had.

    Raises:
        AwsError: ``InsufficientCapabilitiesException``.
    """
    if transforms and AUTO_EXPAND not in given:
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{AUTO_EXPAND}]")
    capability, _ = needed(document)
    if capability and NAMED_IAM not in given and not (capability == IAM and IAM in given):
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")
