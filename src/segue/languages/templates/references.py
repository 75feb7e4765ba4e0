"""What a piece of a template refers to, and whether its functions are written as they must be.

Source: CloudFormation user guide, "Intrinsic function reference"; messages as AWS answers them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segue.languages.templates.errors import TemplateError, format_error, template_error
from segue.languages.templates.evaluation import (
    EQUALS_WORDS,
    FIND_WORDS,
    IF_CONDITION_WORDS,
    IF_WORDS,
    JOIN_WORDS,
    NOT_WORDS,
    SELECT_INDEX_WORDS,
    SELECT_WORDS,
    SPLIT_WORDS,
    operands_words,
    unsupported_function,
)
from segue.languages.templates.functions import FUNCTIONS, get_att_arguments, sub_arguments, sub_parts


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference.

    Attributes:
        kind: the function that makes it: ``Ref``, ``Fn::GetAtt``, ``Fn::Sub``, ``Fn::If`` (to a condition),
            ``Fn::ImportValue`` or ``Condition``.
        name: of the parameter, resource or condition.
        attribute: of the resource, if one is meant.
        argument: of ``Fn::ImportValue``: what names the export.
    """

    kind: str
    name: str
    attribute: str = ""
    argument: Any = None


def references(value: Any, conditions: Mapping[str, bool] | None = None) -> Iterator[Reference]:
    """All references in a value; with ``conditions`` only those of the branches of ``Fn::If`` that are taken.

    Raises:
        TemplateError: a function is not written as it must be.
    """
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack.extend(part)
        elif isinstance(part, dict):
            if len(part) == 1:
                name, argument = next(iter(part.items()))
                if name == "Ref":
                    if not isinstance(argument, str):
                        raise template_error("every Ref object must have a single String value.")
                    yield Reference("Ref", argument)
                    continue
                if name[:4] == "Fn::":
                    yield from _call(name, argument, conditions, stack)
                    continue
                if name == "Condition" and isinstance(argument, str):
                    yield Reference("Condition", argument)
                    continue
            stack.extend(part.values())


def _call(name: str, argument: Any, conditions: Mapping[str, bool] | None, stack: list[Any]) -> Iterator[Reference]:
    check_call(name, argument)
    match name:
        case "Fn::GetAtt":
            resource, attribute = get_att_arguments(argument)
            stack.append(attribute)
            if isinstance(resource, str):
                yield Reference(name, resource, attribute if isinstance(attribute, str) else "")
            else:
                stack.append(resource)
        case "Fn::Sub":
            text, own = sub_arguments(argument)
            stack.extend(own.values())
            for variable in sub_parts(text)[1]:
                if variable not in own:
                    whole = variable.startswith("AWS::") or "." not in variable
                    resource, _, attribute = (variable, "", "") if whole else variable.partition(".")
                    yield Reference(name, resource, attribute)
        case "Fn::If":
            yield Reference(name, argument[0])
            if conditions is None:
                stack.extend(argument[1:])
            else:
                stack.append(argument[1 if conditions.get(argument[0]) else 2])
        case "Fn::ImportValue":
            yield Reference(name, "", argument=argument)
            stack.append(argument)
        case _:
            stack.append(argument)


def check_call(name: str, argument: Any) -> None:
    """Whether a function is called with what it wants, as far as can be seen before it is evaluated.

    Raises:
        TemplateError: it is not.
    """
    if name not in FUNCTIONS:
        raise unsupported_function(name)
    if name in _LISTS:
        least, most, words = _LISTS[name]
        if not isinstance(argument, list) or not least <= len(argument) <= most:
            raise template_error(words)
    match name:
        case "Fn::If" if not isinstance(argument[0], str):
            raise template_error(IF_CONDITION_WORDS)
        case "Fn::Select" if isinstance(argument[0], str) and not argument[0].isdecimal():
            raise template_error(SELECT_INDEX_WORDS)
        case "Fn::Join" if not isinstance(argument[0], str) or not isinstance(argument[1], list | dict):
            raise template_error(JOIN_WORDS)
        case "Fn::Transform":
            raise format_error("Fn::Transform is left after the template's transforms.")
        case _:
            pass


_LISTS: dict[str, tuple[int, int, str]] = {
    "Fn::And": (2, 10, operands_words("Fn::And")),
    "Fn::Equals": (2, 2, EQUALS_WORDS),
    "Fn::FindInMap": (3, 4, FIND_WORDS),
    "Fn::If": (3, 3, IF_WORDS),
    "Fn::Join": (2, 2, JOIN_WORDS),
    "Fn::Not": (1, 1, NOT_WORDS),
    "Fn::Or": (2, 10, operands_words("Fn::Or")),
    "Fn::Select": (2, 2, SELECT_WORDS),
    "Fn::Split": (2, 2, SPLIT_WORDS),
}


def unresolved(names: list[str], section: str) -> TemplateError:
    """The error for references to what is not there."""
    return format_error(
        f"Unresolved resource dependencies [{', '.join(dict.fromkeys(names))}] in the {section} block of the template"
    )
