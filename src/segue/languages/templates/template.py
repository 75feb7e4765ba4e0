"""A template whose shape and references have been checked.

Source: CloudFormation user guide, "CloudFormation template sections", "Resource attribute reference" and
"CloudFormation quotas"; messages as AWS answers them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.languages.templates.errors import TemplateError, format_error
from segue.languages.templates.parameters import Parameter, read_parameters

MOST_RESOURCES = 500
MOST_OUTPUTS = 200
MOST_MAPPINGS = 200

_SECTIONS = frozenset(
    (
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    )
)
_RESOURCE_MEMBERS = frozenset(
    (
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Description",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
        "Version",
    )
)
_POLICIES = ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_MAPPING_KEY = re.compile(r"[A-Za-z0-9.\-_]+")


@dataclass(frozen=True, slots=True)
class ResourceDeclaration:
    """A resource as a template declares it, functions and all.

    Attributes:
        logical_id: its name in the template.
        type: ``AWS::SQS::Queue``.
        properties: unevaluated.
        condition: the name of the condition on which it is made.
        depends_on: logical ids that ``DependsOn`` names.
        deletion_policy, update_replace_policy: unevaluated; ``None`` where not given.
        creation_policy, update_policy, metadata: unevaluated.
    """

    logical_id: str
    type: str
    properties: dict[str, Any]
    condition: str | None = None
    depends_on: tuple[str, ...] = ()
    deletion_policy: Any = None
    update_replace_policy: Any = None
    creation_policy: Any = None
    update_policy: Any = None
    metadata: Any = None

    @property
    def evaluated_parts(self) -> tuple[Any, ...]:
        """What of it may have functions in it."""
        return (
            self.properties,
            self.metadata,
            self.creation_policy,
            self.update_policy,
            self.deletion_policy,
            self.update_replace_policy,
        )


@dataclass(frozen=True, slots=True)
class Output:
    """An output as a template declares it.

    Attributes:
        name: its logical id.
        value: unevaluated.
        description: for people.
        export: the name under which it is exported, unevaluated; ``None`` if it is not.
        condition: the name of the condition on which it is there.
    """

    name: str
    value: Any
    description: str = ""
    export: Any = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template.

    Attributes:
        document: all of it, as read (and after its transforms).
        description: for people.
        parameters, resources, outputs: by logical id, in the template's order.
        conditions, mappings, rules: as written.
        metadata: the section.
    """

    document: dict[str, Any]
    description: str
    parameters: Mapping[str, Parameter]
    resources: Mapping[str, ResourceDeclaration]
    outputs: Mapping[str, Output]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]
    rules: Mapping[str, Any]
    metadata: Any = None


def read_sections(document: dict[str, Any]) -> Template:
    """The sections of a template, each of the shape that it must have. What they refer to is not looked at.

    Raises:
        TemplateError: something is wrong with it.
    """
    if unknown := [name for name in document if name not in _SECTIONS]:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    _check_heading(document)
    return Template(
        document,
        document.get("Description") or "",
        read_parameters(_section(document, "Parameters")),
        _resources(document),
        _outputs(_section(document, "Outputs")),
        _section(document, "Conditions"),
        _mappings(_section(document, "Mappings")),
        _section(document, "Rules"),
        document.get("Metadata"),
    )


def _check_heading(document: dict[str, Any]) -> None:
    version = document.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise format_error(f"The value '{version}' is not a valid value for AWSTemplateFormatVersion.")
    description = document.get("Description")
    if description is not None and not isinstance(description, str):
        raise format_error("Template Description must be a string.")
    if description is not None and len(description.encode()) > 1024:
        raise format_error("Template Description must not be longer than 1024 bytes.")


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise format_error(f"{name} must be an object.")
    return section


def _resources(document: dict[str, Any]) -> dict[str, ResourceDeclaration]:
    section = _section(document, "Resources")
    if not section:
        raise format_error("At least one Resources member must be defined.")
    if len(section) > MOST_RESOURCES:
        raise format_error(f"Number of resources, {len(section)}, is greater than maximum allowed, {MOST_RESOURCES}")
    return {name: _resource(name, declared) for name, declared in section.items()}


