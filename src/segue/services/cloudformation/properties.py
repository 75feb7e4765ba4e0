"""Properties of resources: of their schema's types, and what a change of them means."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from segue.api.resource_types import ResourceType
from segue.languages.templates import TemplateError
from segue.languages.templates.schemas import problems_text, schema_of


def fitted(logical_id: str, type_name: str, properties: dict[str, Any], declared: Container[str]) -> dict[str, Any]:
    """The properties, of the types that the schema of their resource says.

    Args:
        declared: the types that services declare. Of others AWS tolerates some mistakes, so all are (and noted).

    Raises:
        TemplateError: they are not as the schema has them.
    """
    schema = schema_of(type_name)
    if schema is None:
        return properties
    found, problems = schema.coerce(properties)
    if problems and type_name in declared:
        raise TemplateError(problems_text(logical_id, problems))
    return found


def changed_names(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The properties that differ, by name."""
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def replacing(
    declared: ResourceType | None, type_name: str, before: dict[str, Any], after: dict[str, Any]
) -> list[str]:
    """Which changed properties want another resource; all of them where none can be changed in place."""
    names = changed_names(before, after)
    if declared is None or declared.update is None:
        return names
    schema = schema_of(type_name)
    paths = [] if schema is None else schema.replaced_by(before, after)
    return [name for name in names if name in declared.replaces] or [path.partition("/")[0] for path in paths]


def comes_with_tags(type_name: str) -> bool:
    """Whether resources of a type carry the stack's tags."""
    schema = schema_of(type_name)
    return schema is not None and "Tags" in schema.properties
