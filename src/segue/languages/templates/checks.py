"""Whether everything that a template refers to is there.

Messages are as AWS answers them.
"""

from __future__ import annotations

from typing import Any

from segue.languages.templates.errors import format_error, template_error
from segue.languages.templates.functions import PSEUDO_PARAMETERS
from segue.languages.templates.references import references, unresolved
from segue.languages.templates.schemas import schema_of
from segue.languages.templates.template import ResourceDeclaration, Template, read_sections


def compile_template(document: dict[str, Any]) -> Template:
    """Check a template's shape and references.

    Raises:
        TemplateError: something is wrong with it.
    """
    template = read_sections(document)
    _check_conditions(template)
    _check_references(template)
    return template


def _check_references(template: Template) -> None:
    missing: list[str] = []
    for resource in template.resources.values():
        missing += [name for name in resource.depends_on if name not in template.resources]
        for part in resource.evaluated_parts:
            if part:
                missing += _missing(template, part, "Resources")
        _check_condition_name(template, resource.condition, "Resources")
    if missing:
        raise unresolved(missing, "Resources")
    for output in template.outputs.values():
        missing += _missing(template, [output.value, output.export], "Outputs")
        _check_condition_name(template, output.condition, "Outputs")
    if missing:
        raise unresolved(missing, "Outputs")


def _missing(template: Template, value: Any, section: str) -> list[str]:
    """What a value refers to and is not there; what has an error of its own is raised."""
    missing = []
    for reference in references(value):
        name = reference.name
        match reference.kind:
            case "Fn::If":
                _check_condition_name(template, name, section)
            case "Fn::GetAtt" if name not in template.resources:
                raise template_error(f"instance of Fn::GetAtt references undefined resource {name}")
            case "Fn::Sub" if reference.attribute and name not in template.resources:
                raise template_error(
                    f"instance of Fn::Sub references invalid resource attribute {name}.{reference.attribute}"
                )
            case "Fn::GetAtt" | "Fn::Sub" if reference.attribute:
                _check_attribute(template.resources[name], reference.attribute)
            case "Fn::ImportValue":
                _check_import(template, reference.argument)
            case "Ref" | "Fn::Sub" if not (
                name in template.resources or name in template.parameters or name in PSEUDO_PARAMETERS
            ):
                missing.append(name)
            case _:
                pass
    return missing


def _check_attribute(resource: ResourceDeclaration, attribute: str) -> None:
    """Custom resources, nested stacks and their like have whatever they are given."""
    schema = None if resource.type.startswith("AWS::CloudFormation::") else schema_of(resource.type)
    if schema is not None and not schema.has_attribute(attribute):
        raise template_error(
            f"resource {resource.logical_id} does not support attribute type {attribute} in Fn::GetAtt"
        )


def _check_import(template: Template, argument: Any) -> None:
    """The name of an export has to be known before anything is made."""
    uses = ("Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue")
    stack = [argument]
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack.extend(part)
        elif isinstance(part, dict):
            if any(name in part for name in uses) or part.get("Ref") in template.resources:
                raise template_error("Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs")
            stack.extend(part.values())


def _check_condition_name(template: Template, name: str | None, section: str) -> None:
    if name is not None and name not in template.conditions:
        raise format_error(f"Unresolved condition dependency {name} in the {section} block of the template")


def _check_conditions(template: Template) -> None:
    for expression in template.conditions.values():
        if not isinstance(expression, dict) or len(expression) != 1:
            raise format_error("Conditions can only be boolean operations on parameters and other conditions")
        missing = []
        for reference in references(expression):
            name = reference.name
            if reference.kind in ("Condition", "Fn::If"):
                _check_condition_name(template, name, "Conditions")
            elif reference.kind == "Fn::GetAtt" or (
                name and name not in template.parameters and name not in PSEUDO_PARAMETERS
            ):
                missing.append(name)
        if missing:
            raise format_error(
                f"Unresolved dependencies [{', '.join(dict.fromkeys(missing))}]. Cannot reference resources in the "
                "Conditions block of the template"
            )