def _resource(name: str, declared: Any) -> ResourceDeclaration:
    if not _ALPHANUMERIC.fullmatch(name):
        raise format_error(f"Resource name {name} is non alphanumeric.")
    if not isinstance(declared, dict):
        raise format_error(f"[/Resources/{name}] resource definition is malformed")
    for member in declared:
        if member not in _RESOURCE_MEMBERS:
            raise TemplateError(f"Invalid template resource property '{member}'")
    kind = declared.get("Type")
    if kind is not None and not isinstance(kind, str):
        raise format_error(f"[/Resources/{name}] Every Type member must be a string.")
    if not kind:
        raise format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    properties = declared.get("Properties")
    if properties is not None and not isinstance(properties, dict):
        raise format_error("Any Properties member must be a JSON object.")
    if properties is not None:
        _check_nulls(properties, f"/Resources/{name}/Properties")
    condition = declared.get("Condition")
    if condition is not None and not isinstance(condition, str):
        raise format_error("Every Condition member must be a string.")
    return ResourceDeclaration(
        name,
        kind,
        properties or {},
        condition,
        _depends_on(declared.get("DependsOn")),
        _policy(name, declared, "DeletionPolicy"),
        _policy(name, declared, "UpdateReplacePolicy"),
        declared.get("CreationPolicy"),
        declared.get("UpdatePolicy"),
        declared.get("Metadata"),
    )


def _check_nulls(value: Any, path: str) -> None:
    stack = [(value, path)]
    while stack:
        part, where = stack.pop()
        if part is None:
            raise format_error(f"[{where}] 'null' values are not allowed in templates")
        if isinstance(part, dict):
            stack.extend((inner, f"{where}/{key}") for key, inner in part.items() if inner.__class__ is not str)
        elif isinstance(part, list):
            stack.extend((inner, f"{where}/{place}") for place, inner in enumerate(part) if inner.__class__ is not str)


def _depends_on(given: Any) -> tuple[str, ...]:
    names = [] if given is None else [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise format_error("DependsOn must be a string or list of strings.")
    return tuple(dict.fromkeys(names))


def _policy(name: str, declared: dict[str, Any], member: str) -> Any:
    policy = declared.get(member)
    if isinstance(policy, dict) or policy is None:
        return policy
    check_policy(name, member, policy)
    return policy


def check_policy(logical_id: str, member: str, policy: Any) -> None:
    """Whether a deletion or update-replace policy is one.

    Raises:
        TemplateError: it is not.
    """
    if policy not in _POLICIES or (member == "UpdateReplacePolicy" and policy == "RetainExceptOnCreate"):
        raise format_error(f"Unrecognized {member} {policy} for resource {logical_id}")


def _outputs(section: dict[str, Any]) -> dict[str, Output]:
    if len(section) > MOST_OUTPUTS:
        raise format_error(f"Number of outputs, {len(section)}, is greater than maximum allowed, {MOST_OUTPUTS}")
    return {name: _output(name, declared) for name, declared in section.items()}


def _output(name: str, declared: Any) -> Output:
    if not _ALPHANUMERIC.fullmatch(name):
        raise format_error(f"Output name {name} is non alphanumeric.")
    if not isinstance(declared, dict):
        raise format_error("Every Outputs member must be a JSON object.")
    for member in declared:
        if member not in ("Condition", "Description", "Export", "Value"):
            raise TemplateError(f"Invalid template output property '{member}'")
    if declared.get("Value") is None:
        raise format_error("Every Outputs member must contain a Value object")
    if isinstance(declared["Value"], list):
        raise format_error("The Value field of every Outputs member must evaluate to a String.")
    export = declared.get("Export")
    if export is not None and (not isinstance(export, dict) or export.keys() != {"Name"}):
        raise format_error(f"Output {name} is malformed. The Name field of every Export member must be specified.")
    condition = declared.get("Condition")
    if condition is not None and not isinstance(condition, str):
        raise format_error("Every Condition member must be a string.")
    return Output(
        name,
        declared["Value"],
        str(declared.get("Description") or ""),
        export["Name"] if export is not None else None,
        condition,
    )


def _mappings(section: dict[str, Any]) -> dict[str, Any]:
    if len(section) > MOST_MAPPINGS:
        raise format_error(f"Number of mappings, {len(section)}, is greater than maximum allowed, {MOST_MAPPINGS}")
    for keys in section.values():
        if not isinstance(keys, dict) or not all(isinstance(inner, dict) for inner in keys.values()):
            raise format_error("Every Mappings object member must contain a String key and an object value.")
        for inner in keys.values():
            for name, value in inner.items():
                if not _MAPPING_KEY.fullmatch(name):
                    raise format_error(f"Mappings attribute name '{name}' must contain only alphanumeric characters.")
                if value is None or (isinstance(value, dict) and value):
                    raise format_error("Every Mappings attribute must be a String or a List.")
    return section
