"""Dynamic references: ``{{resolve:ssm:name:version}}`` anywhere in a string.

The pure part finds them and puts texts in their place; what the texts are, services say.

Source: CloudFormation user guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.languages.templates.errors import TemplateError

_REFERENCE = re.compile(r"\{\{resolve:([^{}]*)\}\}")
_SERVICES = ("ssm", "ssm-secure", "secretsmanager")


@dataclass(frozen=True, slots=True)
class DynamicReference:
    """One of them.

    Attributes:
        text: as it stands, with its braces.
        service: ``ssm``, ``ssm-secure`` or ``secretsmanager``.
        name: of the parameter, or the name or ARN of the secret.
        version: of the parameter (``""``: the latest), or the secret's version id.
        json_key: which member of the secret's text, if not all of it.
        version_stage: of the secret.
    """

    text: str
    service: str
    name: str
    version: str = ""
    json_key: str = ""
    version_stage: str = ""


def dynamic_references(value: Any) -> list[DynamicReference]:
    """Those in a value's strings, each once, in order.

    Raises:
        TemplateError: one names an unknown service, or is malformed.
    """
    found: dict[str, DynamicReference] = {}
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            if "{{resolve:" in part:
                for match in _REFERENCE.finditer(part):
                    if match[0] not in found:
                        found[match[0]] = _parse(match[0], match[1])
        elif isinstance(part, dict):
            stack.extend(reversed(part.values()))
        elif isinstance(part, list):
            stack.extend(reversed(part))
    return list(found.values())


def _parse(text: str, inner: str) -> DynamicReference:
    service, _, rest = inner.partition(":")
    if service not in _SERVICES or not rest:
        raise TemplateError(
            f"Incorrect format is used in the following SSM reference: [{text}]"
            if service[:3] == "ssm"
            else f"Could not parse the dynamic reference {text}"
        )
    if service == "secretsmanager":
        return _secret(text, rest)
    arn = rest.startswith("arn:")
    parts = rest.split(":")
    head = 6 if arn else 1
    name, tail = ":".join(parts[:head]), parts[head:]
    if not name or len(tail) > 1 or (tail and not tail[0].isdecimal()):
        raise TemplateError(f"Incorrect format is used in the following SSM reference: [{text}]")
    return DynamicReference(text, service, name, tail[0] if tail else "")


def _secret(text: str, rest: str) -> DynamicReference:
    parts = rest.split(":")
    head = 7 if rest.startswith("arn:") else 1
    name, tail = ":".join(parts[:head]), parts[head:]
    kind, key, stage, version = (*tail, "", "", "", "")[:4]
    if not name or len(tail) > 4 or kind not in ("", "SecretString"):
        raise TemplateError(f"Could not parse the dynamic reference {text}")
    if stage and version:
        raise TemplateError(f"Both version-stage and version-id are given in the dynamic reference {text}")
    return DynamicReference(text, "secretsmanager", name, version, key, stage)


def substitute(value: Any, texts: Mapping[str, str]) -> Any:
    """A value with the texts in the place of the references (by ``DynamicReference.text``); others stay."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: texts.get(match[0], match[0]), value) if "{{resolve:" in value else value
    if isinstance(value, dict):
        return {key: substitute(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [substitute(item, texts) for item in value]
    return value
