"""Templates: shown, summarized, validated."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.languages.templates import Parameter, Template, TemplateError, compile_template, read_template, transforms_of
from segue.languages.templates.parameters import read_parameters
from segue.languages.templates.schemas import known_types, schema_of
from segue.services.cloudformation import records
from segue.services.cloudformation.capabilities import AUTO_EXPAND, needed, typed_resources
from segue.services.cloudformation.change_sets import find_change_set
from segue.services.cloudformation.prepare import as_json
from segue.services.cloudformation.service import SERVICE, existing, invalid, stack_arn
from segue.services.cloudformation.sources import template_text
from segue.services.cloudformation.transforms import names_of_all
from segue.services.cloudformation.types import declaration


@SERVICE.operation("ValidateTemplate", reads=True)
def validate_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a text is a template, and what it needs to be deployed."""
    try:
        document = read_template(template_text(call, params))
        parameters = _parameters(call, document, check=True)
    except TemplateError as error:
        raise invalid(error.message) from None
    return {
        "Description": _text(document.get("Description")),
        "Parameters": [
            {
                "ParameterKey": each.name,
                "NoEcho": each.no_echo,
                **({} if each.default is None else {"DefaultValue": each.default}),
                **({"Description": each.description} if each.description else {}),
            }
            for each in parameters
        ],
        **_needs(document),
    }


@SERVICE.operation("GetTemplateSummary", reads=True)
def get_template_summary(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What a template, given or a stack's, has in it."""
    if params.get("StackName"):
        stack = existing(call, params["StackName"], "Stack with id {} does not exist")
        kept = records.template(call.tx, stack.id)
        text = "" if kept is None else kept.original
    else:
        text = template_text(call, params)
    try:
        document = read_template(text)
        parameters = _parameters(call, document, check=not params.get("StackName"))
    except TemplateError as error:
        raise invalid(error.message) from None
    resources = {name: each["Type"] for name, each in typed_resources(document).items()}
    kinds = list(dict.fromkeys(resources.values()))
    return {
        "Description": _text(document.get("Description")),
        "Metadata": as_json(document["Metadata"]) if "Metadata" in document else None,
        "Version": str(document.get("AWSTemplateFormatVersion", "2010-09-09")),
        "Parameters": [_declared(each) for each in parameters],
        "ResourceTypes": kinds,
        "ResourceIdentifierSummaries": [_identified(kind, resources) for kind in kinds if schema_of(kind) is not None],
        **_needs(document),
    }


def _parameters(call: Call, document: dict[str, Any], *, check: bool) -> list[Parameter]:
    if not check or transforms_of(document):
        return list(read_parameters(document.get("Parameters", {})).values())
    template = compile_template(document)
    _check_types(call, template)
    return list(template.parameters.values())


def _check_types(call: Call, template: Template) -> None:
    kinds = {each.type for each in template.resources.values()}
    unknown = [kind for kind in sorted(kinds - known_types()) if declaration(call.api, kind) is None]
    if unknown:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _needs(document: dict[str, Any]) -> dict[str, Any]:
    capability, kinds = needed(document)
    transforms = names_of_all(document)
    found = [capability] if capability else []
    reason = ""
    if kinds:
        reason = f"The following resource(s) require capabilities: [{', '.join(kinds)}]"
    if transforms:
        found.append(AUTO_EXPAND)
        reason = reason or f"The following transform(s) require capabilities: [{', '.join(transforms)}]"
    return {
        "Capabilities": found or None,
        "CapabilitiesReason": reason or None,
        "DeclaredTransforms": transforms or None,
    }


def _declared(parameter: Parameter) -> dict[str, Any]:
    members = {
        "ParameterKey": parameter.name,
        "DefaultValue": parameter.default,
        "ParameterType": parameter.type,
        "NoEcho": parameter.no_echo,
        "Description": parameter.description or None,
        "ParameterConstraints": {"AllowedValues": list(parameter.allowed_values)} if parameter.allowed_values else {},
    }
    return {name: value for name, value in members.items() if value is not None}


def _identified(kind: str, resources: dict[str, str]) -> dict[str, Any]:
    schema = schema_of(kind)
    assert schema is not None
    return {
        "ResourceType": kind,
        "LogicalResourceIds": [name for name, each in resources.items() if each == kind],
        "ResourceIdentifiers": list(schema.identifier),
    }


@SERVICE.operation("GetTemplate", reads=True, resource=stack_arn)
def get_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A stack's or a change set's template as it was given, or what its transforms have made of it."""
    if params.get("ChangeSetName"):
        owner = find_change_set(call, params).id
    else:
        owner = existing(call, params.get("StackName", ""), "Stack with id {} does not exist", deleted=True).id
    return shown_template(call, owner, params.get("TemplateStage", "Original"))


def shown_template(call: Call, owner: str, stage: str) -> dict[str, Any]:
    """The template of a stack or change set, at a stage."""
    kept = records.template(call.tx, owner)
    if kept is None:  # of a stack that a change set is to make
        return {"StagesAvailable": []}
    return {
        "TemplateBody": kept.processed if stage == "Processed" else kept.original,
        "StagesAvailable": ["Original", "Processed"],
    }
