"""Transforms of a template and of pieces of it: which there are, and putting in what they make.

Source: CloudFormation user guide, "Transform section", "Fn::Transform" and "AWS::Include transform".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segue.languages.templates.errors import format_error


@dataclass(frozen=True, slots=True)
class Transform:
    """A call of a transform or macro.

    Attributes:
        name: ``AWS::Include``, ``AWS::Serverless-2016-10-31`` or a macro's.
        parameters: what it is given, unevaluated.
        fragment: the siblings of ``Fn::Transform``; for one of the whole template, the template.
    """

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    fragment: Any = None


def transforms_of(document: dict[str, Any]) -> list[Transform]:
    """The transforms of the section ``Transform``, in order.

    Raises:
        TemplateError: it is malformed.
    """
    section = document.get("Transform")
    if section is None:
        return []
    return [_transform(each, document) for each in (section if isinstance(section, list) else [section])]


def _transform(given: Any, fragment: Any) -> Transform:
    if isinstance(given, str):
        return Transform(given, {}, fragment)
    if isinstance(given, dict) and isinstance(given.get("Name"), str) and given.keys() <= {"Name", "Parameters"}:
        parameters = given.get("Parameters") or {}
        if isinstance(parameters, dict):
            return Transform(given["Name"], parameters, fragment)
    raise format_error("Transform section must be a string or a list of strings, or an object with a Name.")


def expand_fragments(document: dict[str, Any], expand: Callable[[Transform], Any]) -> dict[str, Any]:
    """A template with each ``Fn::Transform`` in it replaced by what ``expand`` makes of it, innermost first.

    ``Fn::Transform`` has siblings: they are the fragment, and what comes back takes the place of all. For
    ``AWS::Include`` ``expand`` gives the included value, which is merged with the siblings.

    Raises:
        TemplateError: one is malformed, or ``expand`` raises it.
    """
    expanded = _expand(document, expand)
    if not isinstance(expanded, dict):
        raise format_error("unsupported structure.")
    return expanded


def _expand(value: Any, expand: Callable[[Transform], Any]) -> Any:
    if isinstance(value, list):
        return [_expand(item, expand) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _expand(inner, expand) for key, inner in value.items() if key != "Fn::Transform"}
    if "Fn::Transform" not in value:
        return made
    calls = value["Fn::Transform"]
    for each in calls if isinstance(calls, list) else [calls]:
        call = _transform(_expand(each, expand), made)
        result = expand(call)
        if call.name == "AWS::Include":
            if not isinstance(result, dict):
                if made:
                    raise format_error("AWS::Include: what is included beside other members must be an object.")
                return result
            made = {**result, **made}
        elif isinstance(result, dict):
            made = result
        else:
            return result
    return made
