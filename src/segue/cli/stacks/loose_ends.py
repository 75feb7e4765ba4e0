"""Functions of a template whose failed events nobody would ever see. Pure.

Source of who invokes asynchronously: Lambda developer guide, "Invoking Lambda with events from other AWS services".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ASYNCHRONOUS = frozenset(
    f"{service}.amazonaws.com" for service in ("events", "s3", "ses", "sns", "logs", "iot", "config", "codecommit")
)
_PERMISSION, _CONFIG = "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig"


def loose_ends(resources: Any) -> list[str]:
    """The logical ids of functions that are invoked asynchronously, as far as the template says it, and have neither a
    dead-letter queue nor a destination on failure.

    Args:
        resources: those of a template without macros (transformed).
    """
    if not isinstance(resources, dict):
        return []
    known = {name: one for name, one in resources.items() if isinstance(one, dict)}
    invoked = {
        name
        for properties in _properties(known, _PERMISSION)
        if properties.get("Principal") in _ASYNCHRONOUS and (name := _named(properties.get("FunctionName"), known))
    }
    caught = set()
    for properties in _properties(known, _CONFIG):
        name = _named(properties.get("FunctionName"), known)
        if name:
            invoked.add(name)
            destinations = properties.get("DestinationConfig")
            if isinstance(destinations, dict) and destinations.get("OnFailure"):
                caught.add(name)
    return [
        name
        for name, one in known.items()
        if name in invoked - caught and isinstance(one.get("Properties"), dict)
        if one.get("Type") == "AWS::Lambda::Function" and not one["Properties"].get("DeadLetterConfig")
    ]


def _properties(resources: Mapping[str, dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    for one in resources.values():
        if one.get("Type") == kind and isinstance(one.get("Properties"), dict):
            yield one["Properties"]


def _named(value: Any, resources: Mapping[str, Any]) -> str | None:
    """The function that a property means: ``Ref`` or ``Fn::GetAtt`` of it, or of its alias or version."""
    for _ in range(3):
        if isinstance(value, dict):
            got = value.get("Fn::GetAtt")
            value = value.get("Ref") or (got[0] if isinstance(got, list) and got else got)
        if not isinstance(value, str):
            return None
        name = value.partition(".")[0]
        found = resources.get(name)
        if found is None or found.get("Type") not in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            return name if found is not None else None
        properties = found.get("Properties")
        value = properties.get("FunctionName") if isinstance(properties, dict) else None
    return None
