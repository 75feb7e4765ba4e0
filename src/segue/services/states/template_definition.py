"""A state machine's definition as a template gives it: a text, an object, or an object of S3; with substitutions.

Source: CloudFormation template reference, AWS::StepFunctions::StateMachine, Definition, DefinitionString,
DefinitionS3Location ("JSON or YAML"), DefinitionSubstitutions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from segue.api.objects import read_object
from segue.api.resource_types import ResourceRequest
from segue.errors import AwsError
from segue.languages.templates.errors import TemplateError
from segue.languages.templates.reading import read_value

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.:-]{1,255})\}")
_LARGEST_BYTES = 1 << 20
_WAYS = ("Definition", "DefinitionString", "DefinitionS3Location")


def definition_of(request: ResourceRequest) -> str:
    """The definition's text.

    Raises:
        AwsError: ``ValidationError`` where not exactly one way of giving it is used, or the object is none.
    """
    given = [name for name in _WAYS if request.properties.get(name) is not None]
    if len(given) != 1:
        raise AwsError("ValidationError", f"Exactly one of {', '.join(_WAYS)} must be specified")
    value, named = request.properties[given[0]], request.properties.get("DefinitionSubstitutions") or {}
    match given[0]:
        case "Definition":
            return json.dumps(_substituted_within(value, named), ensure_ascii=False, separators=(",", ":"))
        case "DefinitionString":
            return substituted(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), named)
        case _:
            return as_json(substituted(_text_of(_content(request, value)), named))


def substituted(text: str, named: Mapping[str, Any]) -> str:
    """A text with ``${name}`` replaced by the values that are named; what is not named stays."""

    def replaced(found: re.Match[str]) -> str:
        name = found.group(1)
        return _shown(named[name]) if name in named else found.group()

    return _PLACEHOLDER.sub(replaced, text)


def _substituted_within(value: Any, named: Mapping[str, Any]) -> Any:
    """The same for all texts of an object, its keys as well."""
    if not named:
        return value
    return _mapped(value, lambda text: substituted(text, named))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case list():
            return [_mapped(item, change) for item in value]
        case dict():
            return {change(str(key)): _mapped(item, change) for key, item in value.items()}
        case _:
            return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _content(request: ResourceRequest, place: Mapping[str, Any]) -> bytes:
    bucket, key, version = place["Bucket"], place["Key"], place.get("Version") or ""
    found = read_object(request.call, bucket, key, size=_LARGEST_BYTES, version_id=version)
    if found.total_bytes > _LARGEST_BYTES:
        raise AwsError("ValidationError", f"The definition s3://{bucket}/{key} is larger than {_LARGEST_BYTES} bytes")
    return found.content


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AwsError("ValidationError", "The definition is no UTF-8 text") from None


def as_json(text: str) -> str:
    """A definition in JSON as it is, one in YAML as JSON. What is no object stays, and is refused as a definition.

    Raises:
        AwsError: ``ValidationError`` with the place, where it is meant to be YAML and is not.
    """
    try:
        json.loads(text)
        return text
    except (ValueError, RecursionError):
        pass
    try:
        value = read_value(text)
    except TemplateError as error:
        if text.lstrip()[:1] in ("{", ""):  # meant to be JSON: that error is the one that helps
            return text
        raise AwsError("ValidationError", f"The definition is neither JSON nor YAML: {error.message}") from None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else text
