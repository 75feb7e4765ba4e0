"""Where a template names local files and folders, and what it must say instead once they are in a bucket.

Source: AWS CLI reference, ``cloudformation package`` and SAM developer guide, ``sam package``: the same properties.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.cli.stacks.connection import CommandFailed

ZIP, FILE, TEMPLATE = "zip", "file", "template"

_CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
}
"""Folders (or archives) of code. Serverless types take a URI, Lambda's an object."""

_FILES = {
    "AWS::Serverless::Api": ("DefinitionUri",),
    "AWS::Serverless::HttpApi": ("DefinitionUri",),
    "AWS::Serverless::StateMachine": ("DefinitionUri",),
    "AWS::Serverless::GraphQLApi": ("SchemaUri",),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location",),
    "AWS::ApiGateway::RestApi": ("BodyS3Location",),
    "AWS::ApiGatewayV2::Api": ("BodyS3Location",),
    "AWS::AppSync::GraphQLSchema": ("DefinitionS3Location",),
    "AWS::AppSync::Resolver": (
        "RequestMappingTemplateS3Location",
        "ResponseMappingTemplateS3Location",
        "CodeS3Location",
    ),
    "AWS::AppSync::FunctionConfiguration": (
        "RequestMappingTemplateS3Location",
        "ResponseMappingTemplateS3Location",
        "CodeS3Location",
    ),
    "AWS::Glue::Job": ("Command.ScriptLocation",),
}
_AS_OBJECT = {
    "AWS::Lambda::Function": ("S3Bucket", "S3Key"),
    "AWS::Lambda::LayerVersion": ("S3Bucket", "S3Key"),
    "AWS::StepFunctions::StateMachine": ("Bucket", "Key"),
    "AWS::ApiGateway::RestApi": ("Bucket", "Key"),
    "AWS::ApiGatewayV2::Api": ("Bucket", "Key"),
}
"""Types that want an object of these two members; all others take a URI."""

_TEMPLATES = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Local:
    """One place in a template that names something local.

    Attributes:
        kind: ``ZIP`` (a folder of code), ``FILE`` (as it is) or ``TEMPLATE``.
        logical_id: of the resource, or ``Transform`` of an included text.
        type_name: of the resource.
        holder, member: where the name stands.
        path: of what it names.
        resource: the whole resource.
    """

    kind: str
    logical_id: str
    type_name: str
    holder: MutableMapping[str, Any]
    member: str
    path: Path
    resource: MutableMapping[str, Any]

    def replace(self, bucket: str, key: str, region: str) -> None:
        """Name the object instead."""
        if self.kind == TEMPLATE:
            self.holder[self.member] = f"https://s3.{region}.amazonaws.com/{bucket}/{key}"
        elif self.type_name in _AS_OBJECT:
            bucket_member, key_member = _AS_OBJECT[self.type_name]
            self.holder[self.member] = {bucket_member: bucket, key_member: key}
        else:
            self.holder[self.member] = f"s3://{bucket}/{key}"


def local_parts(template: MutableMapping[str, Any], folder: Path) -> list[Local]:
    """Everything local that a template names, as seen from its folder.

    The template is changed in one way: a function that has its ``CodeUri`` from ``Globals`` gets its own.

    Raises:
        CommandFailed: something that is named is not there.
    """
    found = [*_included(template, folder, 0)]
    defaults = defaults_of(template, "Function")
    for logical_id, resource in _resources(template.get("Resources")):
        properties = resource.setdefault("Properties", {})
        if isinstance(properties, dict):
            found += _of_resource(logical_id, resource, properties, defaults, folder)
    return found


def defaults_of(template: MutableMapping[str, Any], section: str) -> dict[str, Any]:
    """What ``Globals`` say of a kind of resource."""
    given = template.get("Globals")
    part = given.get(section) if isinstance(given, dict) else None
    return part if isinstance(part, dict) else {}


def _resources(section: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Resources by logical id, those within ``Fn::ForEach`` too."""
    for name, resource in section.items() if isinstance(section, dict) else ():
        if name.startswith("Fn::ForEach::") and isinstance(resource, list) and len(resource) == 3:
            yield from _resources(resource[2])
        elif isinstance(resource, dict) and isinstance(resource.get("Type"), str):
            yield name, resource


def _of_resource(
    logical_id: str, resource: dict[str, Any], properties: dict[str, Any], defaults: dict[str, Any], folder: Path
) -> Iterator[Local]:
    type_name = resource["Type"]

    def part(kind: str, holder: MutableMapping[str, Any], member: str) -> Iterator[Local]:
        value = holder.get(member)
        if isinstance(value, str) and _is_local(value):
            path = _existing(folder, value, f"{logical_id}: {member}")
            yield Local(kind, logical_id, type_name, holder, member, path, resource)

    if type_name in _CODE:
        member = _CODE[type_name]
        if type_name == "AWS::Serverless::Function" and _wants_code(properties, defaults):
            properties[member] = defaults.get(member, ".")
        yield from part(ZIP, properties, member)
    if type_name in _TEMPLATES:
        yield from part(TEMPLATE, properties, _TEMPLATES[type_name])
    for name in _FILES.get(type_name, ()):
        *outer, member = name.split(".")
        holder: Any = properties
        for step in outer:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            yield from part(FILE, holder, member)


def _wants_code(properties: dict[str, Any], defaults: dict[str, Any]) -> bool:
    """Whether a function says nowhere itself where its code is: it is where ``Globals`` say, or beside the template."""
    image = {**defaults, **properties}.get("PackageType") == "Image"
    return not image and not any(properties.get(name) for name in ("CodeUri", "InlineCode", "ImageUri"))


def _included(value: Any, folder: Path, depth: int) -> Iterator[Local]:
    """The local texts that ``AWS::Include`` names, wherever in a template."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name in ("Fn::Transform", "Transform"):
            transforms = value.get(name)
            for transform in transforms if isinstance(transforms, list) else [transforms]:
                yield from _include(transform, folder)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _included(inner, folder, depth + 1)


def _include(transform: Any, folder: Path) -> Iterator[Local]:
    if not isinstance(transform, dict) or transform.get("Name") != "AWS::Include":
        return
    parameters = transform.get("Parameters")
    location = parameters.get("Location") if isinstance(parameters, dict) else None
    if isinstance(parameters, dict) and isinstance(location, str) and _is_local(location):
        path = _existing(folder, location, "AWS::Include: Location")
        yield Local(FILE, "Transform", "AWS::Include", parameters, "Location", path, {})


def _is_local(value: str) -> bool:
    return bool(value) and "://" not in value and "${" not in value


def _existing(folder: Path, value: str, where: str) -> Path:
    path = folder / value
    if not path.exists():
        raise CommandFailed(f"{where} names {value}, but there is no {path.resolve()}")
    return path
