"""How the SDK for Java 2 spells the names of AWS's models: SDK integrations show members and errors so.

Source: the naming rules of that SDK's code generator; seen on AWS: DynamoDB's ``Bool`` (aws/aws-sdk-js issue 4294).
"""

from __future__ import annotations

import re
from functools import lru_cache

from segue.wire.model import OperationModel, load_service

# Names of services (the SDK's packages) where they are not the model's.
_SERVICES = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
}

_WORDS = (
    (re.compile(r"[^A-Za-z0-9]+"), " "),
    (re.compile(r"([^a-z]{2,})v([0-9]+)"), r"\1 v\2 "),
    (re.compile(r"([^A-Z]{2,})V([0-9]+)"), r"\1 V\2 "),
    (re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])"), " "),
    (re.compile(r"([A-Z]+)([A-Z][a-z])"), r"\1 \2"),
    (re.compile(r"([0-9])([a-zA-Z])"), r"\1 \2"),
)


_RENAMED = {"NULL": "Nul"}  # no method in Java can be called "null"


@lru_cache(maxsize=4096)
def member_name(name: str) -> str:
    """A member's name: of the capitals that it begins with, those of an acronym are lowered but for the first."""
    if name in _RENAMED:
        return _RENAMED[name]
    capitals = next((at for at, letter in enumerate(name) if not ("A" <= letter <= "Z")), len(name))
    if capitals <= 1:
        return name[:1].upper() + name[1:]
    begins_word = capitals < len(name) and name[capitals].islower()
    acronym = capitals - 1 if begins_word else capitals
    return name[0] + name[1:acronym].lower() + name[acronym:]


@lru_cache(maxsize=1024)
def exception_name(shape: str) -> str:
    """An error's name, of its shape's: ``KMSDisabled`` is ``KmsDisabledException``."""
    spaced = shape
    for pattern, replacement in _WORDS:
        spaced = pattern.sub(replacement, spaced)
    name = "".join(word.lower().capitalize() for word in spaced.split())
    if name.endswith("Fault"):
        name = name.removesuffix("Fault")
    return name if name.endswith("Exception") else f"{name}Exception"


class UnknownService(LookupError):
    """There is no model of a service of that name."""


def operation_named(service: str, action: str) -> OperationModel:
    """The operation that ``eventbridge`` and ``putEvents`` name.

    Raises:
        UnknownService, LookupError: in words: there is no such service, or it has no such operation.
    """
    try:
        operations = load_service(_SERVICES.get(service, service)).operations
    except LookupError:
        raise UnknownService(f"Segue knows no service '{service}'.") from None
    name = action[:1].upper() + action[1:]
    if name in operations:
        return operations[name]
    for candidate in operations:
        if candidate.lower() == action.lower():
            return operations[candidate]
    raise LookupError(f"The service '{_SERVICES.get(service, service)}' has no operation '{name}'.")
