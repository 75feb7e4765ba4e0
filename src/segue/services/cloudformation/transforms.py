"""What transforms make of a template.

Source: CloudFormation user guide, "Transform section", "AWS::Include transform", "AWS::LanguageExtensions transform",
"AWS::Serverless transform".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.languages.templates import (
    TemplateError,
    Transform,
    expand_fragments,
    expand_language_extensions,
    transforms_of,
)
from segue.languages.templates.reading import read_value
from segue.services.cloudformation.sources import text_at

INCLUDE = "AWS::Include"
EXTENSIONS = "AWS::LanguageExtensions"
SERVERLESS = "AWS::Serverless-2016-10-31"


@dataclass(frozen=True, slots=True)
class Untranslated:
    """A serverless template which must be translated first, by an edge."""

    document: dict[str, Any]


def expanded(
    call: Call, document: dict[str, Any], values: Mapping[str, Any], translated: dict[str, Any] | None = None
) -> dict[str, Any] | Untranslated:
    """A template after all its transforms: those within it first, then those at its top, in their order.

    Args:
        document: as read.
        values: of parameters and pseudo-parameters.
        translated: what has become of the serverless template, when this said that it must be translated.

    Raises:
        TemplateError: a transform fails, or there is none of that name.
    """
    document = expand_fragments(document, lambda each: _included(call, each, values))
    for each in transforms_of(document):
        match each.name:
            case "AWS::Include":
                included = _included(call, each, values)
                if not isinstance(included, dict):
                    raise TemplateError("Transform AWS::Include failed with: the included template is no object.")
                document = {**included, **document}
            case "AWS::LanguageExtensions":
                document = expand_language_extensions(document, values)
            case "AWS::Serverless-2016-10-31":
                if translated is None:
                    return Untranslated({name: part for name, part in document.items() if name != "Transform"})
                document = translated
            case _:
                raise unknown(each.name)
    return {name: part for name, part in document.items() if name != "Transform"}


def names_of_all(document: dict[str, Any]) -> list[str]:
    """The names of a template's transforms, those within it included."""
    found = [each.name for each in transforms_of(document)]
    parts: list[Any] = [document]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if isinstance(inner := part.get("Fn::Transform"), dict) and isinstance(inner.get("Name"), str):
                found.append(inner["Name"])
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
    return list(dict.fromkeys(found))


def unknown(name: str) -> TemplateError:
    """There is no such transform, or none here."""
    return TemplateError(f"No transform named {name} found.")


def _included(call: Call, transform: Transform, values: Mapping[str, Any]) -> Any:
    if transform.name != INCLUDE:
        raise unknown(transform.name)
    location = transform.parameters.get("Location")
    if isinstance(location, dict) and location.keys() == {"Ref"}:
        location = values.get(str(location["Ref"]))
    if isinstance(location, dict) and isinstance(location.get("Fn::Sub"), str):
        text = location["Fn::Sub"]
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value if isinstance(value, str) else "")
        location = text
    if not isinstance(location, str):
        raise TemplateError("Transform AWS::Include failed with: The location parameter is not a valid S3 uri.")
    return read_value(text_at(call, location, "The location parameter of AWS::Include"))
