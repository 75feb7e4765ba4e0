"""Parameters: what they may be, and the values that ``Ref`` gives.

Every value is a text until the template is instantiated. A parameter of a type ``AWS::SSM::Parameter::Value<…>`` has
the name of an SSM parameter as its text; its value is what that one holds.

Source: CloudFormation user guide, "Parameters", "Specify existing resources at runtime with CloudFormation-supplied
parameter types"; an ``AllowedPattern`` matches the whole value, as a Java regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from segue.languages.regexes import InvalidRegex, Regex
from segue.languages.templates.errors import TemplateError, format_error
from segue.languages.templates.functions import text_of

MOST_PARAMETERS = 200

_MEMBERS = frozenset(
    (
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    )
)
_SPECIFIC = (
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
)
_PLAIN = frozenset(
    (
        "String",
        "Number",
        "CommaDelimitedList",
        "List<Number>",
        "List<String>",
        "AWS::SSM::Parameter::Name",
        *_SPECIFIC,
        *(f"List<{name}>" for name in _SPECIFIC),
    )
)
_LONGEST_MATCH_SECONDS = 0.2
_LONGEST_PATTERN = 4_096
_STORED = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a template declares it.

    Attributes:
        name: its logical id.
        type: as written.
        default: the text that stands for it where none is given; ``None`` without one.
        description: for people.
        no_echo: whether its value is shown as ``****``.
        allowed_values: the only texts it may be, if there are any.
        allowed_pattern: what every text has to match.
        shortest, longest: bounds of a text's length.
        least, greatest: bounds of a number.
        constraint_description: what an error says instead of its own words.
    """

    name: str
    type: str
    default: str | None = None
    description: str = ""
    no_echo: bool = False
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    shortest: int | None = None
    longest: int | None = None
    least: float | None = None
    greatest: float | None = None
    constraint_description: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether its text is the name of an SSM parameter that has the value."""
        return self.type.startswith(_STORED)

    @property
    def value_type(self) -> str:
        """The type of its value, wherever that is from."""
        return self.type[len(_STORED) : -1] if self.is_stored else self.type

    @property
    def is_list(self) -> bool:
        """Whether its value is a list of texts."""
        return self.value_type == "CommaDelimitedList" or self.value_type.startswith("List<")


def read_parameters(section: Any) -> dict[str, Parameter]:
    """The parameters of a template's section.

    Raises:
        TemplateError: one is malformed.
    """
    if not isinstance(section, dict):
        raise format_error("Parameters must be an object.")
    if len(section) > MOST_PARAMETERS:
        raise format_error(f"Number of parameters: {len(section)} is greater than maximum allowed {MOST_PARAMETERS}")
    return {name: _read(name, declared) for name, declared in section.items()}


def _read(name: str, declared: Any) -> Parameter:
    if not name.isascii() or not name.isalnum():
        raise format_error(f"Parameter name {name} is non alphanumeric.")
    if not isinstance(declared, dict):
        raise format_error("Every Parameters member must be a JSON object.")
    for member in declared:
        if member not in _MEMBERS:
            raise TemplateError(f"Invalid template parameter property '{member}'")
    kind = declared.get("Type")
    if not isinstance(kind, str):
        raise format_error("Every Parameters object must contain a Type member.")
    inner = kind[len(_STORED) : -1] if kind.startswith(_STORED) and kind.endswith(">") else kind
    if inner not in _PLAIN:
        raise format_error(f"Unrecognized parameter type: {kind}")
    allowed = declared.get("AllowedValues", [])
    if not isinstance(allowed, list):
        raise format_error("Every AllowedValues member must be a list.")
    parameter = Parameter(
        name,
        kind,
        _default(declared),
        text_of(declared.get("Description")) or "",
        text_of(declared.get("NoEcho", False)) in ("true", "True"),
        tuple(_text_member("AllowedValues", value) for value in allowed),
        _pattern(declared),
        _bound(name, declared, "MinLength", int),
        _bound(name, declared, "MaxLength", int),
        _bound(name, declared, "MinValue", float),
        _bound(name, declared, "MaxValue", float),
        text_of(declared.get("ConstraintDescription")) or "",
    )
    if parameter.default is not None:
        check_text(parameter, parameter.default)
    return parameter


def _text_member(member: str, value: Any) -> str:
    text = text_of(value)
    if text is None:
        raise format_error(f"Every {member} member must be a string.")
    return text


def _default(declared: dict[str, Any]) -> str | None:
    if "Default" not in declared:
        return None
    value = declared["Default"]
    if isinstance(value, list):
        return ",".join(_text_member("Default", item) for item in value)
    return _text_member("Default", value)


def _pattern(declared: dict[str, Any]) -> str | None:
    pattern = declared.get("AllowedPattern")
    if pattern is None:
        return None
    return _text_member("AllowedPattern", pattern)


def _bound(name: str, declared: dict[str, Any], member: str, kind: type) -> Any:
    if member not in declared:
        return None
    try:
        return kind(float(_text_member(member, declared[member])))
    except (ValueError, OverflowError):
        raise format_error(f"Every {member} member must be a number. Parameter '{name}' has another.") from None


def check_text(parameter: Parameter, text: str) -> None:
    """Whether a text may be a parameter's.

    Raises:
        TemplateError: it may not.
    """
    words = _breach(parameter, text)
    if words and parameter.constraint_description:
        raise TemplateError(
            f"Parameter {parameter.name} failed to satisfy constraint: {parameter.constraint_description}"
        )
    if words:
        raise TemplateError(f"Parameter '{parameter.name}' {words}")


def _breach(parameter: Parameter, text: str) -> str:
    parts = _split(text) if parameter.is_list and not parameter.is_stored else [text]
    if not parameter.is_stored and parameter.type in ("Number", "List<Number>"):
        for part in parts:
            if words := _number_breach(parameter, part):
                return words
    allowed = parameter.allowed_values
    if allowed and any(part not in allowed for part in parts) and text not in allowed:
        return "must be one of AllowedValues"
    if parameter.shortest is not None and len(text) < parameter.shortest:
        return f"must contain at least {parameter.shortest} characters"
    if parameter.longest is not None and len(text) > parameter.longest:
        return f"must contain at most {parameter.longest} characters"
    if parameter.allowed_pattern is not None and not all(_matches(parameter.allowed_pattern, part) for part in parts):
        return f"must match pattern {parameter.allowed_pattern}"
    return ""


def _number_breach(parameter: Parameter, text: str) -> str:
    if len(text) > 400 or not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text.strip(), re.ASCII):
        return "must be a number"
    number = float(text)
    if parameter.least is not None and number < parameter.least:
        return f"must be a number not less than {_plain(parameter.least)}"
    if parameter.greatest is not None and number > parameter.greatest:
        return f"must be a number not greater than {_plain(parameter.greatest)}"
    return ""


@lru_cache(maxsize=512)
def _expression(pattern: str) -> Any:
    """A pattern, in linear time where it can be, else (look-around, back-references) with a time limit; ``None`` if
    it is none."""
    import regex  # as good as never needed

    try:
        return Regex(pattern)
    except InvalidRegex:
        pass
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _matches(pattern: str, text: str) -> bool:
    expression = _expression(pattern) if len(pattern) <= _LONGEST_PATTERN else None
    if isinstance(expression, Regex):
        return expression.is_whole(text)
    try:
        return expression is None or expression.fullmatch(text, timeout=_LONGEST_MATCH_SECONDS) is not None
    except TimeoutError:
        return False


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def given_parameters(
    parameters: Mapping[str, Parameter],
    given: Mapping[str, str],
    previous: Mapping[str, str] | None = None,
    use_previous: Collection[str] = (),
) -> dict[str, str]:
    """One text for each parameter, checked.

    Args:
        parameters: as the template declares them.
        given: by name, what the caller gives.
        previous: on update, by name, the texts until now.
        use_previous: names for which ``UsePreviousValue`` is given.

    Raises:
        TemplateError: some are missing, unknown, or not as the template wants them.
    """
    texts = dict(given)
    before = previous or {}
    for name in use_previous:
        if name in before:
            texts[name] = before[name]
        elif name in parameters:
            raise TemplateError(
                f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template"
            )
    if unknown := [name for name in (*given, *use_previous) if name not in parameters]:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, parameter in parameters.items():
        if name not in texts and parameter.default is not None:
            texts[name] = parameter.default
    if missing := [name for name in parameters if name not in texts]:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, parameter in parameters.items():
        check_text(parameter, texts[name])
    return {name: texts[name] for name in parameters}


def stored_names(parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> dict[str, str]:
    """By parameter, the name of the SSM parameter that has its value (``/a/b``, ``name:3``)."""
    return {name: texts[name] for name, parameter in parameters.items() if parameter.is_stored}


def parameter_values(
    parameters: Mapping[str, Parameter], texts: Mapping[str, str], stored: Mapping[str, str] | None = None
) -> dict[str, str | list[str]]:
    """What ``Ref`` gives for each parameter.

    Args:
        parameters: as the template declares them.
        texts: of :func:`given_parameters`.
        stored: by parameter, the text of the SSM parameter named by :func:`stored_names`.

    Raises:
        TemplateError: the text of an SSM parameter is missing.
    """
    values: dict[str, str | list[str]] = {}
    for name, parameter in parameters.items():
        text = texts[name]
        if parameter.is_stored:
            if stored is None or name not in stored:
                raise TemplateError(f"Unable to fetch parameters [{text}] from parameter store for this account.")
            text = stored[name]
        values[name] = _split(text) if parameter.is_list else text
    return values


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
