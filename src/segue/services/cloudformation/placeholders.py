"""Resources of services that Segue does not have: accepted, with a note that says so, and nothing else.

Most applications have something around what they do: an alarm, a distribution, a network, a web interface. Here it has
no effect, but what does the work can be deployed beside it and tried. Such a resource has properties that were held
against its schema (what is wrong with them is noted, as AWS notes it of many types), a physical id, and the attributes
of its schema (and its properties: of some types AWS gives them as attributes, too), so that what refers to it can be
made.

Types of services that Segue has are no placeholders, unless their effect is on nothing that is here
(``_WITHOUT_EFFECT``): what one would expect to work must not be missing in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType
from segue.languages.templates.schemas import Schema, known_types, problems_text, schema_of

_WITHOUT_EFFECT = frozenset(
    (
        "AWS::ApiGateway::BasePathMappingV2",
        "AWS::ApiGateway::ClientCertificate",
        "AWS::ApiGateway::DocumentationPart",
        "AWS::ApiGateway::DocumentationVersion",
        "AWS::ApiGateway::DomainNameAccessAssociation",
        "AWS::ApiGateway::DomainNameV2",
        "AWS::CDK::Metadata",
        "AWS::ECR::PublicRepository",
        "AWS::ECR::PullThroughCacheRule",
        "AWS::ECR::PullTimeUpdateExclusion",
        "AWS::ECR::RegistryPolicy",
        "AWS::ECR::RegistryScanningConfiguration",
        "AWS::ECR::ReplicationConfiguration",
        "AWS::ECR::RepositoryCreationTemplate",
        "AWS::ECR::SigningConfiguration",
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::SAMLProvider",
        "AWS::IAM::ServiceLinkedRole",
        "AWS::Lambda::CodeSigningConfig",
        "AWS::Logs::AccountPolicy",
        "AWS::Logs::Delivery",
        "AWS::Logs::DeliveryDestination",
        "AWS::Logs::DeliverySource",
        "AWS::Logs::Integration",
        "AWS::Logs::LogAnomalyDetector",
        "AWS::Logs::ScheduledQuery",
        "AWS::Logs::StorageTierPolicy",
        "AWS::S3::AccessGrant",
        "AWS::S3::AccessGrantsInstance",
        "AWS::S3::AccessGrantsLocation",
        "AWS::S3::StorageLens",
        "AWS::S3::StorageLensGroup",
        "AWS::SSM::Association",
        "AWS::SSM::Document",
        "AWS::SSM::MaintenanceWindow",
        "AWS::SSM::MaintenanceWindowTarget",
        "AWS::SSM::MaintenanceWindowTask",
        "AWS::SSM::OpsItem",
        "AWS::SSM::PatchBaseline",
        "AWS::SSM::ResourceDataSync",
        "AWS::SSM::ResourcePolicy",
        "AWS::SSM::ServiceSetting",
    )
)
_PREFIXES = {
    "AWS::EC2::EIP": "eipalloc",
    "AWS::EC2::InternetGateway": "igw",
    "AWS::EC2::NatGateway": "nat",
    "AWS::EC2::NetworkAcl": "acl",
    "AWS::EC2::RouteTable": "rtb",
    "AWS::EC2::SecurityGroup": "sg",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::VPC": "vpc",
    "AWS::EC2::VPCEndpoint": "vpce",
}
"""How the ids begin that other services' properties check."""

_OURS = ("AWS::CloudFormation::",)
_MAX_PARTS = 3
_LONGEST_ID = 60


def placeholder(type_name: str, declared: Iterable[str]) -> ResourceType | None:
    """What stands for a type that nothing declares; ``None`` where that would be pretence, or AWS has no such type.

    Args:
        declared: the types that services declare.
    """
    if type_name in _WITHOUT_EFFECT:
        return _type(type_name)
    if type_name not in known_types() or type_name.startswith(_OURS):
        return None
    service = type_name.rpartition("::")[0] + "::"
    return None if any(name.startswith(service) for name in declared) else _type(type_name)


@lru_cache(maxsize=512)
def _type(type_name: str) -> ResourceType:
    return ResourceType(type_name, _create, _delete, _update)


def _create(request: ResourceRequest) -> Resource:
    request.notes.append(f"{request.type_name} has no effect here")
    schema = schema_of(request.type_name)
    if problems := [] if schema is None else schema.coerce(request.properties)[1]:
        request.notes.append(problems_text(request.logical_id, problems))
    return _resource(request, _physical_id(request))


def _update(request: ResourceRequest) -> Resource:
    return _resource(request, request.physical_id)


def _delete(_: ResourceRequest) -> None:
    """There is nothing to delete."""


def _resource(request: ResourceRequest, physical_id: str) -> Resource:
    schema = schema_of(request.type_name)
    if schema is None:
        return Resource(physical_id, {"Arn": _arn(request, physical_id)})
    names = [path for path in schema.read_only if "*" not in path and path.count("/") < _MAX_PARTS]
    found = {path.replace("/", "."): _attribute(request, schema, path, physical_id) for path in names}
    return Resource(physical_id, {**request.properties, **found})


def _physical_id(request: ResourceRequest) -> str:
    """What identifies it: a name that the template gives, or one made as CloudFormation makes names."""
    prefix = _PREFIXES.get(request.type_name)
    if prefix is not None:
        return f"{prefix}-0{request.call.tx.ids.uuid().replace('-', '')[:16]}"
    made = request.name("", _LONGEST_ID, lower=True)
    schema = schema_of(request.type_name)
    if schema is None:
        return made
    own = [path for path in schema.identifier if path in schema.read_only]
    if own:
        return _arn(request, made) if own[0].endswith("Arn") else made
    given = [request.properties.get(path) for path in schema.identifier]
    return str(given[-1]) if given and isinstance(given[-1], str | int) else made


def _arn(request: ResourceRequest, name: str) -> str:
    if name.startswith("arn:"):
        return name
    _, service, kind = request.type_name.split("::", 2)
    return request.call.arn(service.lower(), f"{kind.lower()}/{name}")


def _attribute(request: ResourceRequest, schema: Schema, path: str, physical_id: str) -> Any:
    """Something of the attribute's type that tells where it comes from."""
    last = path.rpartition("/")[2]
    if path in schema.identifier or (last.endswith("Id") and request.type_name in _PREFIXES):
        return physical_id
    if last.endswith("Arn"):
        return _arn(request, physical_id)
    text = f"{physical_id}.{last.lower()}.invalid" if last.endswith(("Name", "Address")) else f"{physical_id}-{last}"
    match _node(schema, path):
        case "i" | "n":
            return 0
        case "b":
            return False
        case list():
            return [text]
        case _:
            return text


def _node(schema: Schema, path: str) -> Any:
    node = schema.node
    for step in path.split("/"):
        while isinstance(node, str) and node.startswith("#"):
            node = schema.definitions.get(node[1:])
        if not isinstance(node, dict):
            return None
        node = node.get("p", {}).get(step)
    while isinstance(node, str) and node.startswith("#"):
        node = schema.definitions.get(node[1:])
    return node
