"""Whether the resources of a template are of types that there are."""

from __future__ import annotations

from segue.api import Call
from segue.languages.templates.schemas import known_types
from segue.services.cloudformation import resource_records
from segue.services.cloudformation.prepare import Prepared
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.service import invalid
from segue.services.cloudformation.types import declaration


def check_types(call: Call, prepared: Prepared) -> None:
    """Raise for types that AWS does not have. One that AWS has and Segue lacks fails the stack instead."""
    kinds = {each.type for each in prepared.instance.template.resources.values()}
    unknown = [kind for kind in sorted(kinds - known_types()) if declaration(call.api, kind) is None]
    if unknown:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def check_same_types(call: Call, stack: Stack, prepared: Prepared) -> None:
    """Raise where an update would make a resource another kind of thing."""
    rows = resource_records.live_of(call.tx, stack.id)
    wanted = prepared.instance.resources
    changed = [name for name, row in rows.items() if name in wanted and wanted[name].type != row.type]
    if changed:
        words = "Update of resource type is not permitted. The new template modifies resource type of the following"
        raise invalid(f"{words} resources: [{', '.join(changed)}]")
