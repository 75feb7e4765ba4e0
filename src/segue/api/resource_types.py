"""How a service declares the resource types by which templates name its resources.

A type (``AWS::SQS::Queue``) stands beside its service, in the package's ``resource_types.py``. Its functions perform
the service's operations through the one door, on the authority of whoever deploys; they are functions of one
transaction, as handlers are. What stacks are, in which order resources are made and what happens when one fails, they
do not know.

Source: CloudFormation user guide, "Template reference", and the resource type schemas that AWS publishes
(https://github.com/aws-cloudformation/aws-cloudformation-resource-schema): required, read-only and create-only
properties and their types are taken from there, so a declaration has only what those do not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segue.api.fit import fit
from segue.errors import AwsError
from segue.jobs import Pending

if TYPE_CHECKING:
    from segue.api.call import Call


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it stands.

    Attributes:
        physical_id: what ``Ref`` gives.
        attributes: what ``Fn::GetAtt`` gives, by name (``Arn``, ``Endpoint.Address``).
    """

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ResourceRequest:
    """What a type's function is given.

    Attributes:
        call: the transaction, on the authority of the stack's role or of its caller.
        type_name: ``AWS::SQS::Queue``.
        logical_id: the resource's name in the template.
        properties: as the template has them, resolved, of the schema's types (numbers and booleans are no texts).
        physical_id: of the resource to be updated or deleted; empty on create.
        previous: on update, the properties until now.
        attributes: on update and delete, the attributes until now.
        stack_id, stack_name: of the stack.
        tags: the stack's tags with ``aws:cloudformation:stack-name``, ``-id`` and ``logical-id``; see ``all_tags``.
        token: twelve random letters and digits, the same for every look at the same operation.
        progress: what an earlier look at the same operation has kept here (plain data), when it answered ``Pending``.
        notes: what people should know of it, shown with the resource's event (a property without effect here).
    """

    call: Call
    type_name: str
    logical_id: str
    properties: dict[str, Any]
    physical_id: str = ""
    previous: dict[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    stack_id: str = ""
    stack_name: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    token: str = ""
    progress: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def perform(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Perform ``service:Operation``. ``params`` may be in the template's spelling: they are fitted to the
        operation's members (see :func:`segue.api.fit.fit`), and those that are ``None`` are left out.

        Raises:
            AwsError: as the operation does, or ``ValidationError`` for a property that it has no member for.
        """
        service, _, name = operation.partition(":")
        model = self.call.api.model(service).operations[name]
        given = {key: value for key, value in params.items() if value is not None}
        return self.call.perform_at_once(operation, fit(model.service, model.input, given) if model.input else {})

    def name(self, property_name: str, longest: int = 64, *, lower: bool = False) -> str:
        """The name the template gives, or one made as CloudFormation does: ``stack-LogicalId-TOKEN``, cut to fit.

        Args:
            property_name: where the template may give it.
            longest: characters that the service allows.
            lower: for services that allow no capital letters.
        """
        given = self.properties.get(property_name)
        if given:
            return str(given)
        room = longest - len(self.token) - 2
        stack = self.stack_name[: max(room - len(self.logical_id), room // 2)]
        made = f"{stack}-{self.logical_id[: room - len(stack)]}-{self.token}"
        return made.lower() if lower else made

    def all_tags(self, property_name: str = "Tags") -> dict[str, str]:
        """The stack's tags and, above them, the resource's own (as a list of ``Key`` and ``Value``, or a map)."""
        own = self.properties.get(property_name) or {}
        if isinstance(own, list):
            if not all(isinstance(tag, Mapping) and "Key" in tag for tag in own):
                raise AwsError("ValidationError", f"{property_name}: each tag needs a Key and a Value")
            own = {str(tag["Key"]): str(tag.get("Value", "")) for tag in own}
        return {**self.tags, **own}

    def changed(self, *names: str) -> bool:
        """Whether an update changes one of these properties."""
        return any(self.properties.get(name) != self.previous.get(name) for name in names)


Make = Callable[[ResourceRequest], "Resource | Pending"]
Remove = Callable[[ResourceRequest], "Pending | None"]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resources, as its service declares it.

    Attributes:
        name: ``AWS::SQS::Queue``.
        create: makes it. ``Pending`` (one key) has it looked at again when the key is woken, or at the time given.
        delete: removes it. A resource that is gone already is no error (:func:`is_gone`).
        update: changes it in place; without it, every change replaces.
        replaces: properties whose change replaces the resource, beside those that the schema calls create-only.
        always_updates: ``update`` is called although no property has changed: what they name may have (a nested
            stack's template).
    """

    name: str
    create: Make
    delete: Remove
    update: Make | None = None
    replaces: frozenset[str] = frozenset()
    always_updates: bool = False


def is_gone(error: AwsError) -> bool:
    """Whether an error says that there is no such resource."""
    words = ("NotFound", "NonExistent", "NoSuch", "DoesNotExist")
    return error.status == 404 or any(word in error.code for word in words)


def remove(request: ResourceRequest, operation: str, params: Mapping[str, Any]) -> None:
    """Perform an operation that deletes; what is gone already is well."""
    try:
        request.perform(operation, params)
    except AwsError as error:
        if not is_gone(error):
            raise


ALREADY_EXISTS = "AlreadyExists"
"""The code of what a type itself refuses to make, because it is there."""


def refuse_existing(request: ResourceRequest, identifier: str, operation: str, params: Mapping[str, Any]) -> None:
    """For what is created idempotently: refuse to make, and so to take over, what is there already.

    Args:
        identifier: of the resource, for people.
        operation, params: what describes it where it is there.

    Raises:
        AwsError: ``AlreadyExists``.
    """
    try:
        request.perform(operation, params)
    except AwsError:
        return  # creation says what is wrong, if anything is
    words = f"Resource of type '{request.type_name}' with identifier '{identifier}' already exists."
    raise AwsError(ALREADY_EXISTS, words)


def retag(request: ResourceRequest, service: str, resource: Mapping[str, str], listing: str = "") -> None:
    """Have a resource carry the tags of its stack and of its template, and no others (on update).

    Args:
        resource: the member of ``TagResource`` that names the resource, and its value.
        listing: what tells the tags, where it is not ``ListTagsForResource``.
    """
    answer = request.perform(f"{service}:{listing or 'ListTagsForResource'}", resource)
    found = answer.get("Tags") or answer.get("tags") or {}
    keys = list(found) if isinstance(found, Mapping) else [tag.get("Key") or tag.get("key") for tag in found]
    tags = request.all_tags()
    if stale := [key for key in keys if key not in tags]:
        request.perform(f"{service}:UntagResource", {**resource, "TagKeys": stale})
    if tags:
        request.perform(f"{service}:TagResource", {**resource, "Tags": tags})


def note_ignored(request: ResourceRequest, *names: str) -> None:
    """Note which of these properties the template gives: they have no effect here."""
    request.notes.extend(f"{name} has no effect here" for name in names if request.properties.get(name) is not None)


def chosen(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the properties that are given."""
    return {name: properties[name] for name in names if properties.get(name) is not None}
