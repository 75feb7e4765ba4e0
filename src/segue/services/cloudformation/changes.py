"""What a template would change of a stack, as far as it can be known before.

Source: CloudFormation API reference, ResourceChange, ResourceChangeDetail, ResourceTargetDefinition.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from segue.api import Call
from segue.languages.templates import Facts, Instance, TemplateError
from segue.languages.templates.schemas import schema_of
from segue.services.cloudformation import records, resource_records
from segue.services.cloudformation.facts import facts
from segue.services.cloudformation.prepare import Prepared
from segue.services.cloudformation.properties import changed_names, comes_with_tags, replacing
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow
from segue.services.cloudformation.types import declaration

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What stands for a value that only the deployment will tell, as AWS's change sets have it."""

_ASKED = ("tags", "notification_arns", "role_arn", "rollback_configuration")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource.

    Attributes:
        action: ``Add``, ``Modify`` or ``Remove``.
        replacement: of ``Modify``: ``True``, ``False`` or ``Conditional``.
        scope: which parts of it change: ``Properties``, ``Tags``, ``Metadata``, …
        details: as the API has them.
        before, after: properties as far as they are known.
    """

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""
    scope: list[str] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def changes(call: Call, stack: Stack, changed: Stack, prepared: Prepared) -> list[Change]:
    """What would change: ``changed`` is the stack with the settings asked for."""
    rows = resource_records.live_of(call.tx, stack.id)
    instance = prepared.instance
    known = replace(facts(call, stack, None), unknown=UNKNOWN)
    found = []
    for name in _in_order(instance):
        row = rows.get(name)
        if row is None or not row.physical_id or row.status == "CREATE_FAILED":
            change: Change | None = _added(instance, name, known)
        else:
            change = _modified(call, instance, row, name, known, changed.settings.get("tags", {}))
        if change is None:
            continue
        found.append(change)
        if change.action == "Add" or change.replacement == "True":
            known = _without(known, name)
    for name, row in rows.items():
        if name not in instance.resources:
            before = row.data.get("properties", {})
            found.append(Change("Remove", name, row.type, row.physical_id, before=before))
    return found


def has_changes(call: Call, stack: Stack, changed: Stack, prepared: Prepared) -> bool:
    """Whether an update to this would do anything."""
    kept = records.template(call.tx, stack.id)
    if kept is None or stack.status in ("CREATE_FAILED", "UPDATE_FAILED", "REVIEW_IN_PROGRESS"):
        return True
    if any(stack.settings.get(name) != changed.settings.get(name) for name in _ASKED):
        return True
    return bool(changes(call, stack, changed, prepared)) or _outputs_differ(call, stack, prepared)


def _outputs_differ(call: Call, stack: Stack, prepared: Prepared) -> bool:
    known = replace(facts(call, stack, None), unknown=UNKNOWN)
    try:
        outputs = [(each.name, each.value, each.description, each.export) for each in prepared.instance.outputs(known)]
    except TemplateError:
        return True
    present = stack.settings.get("outputs", [])
    kept = {(each["key"], each["description"], each["export"]) for each in present}
    if kept != {(name, description, export) for name, _, description, export in outputs}:
        return True
    values = {each["key"]: each["value"] for each in present}
    return any(values[name] != value and "{{resolve:" not in value for name, value, _, _ in outputs)


def _in_order(instance: Instance) -> list[str]:
    """Logical ids, each after what it needs; the template's order otherwise."""
    done: dict[str, None] = {}
    waiting = list(instance.resources)
    while waiting:
        ready = [name for name in waiting if instance.resources[name].dependencies <= done.keys()]
        done.update(dict.fromkeys(ready))
        waiting = [name for name in waiting if name not in done]
    return list(done)


def _without(known: Facts, name: str) -> Facts:
    return replace(
        known,
        physical_ids={each: value for each, value in known.physical_ids.items() if each != name},
        attributes={each: value for each, value in known.attributes.items() if each != name},
    )


def _properties(instance: Instance, name: str, known: Facts) -> dict[str, Any]:
    try:
        found = instance.properties(name, known)
    except TemplateError:
        return {}
    schema = schema_of(instance.resources[name].type)
    return found if schema is None else schema.coerce(found)[0]


def _metadata(instance: Instance, name: str, known: Facts) -> Any:
    try:
        return instance.evaluate(instance.resources[name].declaration.metadata, known)
    except TemplateError:
        return UNKNOWN


def _added(instance: Instance, name: str, known: Facts) -> Change:
    return Change("Add", name, instance.resources[name].type, after=_properties(instance, name, known))


def _modified(
    call: Call, instance: Instance, row: ResourceRow, name: str, known: Facts, tags: dict[str, str]
) -> Change | None:
    resource = instance.resources[name]
    before, after = row.data.get("properties", {}), _properties(instance, name, known)
    names = changed_names(before, after)
    declared = declaration(call.api, resource.type)
    recreating = replacing(declared, resource.type, before, after)
    scope = ["Properties"] if names else []
    details = [_detail(each, before, after, each in recreating) for each in names]
    if comes_with_tags(resource.type) and row.data.get("tags", {}) != tags:
        scope.append("Tags")
        details.append(_other_detail("Tags"))
    for part, is_now, was in (
        ("Metadata", _metadata(instance, name, known), row.data.get("metadata")),
        ("DeletionPolicy", resource.deletion_policy, row.data.get("deletion_policy", "")),
        ("UpdateReplacePolicy", resource.update_replace_policy, row.data.get("replace_policy", "")),
    ):
        if is_now != was:
            scope.append(part)
            details.append(_other_detail(part))
    if not scope and declared is not None and declared.always_updates:
        scope = ["Properties"]
        automatic = {"Target": {"Attribute": "Properties", "RequiresRecreation": "Never"}}
        details = [{**automatic, "Evaluation": "Dynamic", "ChangeSource": "Automatic"}]
    if not scope:
        return None
    certain = [each for each in recreating if not _is_unknown(after.get(each))]
    replacement = "True" if certain else "Conditional" if recreating else "False"
    return Change("Modify", name, row.type, row.physical_id, replacement, scope, details, before, after)


def _is_unknown(value: Any) -> bool:
    return UNKNOWN in orjson.dumps(value, default=str).decode()


def _detail(name: str, before: dict[str, Any], after: dict[str, Any], recreates: bool) -> dict[str, Any]:
    unknown = _is_unknown(after.get(name))
    recreation = ("Conditionally" if unknown else "Always") if recreates else "Never"
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation, "Path": f"/Properties/{name}"}
    kind = "Add" if name not in before else "Remove" if name not in after else "Modify"
    target["AttributeChangeType"] = kind
    for member, values in (("BeforeValue", before), ("AfterValue", after)):
        if name in values:
            value = values[name]
            target[member] = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    source = "ResourceReference" if unknown else "DirectModification"
    return {"Target": target, "Evaluation": "Dynamic" if unknown else "Static", "ChangeSource": source}


def _other_detail(attribute: str) -> dict[str, Any]:
    target = {"Attribute": attribute, "RequiresRecreation": "Never"}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}
