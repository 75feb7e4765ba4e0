"""Which objects are functions, and the texts of ``Fn::Sub``.

Source: CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from segue.languages.templates.errors import template_error

PSEUDO_PARAMETERS = frozenset(
    (
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    )
)

FUNCTIONS = frozenset(
    (
        "Ref",
        "Fn::And",
        "Fn::Base64",
        "Fn::Cidr",
        "Fn::Contains",
        "Fn::EachMemberEquals",
        "Fn::EachMemberIn",
        "Fn::Equals",
        "Fn::FindInMap",
        "Fn::GetAZs",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Length",
        "Fn::Not",
        "Fn::Or",
        "Fn::RefAll",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
        "Fn::ToJsonString",
        "Fn::Transform",
        "Fn::ValueOf",
        "Fn::ValueOfAll",
    )
)

SUB_WORDS = (
    "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
    "and an optional second argument to specify a mapping of values to replace in the string"
)

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_.:]+")


def function_of(value: dict[str, Any]) -> str | None:
    """The name of the function that an object calls, if it does: it then has that one member."""
    if len(value) != 1:
        return None
    name = next(iter(value))
    if name == "Ref" or name[:4] == "Fn::":
        return name
    return None


def sub_parts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands around the variables of a text of ``Fn::Sub``, and their names: one more of those than of these.

    Raises:
        TemplateError: a name has other characters than it may.
    """
    return _short_parts(text) if len(text) < _SHORT else _parts(text)


def _parts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    around: list[str] = []
    names: list[str] = []
    literal, end = "", 0
    for match in _VARIABLE.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        name = match[1]
        if name[:1] == "!":
            literal += "${" + name[1:] + "}"
            continue
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise template_error(
                "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, "
                "and colons"
            )
        around.append(literal)
        names.append(name)
        literal = ""
    around.append(literal + text[end:])
    return tuple(around), tuple(names)


def sub_arguments(argument: Any) -> tuple[str, dict[str, Any]]:
    """The text and the variables of its own that ``Fn::Sub`` is given.

    Raises:
        TemplateError: it is given something else.
    """
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise template_error(SUB_WORDS)


GET_ATT_WORDS = (
    "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
)


def get_att_arguments(argument: Any) -> tuple[Any, Any]:
    """The logical id and the attribute's name (which may be functions) that ``Fn::GetAtt`` is given.

    Raises:
        TemplateError: it is given something else.
    """
    if isinstance(argument, str):
        name, _, attribute = argument.partition(".")
        if not name or not attribute:
            raise template_error(
                "if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in format "
                "<LogicalId>.<Attribute>"
            )
        return name, attribute
    if isinstance(argument, list) and len(argument) >= 2 and all(argument):
        if len(argument) == 2:
            return argument[0], argument[1]
        if all(isinstance(part, str) for part in argument):
            return argument[0], ".".join(argument[1:])
    raise template_error(GET_ATT_WORDS)


_short_parts = lru_cache(maxsize=2048)(_parts)
_SHORT = 1_000  # characters: what is remembered is small


def text_of(value: Any) -> str | None:
    """A scalar as functions read it: everything is text to them. ``None`` if it is none."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None
